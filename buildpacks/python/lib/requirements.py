"""Everything `pip install -r FILE` would read: one hash of it, and a copy that pip can read.

`lines(BUILD_DIR, FILE, COPY_DIR, ENV_DIR)` gives lines of `key<TAB>value`:
  hash      SHA-256 over the bytes of FILE, of what it includes (-r, -c), and of local projects and archives it names
  empty     yes when nothing at all is required
  install   the file to give to pip: FILE itself, or its copy in COPY_DIR when an encoding or line ending had to be changed
  editable  yes when a project is installed in place (-e); `always` when that leaves files in the project: pip has to run every time
  moving    yes when a version-control requirement is not pinned to a full commit: what it means can change
  variable  a config var that is named as ${VAR} (one line each)
  missing   a variable that is named so and isn't one (one line each)
  error     reason<TAB>file<TAB>detail; nothing else is given then
"""
import codecs
import hashlib
import os
import re

from local_projects import add_editable, add_file, add_tree

MAX_FILES, MAX_BYTES = 100, 1024 * 1024
BOMS = [
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
]
INCLUDE = re.compile(r"^\s*(-r|--requirement|-c|--constraint|-e|--editable|-f|--find-links)(?:\s*=\s*|\s+|(?<=^-[rcef]))(.+?)\s*$")
VCS = re.compile(r"^(?:.*@\s*)?(?:git|hg|svn|bzr)\+", re.I)
PINNED = re.compile(r"@[0-9a-f]{40}(?:$|[#;\s])", re.I)


class Unreadable(Exception):
    pass


class Closure:
    def __init__(self, root, copy_dir):
        self.root, self.copy_dir = root, copy_dir
        self.hash = hashlib.sha256()
        self.texts, self.copies = {}, {}
        self.changed = self.editable = self.always = self.moving = self.anything = False
        self.variables = set()

    def shown(self, path):
        if path.startswith(self.root + os.sep):
            return os.path.relpath(path, self.root)
        return os.path.relpath(path, self.copy_dir) if path.startswith(self.copy_dir + os.sep) else path

    def read(self, path, constraint=False):
        path = os.path.realpath(path) if not os.path.islink(path) else path
        if path in self.texts:
            return
        if len(self.texts) >= MAX_FILES:
            raise Unreadable("too-many-files", self.shown(path), str(MAX_FILES))
        if not os.path.isfile(path):
            raise Unreadable("missing-include", self.shown(path), "")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise Unreadable("too-large", self.shown(path), f"{MAX_BYTES // 1024} KB")
        self.hash.update(f"file\0{self.shown(path)}\0{len(data)}\0".encode() + data)
        text, changed = self.decode(data, path)
        self.changed = self.changed or changed
        self.texts[path] = text
        self.variables.update(re.findall(r"\$\{([A-Z0-9_]+)\}", text))
        for line in self.logical_lines(text):
            self.take(line, path, constraint)

    def decode(self, data, path):
        for bom, encoding in BOMS:
            if data.startswith(bom):
                try:
                    text = data[len(bom):].decode(encoding)
                except UnicodeDecodeError as error:
                    raise Unreadable("invalid-encoding", self.shown(path), str(error))
                return text.replace("\r\n", "\n").replace("\r", "\n"), True
        if b"\0" in data:
            raise Unreadable("invalid-encoding", self.shown(path), "it holds NUL bytes, as UTF-16 does")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise Unreadable("invalid-encoding", self.shown(path), f"line {line} is not UTF-8")
        return text.replace("\r\n", "\n").replace("\r", "\n"), "\r" in text

    @staticmethod
    def logical_lines(text):
        for line in re.sub(r"\\\n", " ", text).split("\n"):
            line = re.sub(r"(^|\s)#.*$", "", line).strip()
            if line:
                yield line

    def take(self, line, path, constraint):
        match = INCLUDE.match(line)
        option, value = (match[1], match[2].strip("\"'")) if match else ("", line)
        if option in ("-r", "--requirement", "-c", "--constraint"):
            if "://" not in value:
                self.read(os.path.join(os.path.dirname(path), value), constraint or "c" in option[:3])
            elif not option.startswith(("-c", "--c")):
                self.anything = True
            return
        if option in ("-f", "--find-links"):
            self.project(value)
            return
        if line.startswith("-") and not option:
            return
        if constraint:
            return
        self.anything = True
        self.editable = self.editable or option in ("-e", "--editable")
        if VCS.match(value):
            self.moving = self.moving or not PINNED.search(value)
        else:
            self.project(value, option in ("-e", "--editable"))

    def project(self, value, in_place=False):
        """A local project or archive: its bytes count, since pip reads them."""
        import shlex

        try:
            target = shlex.split(value.split(";")[0])[0] if value.strip() else ""
        except ValueError:
            return
        target = re.sub(r"^.*@\s*file:(//)?|^file:(//)?", "", value.split(";")[0].strip()) if "file:" in value else target
        target = re.sub(r"\[[^\]]*\]$", "", target)
        if not in_place and not re.match(r"^[./~]|.*[/\\]|.*\.(whl|zip|tar\.gz|tgz)$", target):
            return
        if "://" in target:
            return
        full = os.path.normpath(os.path.join(self.root, target))
        if os.path.isfile(full):
            add_file(self.hash, full, self.shown(full))
        elif os.path.isdir(full) and in_place:
            self.always = add_editable(self.hash, self.root, full) or self.always
        elif os.path.isdir(full):
            add_tree(self.hash, self.root, full)

    def copy(self, path):
        """Writes readable copies that include each other; relative projects keep working, pip resolves them from its cwd."""
        for number, original in enumerate(self.texts):
            name = self.shown(original) if original == path else f"{number}-{os.path.basename(original)}"
            self.copies[original] = os.path.join(self.copy_dir, name)
        os.makedirs(self.copy_dir, exist_ok=True)
        for original, copy in self.copies.items():
            lines = []
            for line in self.texts[original].split("\n"):
                match = INCLUDE.match(line.split(" #")[0])
                if match and match[1] in ("-r", "--requirement", "-c", "--constraint") and "://" not in match[2]:
                    target = os.path.join(os.path.dirname(original), match[2].strip("\"'"))
                    target = os.path.realpath(target) if not os.path.islink(target) else target
                    line = f"{match[1]} {self.copies.get(target, target)}"
                lines.append(line)
            with open(copy, "w", encoding="utf-8", newline="\n") as file:
                file.write("\n".join(lines))
        return self.copies[path]


def lines(build_dir, name, copy_dir, env_dir):
    root = os.path.abspath(build_dir)
    path = os.path.join(root, name)
    closure = Closure(root, copy_dir)
    try:
        closure.read(path)
    except Unreadable as error:
        yield "\t".join(["error", *error.args])
        return
    first = next(iter(closure.texts))
    for variable in sorted(closure.variables):
        file = os.path.join(env_dir, variable)
        if env_dir and os.path.isfile(file):
            with open(file, "rb") as value:
                closure.hash.update(f"variable\0{variable}\0".encode() + value.read(MAX_BYTES))
            yield f"variable\t{variable}"
        elif variable not in os.environ:
            yield f"missing\t{variable}"
    yield f"hash\t{closure.hash.hexdigest()}"
    yield f"empty\t{'no' if closure.anything else 'yes'}"
    yield f"install\t{closure.copy(first) if closure.changed else name}"
    yield f"editable\t{'always' if closure.always else 'yes' if closure.editable else 'no'}"
    yield f"moving\t{'yes' if closure.moving else 'no'}"
