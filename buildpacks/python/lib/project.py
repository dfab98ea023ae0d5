"""Reads what pyproject.toml, setup.py and setup.cfg say about dependencies.

  kind(BUILD_DIR)                     `dependencies`: a [project] table states them and nothing has to be built;
                                      `project`: pip has to build it; `none`: no such file says anything
  project.py dependencies BUILD_DIR   those of [project], one per line, as for a requirements file
  project.py hash BUILD_DIR           SHA-256 of the files that state dependencies, then one of the whole tree
"""
import os
import re
import sys

SKIPPED_DIRS = {".git", ".heroku", ".profile.d", "__pycache__", "node_modules", "build", "dist"}


def pyproject(build_dir):
    path = os.path.join(build_dir, "pyproject.toml")
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        text = file.read(1 << 20).decode("utf-8-sig", "replace")
    try:
        import tomllib
    except ImportError:
        return None if not re.search(r"(?m)^\s*\[(project|build-system)\]", text) else {"build-system": {}}
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {"build-system": {}}  # pip names the line.


def kind(build_dir):
    toml = pyproject(build_dir) or {}
    project = toml.get("project")
    has_setup = any(os.path.isfile(os.path.join(build_dir, name)) for name in ("setup.py", "setup.cfg"))
    if isinstance(project, dict) and "build-system" not in toml and "dependencies" not in project.get("dynamic", []):
        if not os.path.isfile(os.path.join(build_dir, "setup.py")):
            return "dependencies"
    if isinstance(project, dict) or "build-system" in toml or has_setup:
        return "project" if has_setup or isinstance(project, dict) or "poetry" in toml.get("tool", {}) else "none"
    return "none"


def dependencies(build_dir):
    listed = (pyproject(build_dir) or {}).get("project", {}).get("dependencies", [])
    return [str(requirement).replace("\n", " ") for requirement in listed]


def hashes(build_dir):
    import hashlib

    stated, tree = hashlib.sha256(), hashlib.sha256()
    for folder, dirs, files in os.walk(build_dir):
        dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS and not d.endswith(".egg-info"))
        for name in sorted(files):
            path = os.path.join(folder, name)
            shown = os.path.relpath(path, build_dir)
            if os.path.islink(path):
                data = os.readlink(path).encode("utf-8", "surrogateescape")
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    data = file.read()
            else:
                continue
            entry = hashlib.sha256(shown.encode("utf-8", "surrogateescape") + b"\0" + data).digest()
            tree.update(entry)
            if shown in ("pyproject.toml", "setup.py", "setup.cfg"):
                stated.update(entry)
    return f"{stated.hexdigest()}\t{tree.hexdigest()}"


if __name__ == "__main__":
    what, folder = sys.argv[1:3]
    if what == "hash":
        print(hashes(folder))
    else:
        print("\n".join(dependencies(folder)))
