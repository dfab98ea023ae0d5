"""What the installer of a lock file would read.

`lines(BUILD_DIR, ENV_DIR, MANAGER)` gives lines of `key<TAB>value`:
  hash      SHA-256 over the lock file, what it was made from, the installer's settings, and local projects
  editable  no; yes when a project is installed in place; `always` when that leaves files in the project itself
  variable  a config var that the files name or that is a setting of the installer (one line each)
  missing   a variable that the files name and that isn't one (one line each)
  wanted    the version of the installer that pyproject.toml asks for
  error     reason<TAB>file<TAB>detail; nothing else is given then
"""
import hashlib
import os
import re

from local_projects import add_editable, add_file, add_pyproject, add_tree

FILES = {
    "pipenv": ("Pipfile.lock", "Pipfile"),
    "poetry": ("poetry.lock", "poetry.toml"),
    "uv": ("uv.lock", "uv.toml"),
    "pdm": ("pdm.lock", "pdm.toml"),
}
# (how the lock file names a local project, whether it's installed in place)
LOCAL = {
    "pipenv": [(r'"(?:path|file)":\s*"(?!https?:|file:)([^"]+)"', False)],
    "poetry": [(r'type = "(?:directory|file)"\s*\nurl = "([^"]+)"', False)],
    "uv": [(r'source = \{ editable = "([^"]+)"', True), (r'source = \{ (?:directory|path) = "([^"]+)"', False)],
    "pdm": [(r'(?m)^path = "([^"]+)"', False)],
}
SETTINGS = {
    "pipenv": r"(PIPENV|PIP)_[A-Z0-9_]+",
    "poetry": r"(POETRY|PIP)_[A-Z0-9_]+",
    "uv": r"UV_[A-Z0-9_]+|(PIP_CERT)",
    "pdm": r"(PDM|PIP)_[A-Z0-9_]+",
}
# They are this buildpack's: an app that set them would have its packages somewhere else.
KEPT_BACK = {
    "UV_PROJECT_ENVIRONMENT", "UV_CACHE_DIR", "UV_PYTHON", "UV_PYTHON_DOWNLOADS", "UV_WORKING_DIRECTORY", "UV_PROJECT", "UV_TOOL_DIR",
    "PIPENV_SYSTEM", "PIPENV_VENV_IN_PROJECT", "PIPENV_PIPFILE", "PIPENV_PYTHON", "PIPENV_CUSTOM_VENV_NAME", "PIPENV_CACHE_DIR",
    "POETRY_VIRTUALENVS_CREATE", "POETRY_VIRTUALENVS_IN_PROJECT", "POETRY_VIRTUALENVS_PATH", "POETRY_HOME", "POETRY_CACHE_DIR",
    "PDM_PYTHON", "PDM_CACHE_DIR", "PDM_PROJECT", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_PYTHON", "PIP_CACHE_DIR",
}
MAX_BYTES = 16 << 20


class TooLarge(Exception):
    pass


def read(path):
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TooLarge(os.path.basename(path))
    return data


def named_in(manager, texts):
    """Names of variables: ${VAR} in an address, and for Pipenv $VAR, too."""
    pattern = r"\$\{?([A-Za-z_][A-Za-z0-9_]*)" if manager == "pipenv" else r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}"
    addresses = [address for text in texts for address in re.findall(r"://[^\s\"']*", text)]
    return {name for address in addresses for name in re.findall(pattern, address)}


def variables(env_dir, manager, named):
    """Config vars that are settings of the installer, or named in its files."""
    if not env_dir or not os.path.isdir(env_dir):
        return
    for name in sorted(os.listdir(env_dir)):
        if name not in KEPT_BACK and (name in named or re.fullmatch(SETTINGS[manager], name)) and re.fullmatch(r"[A-Za-z_]\w*", name):
            if name not in ("PATH", "HOME", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "BASH_ENV", "TMPDIR"):
                yield name


def editable_root(root, manager, toml, text):
    """Poetry, PDM and uv install the project itself in place, when it is one that can be installed."""
    if manager == "pipenv" or not isinstance(toml, dict):
        return False
    tool = toml.get("tool", {}) if isinstance(toml.get("tool", {}), dict) else {}
    if manager == "poetry":
        return tool.get("poetry", {}).get("package-mode", True) is not False
    if manager == "pdm":
        return tool.get("pdm", {}).get("distribution") is not False and "project" in toml
    return 'source = { editable = "."' in text


def lines(build_dir, env_dir, manager):
    root = os.path.abspath(build_dir)
    digest, texts, editable, toml = hashlib.sha256(), [], "no", None
    try:
        for name in FILES[manager]:
            data = read(os.path.join(root, name))
            if data is not None:
                digest.update(f"file\0{name}\0{len(data)}\0".encode() + data)
                texts.append(data.decode("utf-8", "replace"))
    except TooLarge as error:
        yield f"error\ttoo-large\t{error}\t{MAX_BYTES >> 20} MB"
        return
    pyproject = os.path.join(root, "pyproject.toml")
    if manager != "pipenv" and os.path.isfile(pyproject):
        toml = add_pyproject(digest, pyproject)
        with open(pyproject, "rb") as file:
            texts.append(file.read(1 << 20).decode("utf-8", "replace"))
    lock = texts[0] if texts and os.path.isfile(os.path.join(root, FILES[manager][0])) else ""
    if editable_root(root, manager, toml, lock):
        editable = "always" if add_editable(digest, root, root) else "yes"
    for pattern, in_place in LOCAL[manager]:
        for path in sorted(set(re.findall(pattern, lock))):
            full = os.path.normpath(os.path.join(root, path))
            if full == root and manager != "pipenv":
                continue
            editable = "yes" if editable == "no" else editable
            if os.path.isfile(full):
                add_file(digest, full, path)
            elif not in_place:
                add_tree(digest, root, full)
            elif add_editable(digest, root, full):
                editable = "always"
    named = named_in(manager, texts)
    given = list(variables(env_dir, manager, named))
    for name in sorted(named - set(given)):
        if name not in os.environ:
            yield f"missing\t{name}"
    for name in given:
        with open(os.path.join(env_dir, name), "rb") as file:
            digest.update(f"variable\0{name}\0".encode() + file.read(MAX_BYTES))
        yield f"variable\t{name}"
    yield f"hash\t{digest.hexdigest()}"
    yield f"editable\t{editable}"
    wanted = wanted_version(manager, toml)
    if wanted:
        yield f"wanted\t{wanted}"


def wanted_version(manager, toml):
    """`required-version = "==0.8.3"` of [tool.uv], or `requires-poetry = "2.1.0"` of [tool.poetry], when it's one version."""
    if not isinstance(toml, dict):
        return None
    tool = toml.get("tool", {}).get(manager, {})
    value = tool.get("required-version" if manager == "uv" else "requires-poetry", "") if isinstance(tool, dict) else ""
    match = re.fullmatch(r"(?:={2,3})?\s*(\d+(?:\.\d+)+)", str(value).strip())
    return match[1] if match else None
