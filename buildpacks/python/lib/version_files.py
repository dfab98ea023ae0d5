"""Where an app says which Python it wants: every file that people use for it. Each function takes the app's folder, and gives
`(specifier, as written, file)`, or None when its file isn't there or says nothing. What can't be understood is Unusable.
"""
import json
import os
import re

from toml_file import parse
from version_ranges import matches, poetry_range

OLDEST, NEWEST = (3, 10), (3, 14)
MAX_BYTES = 256 * 1024
MAX_LOCK_BYTES = 16 << 20
VERSION = r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?"


class Unusable(Exception):
    def __init__(self, reason, file, detail=""):
        super().__init__(reason, file, detail)


def read_text(build_dir, name, limit=MAX_BYTES):
    path = os.path.join(build_dir, name)
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        data = file.read(limit)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise Unusable("invalid-encoding", name, "UTF-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("invalid-encoding", name, "not UTF-8")


def as_specifier(version):
    return "==" + version + (".*" if version.count(".") == 1 else "")


def check_known(version, file):
    series = tuple(int(part) for part in version.split(".")[:2])
    if series < OLDEST:
        raise Unusable("eol", file, version)
    if series > NEWEST:
        raise Unusable("unknown-major", file, version)


def stated_lines(text):
    return [line for line in (line.split("#")[0].strip() for line in text.splitlines()) if line]


def from_runtime_txt(build_dir):
    name = "runtime.txt"
    text = read_text(build_dir, name)
    if text is None:
        return None
    stated = " ".join(stated_lines(text))
    match = re.fullmatch(f"python-({VERSION})", stated)
    if not match:
        raise Unusable("invalid-version", name, stated[:80])
    check_known(match[1], name)
    return as_specifier(match[1]), match[1], name


def from_version_file(build_dir):
    name = ".python-version"
    text = read_text(build_dir, name)
    if text is None:
        return None
    lines = stated_lines(text)
    if not lines:
        raise Unusable("no-version", name)
    if len(lines) > 1:
        raise Unusable("multiple-versions", name, ", ".join(lines)[:200])
    if not re.fullmatch(VERSION, lines[0]):
        raise Unusable("invalid-version", name, lines[0][:80])
    check_known(lines[0], name)
    return as_specifier(lines[0]), lines[0], name


def toml_of(build_dir, name):
    text = read_text(build_dir, name, MAX_LOCK_BYTES)
    if text is None:
        return {}
    try:
        return parse(text)
    except ValueError as error:
        raise Unusable("invalid-toml", name, str(error))


def table(toml, *names):
    for name in names:
        toml = toml.get(name) if isinstance(toml, dict) else None
    return toml if isinstance(toml, dict) else {}


def from_pipfile_lock(build_dir):
    name = "Pipfile.lock"
    text = read_text(build_dir, name, MAX_LOCK_BYTES)
    if text is None:
        return None
    import json

    try:
        lock = json.loads(text)
        if not isinstance(lock, dict):
            raise ValueError("it's not an object")
    except ValueError as error:
        raise Unusable("invalid-json", name, str(error))
    return from_requires(table(lock, "_meta", "requires"), name)


def from_pipfile(build_dir):
    if os.path.isfile(os.path.join(build_dir, "Pipfile.lock")):
        return None
    return from_requires(table(toml_of(build_dir, "Pipfile"), "requires"), "Pipfile")


def from_requires(requires, name):
    value = requires.get("python_full_version") or requires.get("python_version")
    if value is None or value == "*":
        return None
    if not re.fullmatch(VERSION, str(value)):
        raise Unusable("invalid-version", name, str(value)[:80])
    check_known(value, name)
    return as_specifier(value), value, name


def from_tool_versions(build_dir):
    """Of the versions in its `python` line the first that is a number: others are for this person's machine."""
    name = ".tool-versions"
    for line in (read_text(build_dir, name) or "").splitlines():
        words = line.split("#")[0].split()
        for word in words[1:] if words[:1] == ["python"] else []:
            version = word[7:] if word.startswith("latest:") else word
            if re.fullmatch(VERSION, version):
                check_known(version, name)
                return as_specifier(version), version, name
    return None


def from_mise(build_dir):
    for name in ("mise.toml", ".mise.toml"):
        value = table(toml_of(build_dir, name), "tools").get("python")
        for version in value if isinstance(value, list) else [value]:
            if isinstance(version, str) and re.fullmatch(VERSION, version):
                check_known(version, name)
                return as_specifier(version), version, name
    return None


def from_conda(build_dir):
    import conda_environment

    found = conda_environment.read(build_dir)
    if not found or not found.python or os.path.isfile(os.path.join(build_dir, "requirements.txt")):
        return None
    version = found.python.rstrip("*").rstrip(".")
    if re.fullmatch(VERSION, version):
        check_known(version, found.name)
        return as_specifier(version), version, found.name
    return a_range(found.python, found.python, found.name)


def requires_of_setup_py(text):
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "python_requires" and isinstance(node.value, ast.Constant):
            return str(node.value.value)
    return None


def requires_of_setup_cfg(text):
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
        return parser.get("options", "python_requires", fallback=None)
    except configparser.Error:
        return None


def a_range(value, written, name):
    try:
        matches(value, (3, 10, 0))
    except ValueError:
        raise Unusable("invalid-range", name, written[:120])
    return value, written, name


def from_pyproject(build_dir):
    name = "pyproject.toml"
    toml = toml_of(build_dir, name)
    value = table(toml, "project").get("requires-python")
    if value is not None and str(value).strip():
        value = " ".join(str(value).split())
        try:
            return a_range(value, value, name)
        except Unusable:
            if not re.match(r"[0-9]", value):
                raise
    else:
        value = table(toml, "tool", "poetry", "dependencies").get("python")
        value = " ".join(value.split()) if isinstance(value, str) else ""
    # Poetry's way of writing it, which its own reading of requires-python allows, too.
    if not value or value == "*":
        return None
    try:
        return poetry_range(value), value, name
    except ValueError:
        raise Unusable("invalid-range", name, value[:120])


def from_setup_files(build_dir):
    for name, requires in (("setup.cfg", requires_of_setup_cfg), ("setup.py", requires_of_setup_py)):
        text = read_text(build_dir, name)
        value = " ".join(str(requires(text) or "").split()) if text is not None else ""
        if value:
            return a_range(value, value, name)
    return None


LOCKED_RANGE = re.compile(r"""(?m)^(?:requires-python|requires_python|python-versions)\s*=\s*["']([^"']+)["']""")


def from_lock(build_dir):
    """What uv, PDM and Poetry have written into their lock files, for a pyproject.toml that says nothing."""
    for name, before in (("uv.lock", "[[package]]"), ("pdm.lock", "[[package]]"), ("poetry.lock", None)):
        text = read_text(build_dir, name, MAX_LOCK_BYTES)
        if text is None:
            continue
        part = text.split(before)[0] if before else text[max(text.rfind("\n[metadata]"), 0):]
        found = LOCKED_RANGE.search(part)
        if found and found[1] != "*":
            try:
                return poetry_range(found[1]) if before is None else a_range(found[1], found[1], name)[0], found[1], name
            except ValueError:
                raise Unusable("invalid-range", name, found[1][:120])
    return None


EXACT = (from_runtime_txt, from_version_file, from_pipfile_lock, from_pipfile, from_tool_versions, from_mise, from_conda)
RANGES = (from_pyproject, from_setup_files, from_lock)
