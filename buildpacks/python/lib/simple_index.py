"""Fetches one wheel from a package index (PEP 503 or 691) with nothing but Python itself, as pip would be told to.

  simple_index.py PROJECT VERSION PYTHON_VERSION FOLDER
Takes VERSION if the index has it, else the newest final release that runs on PYTHON_VERSION (`X.Y.Z`).
Honours PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_FIND_LINKS, PIP_NO_INDEX, PIP_CERT, PIP_CONFIG_FILE and pip.conf, proxies.
Prints the wheel's path. Exit status 3: no index could be reached; 4: nothing fits. The reason is on stderr.
"""
import base64
import configparser
import hashlib
import html.parser
import json
import os
import platform
import re
import shutil
import ssl
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

MAX_PAGE, MAX_WHEEL, TIMEOUT_S = 32 << 20, 128 << 20, 15
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from version_ranges import matches, numbers  # noqa: E402


def settings():
    found = {}
    custom = os.environ.get("PIP_CONFIG_FILE")
    home = os.path.expanduser("~")
    files = ["/etc/pip.conf", f"{home}/.pip/pip.conf", f"{os.environ.get('XDG_CONFIG_HOME', home + '/.config')}/pip/pip.conf"]
    for file in [*files, *([custom] if custom and custom != os.devnull else [])] if custom != os.devnull else []:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                found.update(parser.items(section))
    for key in ("index-url", "extra-index-url", "find-links", "no-index", "cert", "trusted-host"):
        value = os.environ.get("PIP_" + key.upper().replace("-", "_"))
        if value:
            found[key] = value
    return found


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.files = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "a" and attributes.get("href"):
            url, _, fragment = attributes["href"].partition("#")
            self.files.append({
                "url": url,
                "filename": urllib.parse.unquote(url.rstrip("/").rsplit("/", 1)[-1]),
                "sha256": fragment[7:] if fragment.startswith("sha256=") else None,
                "requires": attributes.get("data-requires-python"),
                "yanked": "data-yanked" in attributes,
            })


class Index:
    def __init__(self, options):
        context = ssl.create_default_context()
        ca = options.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        if ca and os.path.isfile(ca):
            context.load_verify_locations(ca)
        self.trusted = {host.split(":")[0] for host in (options.get("trusted-host") or "").split()}
        self.context = context
        insecure = ssl._create_unverified_context()
        self.openers = {
            trusted: urllib.request.build_opener(urllib.request.HTTPSHandler(context=insecure if trusted else context))
            for trusted in (False, True)
        }

    def open(self, url, accept="*/*"):
        parts = urllib.parse.urlsplit(url)
        headers = {"Accept": accept, "User-Agent": "pip/25 (heroku/python buildpack)"}
        if parts.username:
            user = urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or "")
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(user).encode()).decode()
            url = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[1]))
        opener = self.openers[parts.hostname in self.trusted]
        return opener.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)

    def files(self, base, project):
        url = base.rstrip("/") + f"/{project}/"
        accept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
        with self.open(url, accept) as response:
            body, kind, url = response.read(MAX_PAGE), response.headers.get_content_type(), response.geturl()
        if kind.endswith("json"):
            found = [
                {"url": file["url"], "filename": file["filename"], "sha256": (file.get("hashes") or {}).get("sha256"),
                 "requires": file.get("requires-python"), "yanked": bool(file.get("yanked"))}
                for file in json.loads(body)["files"]
            ]
        else:
            parser = Links()
            parser.feed(body.decode("utf-8", "replace"))
            found = parser.files
        # A private index hands out links on its own host; they need the same user name and password.
        for file in found:
            file["url"] = self.with_login(base, urllib.parse.urljoin(url, file["url"]))
        return found

    @staticmethod
    def with_login(base, url):
        parts, target = urllib.parse.urlsplit(base), urllib.parse.urlsplit(url)
        if parts.username and parts.hostname == target.hostname and not target.username:
            login = parts.netloc.rsplit("@", 1)[0]
            return urllib.parse.urlunsplit(target._replace(netloc=f"{login}@{target.netloc}"))
        return url


def runs_here(tags):
    python, abi, system = tags
    if "none" in abi.split(".") and system == "any":
        return any(tag in ("py3", "py2.py3") or tag.startswith("py3") for tag in python.split("."))
    machine = platform.machine()
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return abi == "none" and python.startswith("py3") and any(t.startswith(libc) and t.endswith(machine) for t in system.split("."))


def wheels(files, project, python):
    for file in files:
        match = re.fullmatch(r"([^-]+)-(\d+(?:\.\d+)*)-([^-]+)-([^-]+)-([^-]+)\.whl", file["filename"])
        if not match or match[1].lower().replace("_", "-") != project or file["yanked"] or not runs_here(match.groups()[2:]):
            continue
        try:
            if file["requires"] and not matches(file["requires"], python):
                continue
        except ValueError:
            continue
        yield numbers(match[2]), file


def local_files(folders, project):
    for folder in folders:
        folder = urllib.parse.unquote(folder[7:]) if folder.startswith("file://") else folder
        if "://" not in folder and os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.lower().startswith(project):
                    url = "file://" + urllib.parse.quote(os.path.abspath(os.path.join(folder, name)))
                    yield {"url": url, "filename": name, "sha256": None, "requires": None, "yanked": False}


def fetch(index, file, folder):
    digest = hashlib.sha256()
    handle, temp = tempfile.mkstemp(dir=folder, prefix=".fetching-")
    try:
        with os.fdopen(handle, "wb") as out, index.open(file["url"]) as response:
            for block in iter(lambda: response.read(1 << 16), b""):
                digest.update(block)
                out.write(block)
                if out.tell() > MAX_WHEEL:
                    raise ValueError(f"{file['filename']} is larger than {MAX_WHEEL >> 20} MB")
        if file["sha256"] and digest.hexdigest() != file["sha256"]:
            raise ValueError(f"the SHA-256 of {file['filename']} is not the one that the index states")
        target = os.path.join(folder, file["filename"])
        os.chmod(temp, 0o644)
        shutil.move(temp, target)
        return target
    finally:
        if os.path.exists(temp):
            os.unlink(temp)


def without_login(text):
    return re.sub(r"://[^/@\s]+@", "://****@", str(text))


def main(project, wanted, python, folder):
    options = settings()
    index = Index(options)
    files, reasons = list(local_files((options.get("find-links") or "").split(), project)), []
    bases = [options.get("index-url") or "https://pypi.org/simple", *(options.get("extra-index-url") or "").split()]
    if str(options.get("no-index", "")).lower() in ("1", "true", "yes", "on"):
        bases = []
    reached = not bases
    for base in bases:
        try:
            files += index.files(base, project)
            reached = True
        except (OSError, ValueError, KeyError) as error:
            # An answer of any kind means that the index is there.
            reached = reached or isinstance(error, urllib.error.HTTPError)
            reasons.append(f"{without_login(base)}: {without_login(getattr(error, 'reason', error))}")
    fitting = sorted(wheels(files, project, numbers(python)), key=lambda found: found[0])
    exact = [file for version, file in fitting if version == numbers(wanted)]
    if fitting:
        try:
            print(fetch(index, (exact or [fitting[-1][1]])[0], folder))
            return 0
        except (OSError, ValueError) as error:
            reasons.append(without_login(getattr(error, "reason", error)))
            reached = reached and isinstance(error, (ValueError, urllib.error.HTTPError))
    print("; ".join(reasons) or f"no index offers a {project} that runs on Python {python}", file=sys.stderr)
    return 4 if reached else 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
