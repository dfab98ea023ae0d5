"""Reads what pyproject.toml, setup.py and setup.cfg say about dependencies.

  kind(BUILD_DIR)                     `dependencies`: a [project] table states them and nothing has to be built;
                                      `project`: pip has to build it; `poetry`, `uv` or `pdm`: only they can read it;
                                      `none`: no such file says anything
  project.py dependencies BUILD_DIR   those of [project], one per line, as for a requirements file
  project.py hash BUILD_DIR           SHA-256 of the files that state dependencies, then one of the whole tree
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from local_projects import add_file, add_tree  # noqa: E402
from toml_file import parse  # noqa: E402


def pyproject(build_dir):
    path = os.path.join(build_dir, "pyproject.toml")
    if not os.path.isfile(path):
        return {}
    with open(path, "rb") as file:
        text = file.read(1 << 20).decode("utf-8-sig", "replace")
    try:
        return parse(text)
    except ValueError:
        return {"build-system": {}}  # pip names the line.


def kind(build_dir):
    toml = pyproject(build_dir)
    project = toml.get("project")
    tool = toml.get("tool", {}) if isinstance(toml.get("tool", {}), dict) else {}
    if isinstance(tool.get("poetry"), dict) and ("dependencies" in tool["poetry"] or tool["poetry"].get("package-mode") is False):
        return "poetry"
    if isinstance(tool.get("uv"), dict) and any(name in tool["uv"] for name in ("sources", "workspace", "index")):
        return "uv"
    if isinstance(tool.get("pdm"), dict) and "source" in tool["pdm"]:
        return "pdm"
    has_setup = any(os.path.isfile(os.path.join(build_dir, name)) for name in ("setup.py", "setup.cfg"))
    if isinstance(project, dict) and "build-system" not in toml and "dependencies" not in project.get("dynamic", []):
        if not os.path.isfile(os.path.join(build_dir, "setup.py")):
            return "dependencies"
    if isinstance(project, dict) or "build-system" in toml or has_setup:
        return "project" if has_setup or isinstance(project, dict) or "poetry" in tool else "none"
    return "none"


def dependencies(build_dir):
    listed = pyproject(build_dir).get("project", {}).get("dependencies", [])
    return [str(requirement).replace("\n", " ") for requirement in listed]


def hashes(build_dir):
    import hashlib

    stated, tree = hashlib.sha256(), hashlib.sha256()
    add_tree(tree, build_dir, build_dir)
    for name in ("pyproject.toml", "setup.py", "setup.cfg"):
        if os.path.isfile(os.path.join(build_dir, name)):
            add_file(stated, os.path.join(build_dir, name), name)
    return f"{stated.hexdigest()}\t{tree.hexdigest()}"


if __name__ == "__main__":
    what, folder = sys.argv[1:3]
    if what == "hash":
        print(hashes(folder))
    else:
        print("\n".join(dependencies(folder)))
