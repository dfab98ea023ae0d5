"""Which Python an app asks for, and which of those that can be had is the one.

  wanted(BUILD_DIR)
      gives `found<TAB>specifier<TAB>as written<TAB>file`, `none`, or `error<TAB>reason<TAB>file<TAB>detail`
  versions.py pick SPECIFIER DEFAULT STICKY < candidates ("version<TAB>source<TAB>path", best source first)
      prints the chosen candidate's line, or nothing
"""
import os
import re
import sys

OLDEST, NEWEST = (3, 10), (3, 14)
ANY = ">=%d.%d" % OLDEST
MAX_BYTES = 256 * 1024
MISSPELT = [
    ".python_version", ".python-versions", ".python.version", ".pythonversion", ".Python-version", ".Python-Version",
    ".python-version ", ".python-version.txt", ".python-vesion", ".pyhton-version", ".python-verion", ".py-version",
    "python-version", "python_version", "python-version.txt", "pythonversion", "python.version", ".python-ver",
    "Runtime.txt", "runtimes.txt", "runtime.text", "runtime.txt.txt", "runtime", ".runtime.txt",
]


class Unusable(Exception):
    def __init__(self, reason, file, detail=""):
        super().__init__(reason, file, detail)


def read_text(build_dir, name):
    path = os.path.join(build_dir, name)
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES)
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


def from_runtime_txt(build_dir):
    text = read_text(build_dir, "runtime.txt")
    if text is None:
        return None
    match = re.fullmatch(r"python-((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?)", text.strip())
    if not match:
        raise Unusable("invalid-version", "runtime.txt", text.strip()[:80])
    check_known(match[1], "runtime.txt")
    return as_specifier(match[1]), match[1], "runtime.txt"


def from_version_file(build_dir):
    name = ".python-version"
    text = read_text(build_dir, name)
    if text is None:
        return None
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise Unusable("no-version", name)
    if len(lines) > 1:
        raise Unusable("multiple-versions", name, ", ".join(lines)[:200])
    if not re.fullmatch(r"(?:[1-9]\d*)\.(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*))?", lines[0]):
        raise Unusable("invalid-version", name, lines[0][:80])
    check_known(lines[0], name)
    return as_specifier(lines[0]), lines[0], name


def load_toml(text):
    try:
        import tomllib
    except ImportError:  # Python 3.10 has none: only this one line is needed.
        section, result = "", {}
        for line in text.splitlines():
            header = re.match(r"\s*\[([^\[\]]+)\]", line)
            section = header[1].strip() if header else section
            value = re.match(r"""\s*requires-python\s*=\s*["']([^"']*)["']""", line)
            if value and section == "project":
                result = {"project": {"requires-python": value[1]}}
        return result
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unusable("invalid-toml", "pyproject.toml", str(error))


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


def from_requires_python(build_dir):
    for name in ("pyproject.toml", "setup.cfg", "setup.py"):
        text = read_text(build_dir, name)
        value = None
        if text is None:
            continue
        if name == "pyproject.toml":
            project = load_toml(text).get("project", {})
            value = project.get("requires-python") if isinstance(project, dict) else None
        elif name == "setup.cfg":
            import configparser

            parser = configparser.ConfigParser(interpolation=None)
            try:
                parser.read_string(text)
                value = parser.get("options", "python_requires", fallback=None)
            except configparser.Error:
                value = None
        else:
            value = requires_of_setup_py(text)
        if value is not None and str(value).strip():
            value = " ".join(str(value).split())
            try:
                matches(value, (3, 10, 0))
            except ValueError:
                raise Unusable("invalid-range", name, value[:120])
            return value, value, name
    return None


CLAUSE = re.compile(r"(===|==|!=|~=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?((?:a|b|rc|\.?dev|\.?post)\d*)?$")


def matches(specifier, version):
    """PEP 440 for final releases: every clause, parted by commas, must hold. ValueError when it can't be read."""
    version = tuple(version)
    for clause in (part.strip() for part in specifier.split(",")):
        if not clause:
            continue
        match = CLAUSE.match(clause)
        if not match or (match[3] and match[1] not in ("==", "!=")):
            raise ValueError(clause)
        bound = tuple(int(part) for part in match[2].split("."))
        prefix = version[: len(bound)] == bound[: len(version)]
        padded = bound + (0,) * (3 - len(bound))
        operator = match[1]
        if operator == "~=" and len(bound) < 2:
            raise ValueError(clause)
        holds = {
            "===": version == padded,
            "==": prefix if match[3] else version == padded,
            "!=": not prefix if match[3] else version != padded,
            "~=": version >= padded and version[: len(bound) - 1] == bound[:-1],
            ">=": version >= padded,
            "<=": version <= padded,
            ">": version > padded,
            "<": version < padded,
        }[operator]
        if not holds:
            return False
    return True


def numbers(text):
    return tuple(int(part) for part in text.split("."))


def pick(specifier, default, sticky, lines):
    """Same series as last time, else the default's series, else the newest; of one series the first source, newest patch."""
    candidates = []
    for order, line in enumerate(lines):
        version = line.split("\t")[0]
        if re.fullmatch(r"\d+\.\d+\.\d+", version) and matches(specifier, numbers(version)):
            series = numbers(version)[:2]
            if OLDEST <= series <= NEWEST:
                candidates.append((series, order, line))
    for series in (sticky, default):
        same = [c for c in candidates if series and c[0] == numbers(series)[:2]]
        if same:
            candidates = same
            break
    if not candidates:
        return None
    newest = max(c[0] for c in candidates)
    series = [c for c in candidates if c[0] == newest]
    source = min(series, key=lambda c: c[1])[2].split("\t")[1]
    best = max((c for c in series if c[2].split("\t")[1] == source), key=lambda c: (numbers(c[2].split("\t")[0]), -c[1]))
    return best[2]


def wanted(build_dir):
    try:
        found = from_runtime_txt(build_dir) or from_version_file(build_dir)
        if not found:
            for name in os.listdir(build_dir):
                if name in MISSPELT and os.path.isfile(os.path.join(build_dir, name)):
                    raise Unusable("misspelled", name, "runtime.txt" if "untime" in name else ".python-version")
        found = found or from_requires_python(build_dir)
    except Unusable as error:
        return "\t".join(["error", *(part.replace("\t", " ").replace("\n", " ") for part in error.args)])
    return "\t".join(["found", *found]) if found else "none"


if __name__ == "__main__":
    chosen = pick(*sys.argv[2:5], [line.rstrip("\n") for line in sys.stdin if line.strip()])
    if chosen:
        print(chosen)
