"""The bytes of local projects that decide what an installer makes of them."""
import json
import os
import re

from toml_file import parse

SKIPPED_DIRS = {".git", ".heroku", ".profile.d", "__pycache__", ".venv", "venv", "node_modules", "build", "dist"}
NATIVE = (".pyx", ".c", ".cc", ".cpp", ".cxx", ".rs", ".f90", ".pyd")
NATIVE_FILES = {"Cargo.toml", "CMakeLists.txt", "meson.build"}
VERSIONS = {"version.py", "_version.py", "__version__.py", "__about__.py", "about.py", "VERSION"}
# Tables of pyproject.toml that no installer reads.
QUIET = {
    "bandit", "basedpyright", "black", "codespell", "commitizen", "coverage", "deptry", "djlint", "docformatter", "flake8", "interrogate",
    "isort", "mypy", "pydocstyle", "pylint", "pyright", "pytest", "refurb", "ruff", "semantic_release", "taskipy", "towncrier", "tox",
    "vulture", "yapf",
}


def add_file(digest, path, shown):
    digest.update(f"project\0{shown}\0".encode("utf-8", "surrogateescape"))
    if os.path.islink(path):
        digest.update(os.readlink(path).encode("utf-8", "surrogateescape"))
    elif os.path.isfile(path):
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)


def files_of(folder):
    for here, dirs, files in os.walk(folder):
        dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS and not d.endswith(".egg-info"))
        for name in sorted(files):
            yield os.path.join(here, name)


def add_tree(digest, root, folder):
    """All of it: what is copied into the environment."""
    for path in files_of(folder):
        add_file(digest, path, os.path.relpath(path, root))


def add_pyproject(digest, path):
    """Without what only other tools read. As it is, when it can't be read."""
    with open(path, "rb") as file:
        data = file.read(1 << 20)
    try:
        toml = parse(data.decode("utf-8-sig"))
        toml["tool"] = {name: value for name, value in toml.get("tool", {}).items() if name not in QUIET}
        data = json.dumps(toml, sort_keys=True, default=str).encode() if has_toml() else data
    except (ValueError, AttributeError):
        toml = None
    digest.update(b"pyproject\0%d\0" % len(data) + data)
    return toml


def has_toml():
    try:
        import tomllib  # noqa: F401
    except ImportError:
        return False
    return True


def is_static(toml):
    """What is installed in place follows from pyproject.toml alone."""
    if not isinstance(toml, dict) or not has_toml():
        return False
    project = toml.get("project", {})
    return isinstance(project, dict) and not project.get("dynamic") and isinstance(toml.get("tool", {}).get("poetry", {}), dict)


def add_editable(digest, root, folder):
    """What an install in place depends on. True when that leaves files in the project, so that it has to be made every time."""
    names = list(files_of(folder))
    relative = [os.path.relpath(path, folder) for path in names]
    setup = os.path.join(folder, "setup.py")
    if any(name.endswith(NATIVE) or name in NATIVE_FILES for name in relative) or has_extensions(setup):
        return True
    pyproject = os.path.join(folder, "pyproject.toml")
    toml = add_pyproject(digest, pyproject) if os.path.isfile(pyproject) else None
    if os.path.isfile(setup) or not is_static(toml):
        for name in described_by(folder, relative):
            add_file(digest, os.path.join(folder, name), name)
    digest.update(("packages\0" + "\0".join(packages(toml, folder, relative))).encode("utf-8", "surrogateescape"))
    config = os.path.join(folder, "setup.cfg")
    if os.path.isfile(config):
        add_file(digest, config, "setup.cfg")
    return False


def described_by(folder, names):
    """The files that a description which isn't plain data is made from, as far as can be told without running it: those that
    it names, those beside it that are no code, and where versions usually stand."""
    text = ""
    for name in ("setup.py", "setup.cfg", "pyproject.toml"):
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                text += file.read(1 << 20).decode("utf-8", "replace")
    named = set(re.findall(r"[A-Za-z0-9_.-]+", text))
    named |= {part + ".py" for word in named for part in word.split(".")}  # attr = "site.about.VERSION"
    for name in names:
        base, depth = os.path.basename(name), name.count(os.sep)
        stands_beside = depth == 0 and (not name.endswith(".py") or name == "setup.py")
        if stands_beside or base in named or base in VERSIONS or (base == "__init__.py" and depth <= 2):
            yield name


def packages(toml, folder, names):
    """Which packages there are, and none of their code: most installers note the folder of them all, setuptools each of them."""
    here = "src" + os.sep if os.path.isdir(os.path.join(folder, "src")) else ""
    parts = [name[len(here):].split(os.sep) for name in names if name.endswith(".py") and name.startswith(here)]
    uses_setuptools = str((toml or {}).get("build-system", {}).get("build-backend", "setuptools")).startswith("setuptools")
    return sorted({part[0] for part in parts if len(part) > 1 or uses_setuptools})


def has_extensions(setup):
    try:
        with open(setup, "rb") as file:
            return bool(re.search(rb"ext_modules|cythonize|cffi_modules|rust_extensions", file.read(1 << 20)))
    except OSError:
        return False
