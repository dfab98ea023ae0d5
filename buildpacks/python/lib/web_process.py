"""Finds how to start the web process of an app that has no Procfile, by reading its source (nothing is executed).

  web_process.py BUILD_DIR SITE_PACKAGES
Prints `web<TAB>command`, perhaps after `warning<TAB>text` lines, or `none`.
"""
import ast
import os
import re
import sys

MAX_FILES, MAX_BYTES = 400, 512 * 1024
FIRST = ["app", "main", "server", "wsgi", "asgi", "application", "api", "web", "run", "index", "__init__"]
SKIPPED = {"venv", "env", "node_modules", "tests", "test", "docs", "migrations", "static", "templates", "scripts"}
MODULE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
PATH = re.compile(r"[A-Za-z0-9_./-]+")
ASGI = {"FastAPI", "Starlette", "Litestar", "Quart", "FastHTML", "fast_app"}
WSGI = {"Flask", "Bottle"}


def parse(path):
    try:
        if os.path.getsize(path) > MAX_BYTES or os.path.islink(path):
            return None
        with open(path, "rb") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def python_files(root):
    """The root's files, then those one and two folders down; likely names first."""
    found = []
    for folder, dirs, files in os.walk(root):
        depth = os.path.relpath(folder, root).count(os.sep) + (folder != root)
        dirs[:] = sorted(d for d in dirs if not d.startswith(".") and d not in SKIPPED and depth < 2)
        for name in files:
            stem = name[:-3]
            if name.endswith(".py") and PATH.fullmatch(name):
                rank = FIRST.index(stem) if stem in FIRST else len(FIRST)
                found.append((depth, rank, os.path.relpath(os.path.join(folder, name), root)))
        if len(found) > MAX_FILES:
            break
    return [path for _, _, path in sorted(found)[:MAX_FILES]]


def called(node):
    if isinstance(node, ast.Call):
        function = node.func
        return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    return ""


def aliases(tree):
    """`from fastapi import FastAPI as F`: {'F': 'FastAPI'}"""
    return {
        name.asname: name.name
        for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
        for name in node.names if name.asname
    }


def app_object(tree):
    """(framework class, name of the object or `create_app()`), of what the module itself makes at its top."""
    known = aliases(tree)
    factories = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not (node.args.args[len(node.args.defaults):] or node.args.kwonlyargs):
            for inner in ast.walk(node):
                name = known.get(called(inner), called(inner))
                if name in ASGI | WSGI:
                    factories[node.name] = name
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        made = known.get(called(getattr(node, "value", None)), called(getattr(node, "value", None)))
        for target in targets:
            if made == "fast_app" and isinstance(target, ast.Tuple) and target.elts:
                target = target.elts[0]  # app, route = fast_app()
            if isinstance(target, ast.Name) and made in ASGI | WSGI:
                return made, target.id
            if isinstance(target, ast.Name) and made in factories:
                return factories[made], target.id
    for name, made in factories.items():
        if name in ("create_app", "make_app", "build_app", "get_app", "app_factory"):
            return made, name + "()"
    return None


def module_of(path):
    """(folder to start in, module): a src/ folder and folders that aren't packages are started in."""
    parts = path[:-3].split(os.sep)
    folder = "src" if parts[0] == "src" and len(parts) > 1 else ""
    parts = parts[1:] if folder else parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return folder, ".".join(parts)


def installed(site, name):
    return any(os.path.exists(os.path.join(site, found)) for found in (name, name + ".py"))


def string_assigned(tree, name):
    for node in tree.body if tree else []:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                return node.value.value
    return None


def django(root, site):
    manages = [path for path in python_files(root) if os.path.basename(path) == "manage.py"]
    if not manages or not installed(site, "django"):
        return None
    manage = manages[0]
    folder = os.path.dirname(manage)
    application = None
    tree = parse(os.path.join(root, manage))
    for node in ast.walk(tree) if tree else []:
        if called(node) in ("setdefault", "__setitem__") and len(node.args) == 2:
            key, value = (getattr(argument, "value", None) for argument in node.args)
            if key == "DJANGO_SETTINGS_MODULE" and isinstance(value, str) and MODULE.fullmatch(value):
                application = wsgi_application(os.path.join(root, folder), value)
    start = f"cd {folder} && " if folder else ""
    chdir = f" --chdir {folder}" if folder else ""
    if application and installed(site, "gunicorn"):
        return [("web", f"gunicorn{chdir} {application}")]
    missing = "gunicorn isn't in your requirements" if application else "no WSGI_APPLICATION was found in the settings"
    return [
        ("warning", f"{missing}, so Django's development server will serve the app. It's slow and not made for the open: "
                    "add a line 'gunicorn' to requirements.txt."),
        ("web", f"{start}python manage.py runserver 0.0.0.0:$PORT --noreload"),
    ]


def wsgi_application(folder, settings):
    base = os.path.join(folder, *settings.split("."))
    packages = [settings.rsplit(".", n)[0] for n in range(1, settings.count(".") + 1)]
    files = [base + ".py", os.path.join(base, "__init__.py"), os.path.join(base, "base.py"), os.path.join(os.path.dirname(base), "base.py")]
    for file in files:
        value = string_assigned(parse(file), "WSGI_APPLICATION")
        if value and MODULE.fullmatch(value) and "." in value:
            return ":".join(value.rsplit(".", 1))
    for package in packages:
        if os.path.isfile(os.path.join(folder, *package.split("."), "wsgi.py")):
            return f"{package}.wsgi:application"
    return None


def framework(root, site):
    for path in python_files(root):
        tree = parse(os.path.join(root, path))
        found = app_object(tree) if tree else None
        folder, module = module_of(path)
        if not found or not MODULE.fullmatch(module):
            continue
        kind, name = found
        factory = name.endswith("()")
        if kind in ASGI:
            options = (f" --app-dir {folder}" if folder else "") + (" --factory" if factory else "")
            if installed(site, "uvicorn"):
                return [("web", f"uvicorn {module}:{name.rstrip('()')}{options} --host 0.0.0.0 --port $PORT")]
            if installed(site, "hypercorn"):
                chdir = f"cd {folder} && " if folder else ""
                target = f"'{module}:{name}'" if factory else f"{module}:{name}"
                return [("web", f"{chdir}hypercorn {target} --bind 0.0.0.0:$PORT")]
            return [("warning", f"{path} makes a {kind} app, but nothing that could serve it is installed: add a line 'uvicorn' "
                                "to requirements.txt."), ("none", "")]
        chdir = f" --chdir {folder}" if folder else ""
        if installed(site, "gunicorn"):
            target = f"'{module}:{name}'" if factory else f"{module}:{name}"
            return [("web", f"gunicorn{chdir} {target}")]
        if kind == "Flask" and installed(site, "flask"):
            target = f"{folder + '/' if folder else ''}{module}" if not folder else f"{folder}/{module.replace('.', '/')}"
            return [
                ("warning", "gunicorn isn't in your requirements, so Flask's development server will serve the app. It's slow and "
                            "not made for the open: add a line 'gunicorn' to requirements.txt."),
                ("web", f"flask --app {target} run --host 0.0.0.0 --port $PORT"),
            ]
    return None


def streamlit(root, site):
    """Streamlit runs a script that imports it: the root's streamlit_app.py, as its own hosting does, or the likeliest other."""
    if not installed(site, "streamlit"):
        return None
    files = [path for path in python_files(root) if os.sep not in path]
    for path in sorted(files, key=lambda path: path != "streamlit_app.py"):
        tree = parse(os.path.join(root, path))
        for node in ast.walk(tree) if tree else []:
            names = [n.name for n in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or ""]
            if any(name.split(".")[0] == "streamlit" for name in names):
                return [("web", f"streamlit run {path} --server.address 0.0.0.0 --server.port $PORT --server.headless true")]
    return None


def runs_something(tree):
    """A script: it does more at its top than define and assign."""
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
    return any(not isinstance(node, quiet) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in tree.body)


def plain_script(root):
    for name in ("server.py", "app.py", "main.py"):
        tree = parse(os.path.join(root, name))
        if tree and runs_something(tree):
            return [("web", f"python {name}")]
    return None


def missing_imports(root, site):
    """Modules that app.py and its like import and that are neither standard, nor the app's, nor installed."""
    standard = getattr(sys, "stdlib_module_names", None)
    if not standard:
        return
    for name in ("app.py", "main.py", "server.py"):
        tree = parse(os.path.join(root, name))
        for node in tree.body if tree else []:
            names = [n.name for n in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for module in (full.split(".")[0] for full in names):
                here = any(os.path.exists(os.path.join(root, found)) for found in (module, module + ".py", os.path.join("src", module)))
                if module not in standard and not here and not any(f == module or f.startswith((module + ".", module + "-")) for f in os.listdir(site)):
                    yield "warning", f"{name} imports '{module}', which no requirement has installed. Is a line missing in requirements.txt?"
                    return


def main(root, site):
    answer = django(root, site) or framework(root, site) or streamlit(root, site) or plain_script(root) or [("none", "")]
    for kind, text in [*missing_imports(root, site), *answer]:
        print(f"{kind}\t{text}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
