"""Writes the part of environment.yml that pip can install as a requirements file.

  conda_requirements.py BUILD_DIR FILE ENV_DIR
Prints `key<TAB>value`: `left-out` and `unreadable` (names), and what requirements.py says of FILE.
"""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import conda_environment  # noqa: E402
from requirements import lines  # noqa: E402


# Beside environment.yml, not beside the file that is written here.
INCLUDE = re.compile(r"^((?:-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc])))(?!\S+://)(\S+)$")


def main(build_dir, file, env_dir):
    found = conda_environment.read(build_dir)
    if found.left_out:
        print("left-out\t" + ", ".join(found.left_out))
    if found.unreadable:
        print("unreadable\t" + ", ".join(found.unreadable)[:300])
        return
    with open(file, "w", encoding="utf-8") as out:
        out.write("".join(INCLUDE.sub(lambda m: m[1] + os.path.join(build_dir, m[2]), line) + "\n" for line in found.requirements))
    print(f"install\t{file}")
    for line in lines(build_dir, file, os.path.dirname(file), env_dir):
        if not line.startswith("install\t"):
            print(line)


if __name__ == "__main__":
    main(*sys.argv[1:4])
