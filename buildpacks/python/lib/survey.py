"""All that a build asks a Python before it has chosen one, in one start: a start costs more than any of the answers.

  survey.py BUILD_DIR ENV_DIR CACHE_DIR COPY_DIR
  survey.py machine         only the last of the answers
  survey.py identity PATH   what changes when another file is installed at PATH
Prints lines of `what<TAB>...`:
  version       what versions.py says of the version that the app asks for
  kind          how the app states its dependencies: a manager of locks.py, `pip`, or what project.py and conda_environment.py find
  requirements  what requirements.py says of requirements.txt, or locks.py of a lock file (`key<TAB>value`), if there is one
  last          the last build's interpreter, `version<TAB>source<TAB>path`, if it's still there, the same, and what is asked for
  machine       path<TAB>description of an interpreter of the machine (see source-machine.sh), or no description: ask it
Exits with 3 when this Python is too old to help.
"""
import os
import sys

if sys.version_info < (3, 8):
    sys.exit(3)
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# An interpreter of these folders is one that dynos can see too: not one in somebody's home folder, which a sandbox hides.
SHARED_FOLDERS = ("/usr/", "/opt/", "/nix/", "/bin/")
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3")
# The first that is there says which package manager it is: a lock file before what it was made from.
OWNERS = (
    ("Pipfile.lock", "pipenv"), ("poetry.lock", "poetry"), ("uv.lock", "uv"), ("requirements.txt", "pip"), ("pdm.lock", "pdm"),
    ("Pipfile", "pipenv"),
)


def identity(path):
    try:
        found = os.stat(path)
    except OSError:
        return ""
    return f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}"


def last_interpreter(cache_dir, specifier):
    import versions

    try:
        with open(os.path.join(cache_dir, "python", "interpreter"), encoding="utf-8", errors="surrogateescape") as file:
            version, source, base, seen = file.readline().rstrip("\n").split("\t")
    except (OSError, ValueError):
        return None
    line = f"{version}\t{source}\t{base}"
    if versions.pick(specifier, "", "", [line]) is None:
        return None
    if source == "machine":
        return line if seen and identity(base) == seen else None
    return line if os.access(os.path.join(base, "bin", "python3"), os.X_OK) else None


def describe_self():
    version = sys.version_info
    if version.releaselevel != "final" or sys.implementation.name != "cpython" or sys.prefix != sys.base_prefix:
        return ""
    path = os.path.realpath(sys.executable)
    if not path.startswith(SHARED_FOLDERS):
        return ""
    return "%d.%d.%d\tmachine\t%s\t%s" % (*version[:3], path, identity(path))


def machine():
    """Each once, however many names it has; `/usr/bin` is asked first."""
    folders = ["/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")]
    own, seen = os.path.realpath(sys.executable), set()
    for folder in folders:
        if not folder or folder == "/bin" or "/.heroku/" in folder + "/":
            continue
        for path in (os.path.join(folder, name) for name in NAMES):
            real = os.path.realpath(path)
            if real in seen or not os.path.isfile(real) or not os.access(real, os.X_OK):
                continue
            seen.add(real)
            described = describe_self() if real == own else ""
            if described or real != own:
                yield f"{path}\t{described}" if described else path


def kind_of(build_dir):
    for name, owner in OWNERS:
        if os.path.isfile(os.path.join(build_dir, name)):
            return owner
    import conda_environment
    import project

    kind = project.kind(build_dir)
    has_conda = kind == "none" and any(os.path.isfile(os.path.join(build_dir, name)) for name in conda_environment.NAMES)
    return "conda" if has_conda else kind


def survey(build_dir, env_dir, cache_dir, copy_dir):
    import versions

    wanted = versions.wanted(build_dir)
    yield f"version\t{wanted}"
    kind = kind_of(build_dir)
    yield f"kind\t{kind}"
    if kind == "pip":
        import requirements

        for line in requirements.lines(build_dir, "requirements.txt", copy_dir, env_dir):
            yield f"requirements\t{line}"
    elif kind in ("pipenv", "poetry", "uv", "pdm"):
        import locks

        for line in locks.lines(build_dir, env_dir, kind):
            yield f"requirements\t{line}"
    parts = wanted.split("\t")
    if parts[0] == "error":
        return
    last = last_interpreter(cache_dir, parts[1] if parts[0] == "found" else versions.ANY)
    if last:
        yield f"last\t{last}"
        return
    for found in machine():
        yield f"machine\t{found}"


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="surrogateescape")
    if sys.argv[1] == "identity":
        print(identity(sys.argv[2]))
    else:
        for answer in survey(*sys.argv[1:5]) if len(sys.argv) == 5 else (f"machine\t{found}" for found in machine()):
            print(answer)
