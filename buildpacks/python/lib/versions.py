"""Which Python an app asks for, and which of those that can be had is the one.

  wanted(BUILD_DIR)
      gives `found<TAB>specifier<TAB>as written<TAB>file`, `none`, or `error<TAB>reason<TAB>file<TAB>detail`
  versions.py pick SPECIFIER DEFAULT STICKY < candidates ("version<TAB>source<TAB>path", best source first)
      prints the chosen candidate's line, or nothing
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from version_files import EXACT, NEWEST, OLDEST, RANGES, Unusable  # noqa: E402
from version_ranges import matches, numbers, possible  # noqa: E402

ANY = ">=%d.%d" % OLDEST
MISSPELT = [
    ".python_version", ".python-versions", ".python.version", ".pythonversion", ".Python-version", ".Python-Version",
    ".python-version ", ".python-version.txt", ".python-vesion", ".pyhton-version", ".python-verion", ".py-version",
    "python-version", "python_version", "python-version.txt", "pythonversion", "python.version", ".python-ver",
    "Runtime.txt", "runtimes.txt", "runtime.text", "runtime.txt.txt", "runtime", ".runtime.txt",
]


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


def first(functions, build_dir):
    for function in functions:
        found = function(build_dir)
        if found:
            return found
    return None


def check_agreement(build_dir, found):
    """uv, Poetry and PDM refuse a Python that their project excludes, at the end of a long way; pip asks nobody."""
    if not any(os.path.isfile(os.path.join(build_dir, name)) for name in ("uv.lock", "poetry.lock", "pdm.lock")):
        return
    project = first(RANGES, build_dir)
    if project and not possible(project[0], [found[1]]):
        raise Unusable("contradiction", found[2], f"{found[2]} asks for {found[1]}, and {project[2]} for '{project[1]}'")


def wanted(build_dir):
    try:
        found = first(EXACT[:2], build_dir)
        if not found:
            for name in os.listdir(build_dir):
                if name in MISSPELT and os.path.isfile(os.path.join(build_dir, name)):
                    raise Unusable("misspelled", name, "runtime.txt" if "untime" in name else ".python-version")
            found = first(EXACT[2:], build_dir)
        if found and re.fullmatch(r"[0-9.]+", found[1]):
            check_agreement(build_dir, found)
        found = found or first(RANGES, build_dir)
    except Unusable as error:
        return "\t".join(["error", *(part.replace("\t", " ").replace("\n", " ") for part in error.args)])
    return "\t".join(["found", *found]) if found else "none"


if __name__ == "__main__":
    chosen = pick(*sys.argv[2:5], [line.rstrip("\n") for line in sys.stdin if line.strip()])
    if chosen:
        print(chosen)
