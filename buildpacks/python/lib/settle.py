"""Replaces a path in the few text files of an environment that hold it: scripts' first lines, .pth and editable files,
pyvenv.cfg, direct_url.json. RECORD is corrected and sorted, so that it is right and the same in every build.

  settle.py ENVIRONMENT all|editable FROM TO
  settle.py ENVIRONMENT logins "" ""          takes user names and passwords out of direct_url.json instead
"""
import base64
import csv
import glob
import hashlib
import io
import os
import re
import sys
import tempfile

MAX_BYTES = 1024 * 1024


def replace_file(path, data):
    """By rename: the old file may be a hard link of the cached one, which must stay as it is."""
    handle, temp = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.chmod(temp, os.stat(path).st_mode & 0o7777)
    os.replace(temp, path)


def candidates(env, scope):
    site = f"{glob.escape(env)}/lib/python3.*/site-packages"
    if scope == "logins":
        yield from glob.glob(f"{site}/*.dist-info/direct_url.json")
        return
    for pattern in ("*.pth", "*.egg-link", "__editable__*"):
        yield from glob.glob(f"{site}/{pattern}")
    if scope == "editable":
        return
    yield from glob.glob(f"{site}/*.dist-info/direct_url.json")
    for path in glob.glob(f"{glob.escape(env)}/bin/*"):
        if os.path.isfile(path) and not os.path.islink(path):
            with open(path, "rb") as file:
                if file.read(2) == b"#!":
                    yield path
    yield f"{env}/pyvenv.cfg"


def correct_record(record, env_changed):
    site = os.path.dirname(os.path.dirname(record))
    with open(record, "r", encoding="utf-8", newline="") as file:
        text = file.read()
    rows = []
    for row in csv.reader(io.StringIO(text)):
        path = os.path.normpath(os.path.join(site, row[0])) if row else ""
        if row and path in env_changed and len(row) == 3 and row[1]:
            with open(path, "rb") as file:
                data = file.read()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            row = [row[0], f"sha256={digest}", str(len(data))]
        rows.append(row)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(sorted(rows))
    if out.getvalue() != text:
        replace_file(record, out.getvalue().encode("utf-8"))


def main(env, scope, old, new):
    env = os.path.normpath(env)
    names = sorted({old, os.path.realpath(old)} if scope == "all" else {old}, key=len, reverse=True)
    # A whole path, not the beginning of a longer name: /app is not in /application or /srv/app.
    before = rb"(?<![\w.-])" if scope == "all" else rb"(?<![\w./-])"
    pattern = re.compile(before + b"(?:" + b"|".join(re.escape(name.encode()) for name in names) + rb")(?![\w.-])")
    if scope == "logins":
        pattern, new = re.compile(rb"(?:(?<=http://)|(?<=https://))[^/\"@]+@"), ""
    changed = set()
    for path in candidates(env, scope):
        if not os.path.isfile(path) or os.path.islink(path) or os.path.getsize(path) > MAX_BYTES:
            continue
        with open(path, "rb") as file:
            data = file.read()
        settled = pattern.sub(lambda _: new.encode(), data)
        if settled != data:
            replace_file(path, settled)
            changed.add(os.path.normpath(path))
    if changed:
        for record in glob.glob(f"{glob.escape(env)}/lib/python3.*/site-packages/*.dist-info/RECORD"):
            correct_record(record, changed)


if __name__ == "__main__":
    main(*sys.argv[1:5])
