"""What pip can install of conda's environment.yml.

  read(BUILD_DIR)   an Environment, or None: its Python, its requirements for pip, and the names that pip can't install
"""
import os
import re

NAMES = ("environment.yml", "environment.yaml")
MAX_BYTES = 1 << 20

# Python packages that have another name on the package index.
RENAMED = {
    "pytorch": "torch", "pytorch-cpu": "torch", "msgpack-python": "msgpack", "ruamel_yaml": "ruamel.yaml", "pytables": "tables",
    "matplotlib-base": "matplotlib", "opencv": "opencv-python-headless", "py-opencv": "opencv-python-headless",
    "psycopg2": "psycopg2-binary", "py-xgboost": "xgboost", "tensorflow-base": "tensorflow", "tensorflow-cpu": "tensorflow",
    "lxml-html-clean": "lxml_html_clean", "dash-core": "dash", "jupyter_core": "jupyter-core", "brotli-python": "brotli",
    "python-kaleido": "kaleido", "python-graphviz": "graphviz", "uvicorn-standard": "uvicorn[standard]", "importlib_metadata": "importlib-metadata",
}
# They come with every environment here.
GIVEN = {"python", "pip", "setuptools", "wheel", "python_abi"}
# Programs and libraries, not Python packages, as far as their names don't say so.
NATIVE = {
    "bzip2", "ca-certificates", "openssl", "ncurses", "readline", "sqlite", "tk", "xz", "zlib", "mkl", "mkl-service", "intel-openmp",
    "blas", "openblas", "cudatoolkit", "cuda", "cudnn", "nodejs", "yarn", "gcc", "gxx", "gfortran", "cmake", "make", "git", "curl",
    "ffmpeg", "gdal", "geos", "proj", "postgresql", "redis", "redis-server", "graphviz", "pandoc", "openjdk", "compilers", "c-compiler",
    "cxx-compiler", "tzdata", "icu", "freetype", "jpeg", "giflib", "lz4-c", "zstd", "yaml", "hdf5", "unixodbc", "poppler", "tesseract",
    "imagemagick", "binutils", "expat", "krb5", "llvm-openmp", "glib", "cairo", "pango", "harfbuzz", "fontconfig", "pixman", "qt",
    "qt-main", "nspr", "nss", "pcre", "pcre2", "snappy", "ucrt", "vc", "vs2015_runtime", "dlib-cpp", "r", "rust", "go", "wkhtmltopdf",
}


class Environment:
    def __init__(self, name):
        self.name, self.python, self.requirements, self.left_out, self.unreadable = name, "", [], [], []


def read(build_dir):
    for name in NAMES:
        path = os.path.join(build_dir, name)
        if os.path.isfile(path):
            with open(path, "rb") as file:
                return environment(name, file.read(MAX_BYTES).decode("utf-8-sig", "replace"))
    return None


def items(text):
    """(whether it's one for pip, text) of each item below `dependencies:`."""
    inside, pip_indent = False, None
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", line.expandtabs()).rstrip()
        if not line:
            continue
        if not line.startswith((" ", "-")):
            inside, pip_indent = bool(re.match(r"dependencies\s*:", line)), None
            continue
        item = re.match(r"( *)- *(.*)$", line)
        if not inside or not item:
            continue
        indent, value = len(item[1]), item[2].strip().strip("\"'")
        if re.fullmatch(r"pip\s*:", value):
            pip_indent = indent
            continue
        if pip_indent is not None and indent <= pip_indent:
            pip_indent = None
        yield pip_indent is not None, value


def environment(name, text):
    found = Environment(name)
    for for_pip, value in items(text):
        if for_pip:
            found.requirements.append(value)
        else:
            take(found, value)
    return found


def take(found, value):
    value = value.split("::")[-1].split("[")[0].strip()
    match = re.fullmatch(r"([A-Za-z0-9_.-]+?)\s*(?:(==?|!=|~=|[<>]=?)\s*([^=\s]+)(?:=([^=\s]+))?|\s([0-9][^\s=]*)(?:\s+(\S+))?)?", value)
    if not match:
        found.unreadable.append(value)
        return
    package, operator, version = match[1].lower(), match[2] or ("=" if match[5] else ""), match[3] or match[5] or ""
    build = match[4] or match[6] or ""
    if package == "python":
        found.python = version if operator in ("=", "==") else operator + version
    elif package in GIVEN:
        return
    elif is_native(package, build):
        found.left_out.append(package)
    else:
        found.requirements.append(RENAMED.get(package, package) + specifier(operator, version))


def is_native(package, build):
    if build and not build.startswith("py") and package not in RENAMED and re.match(r"(h[0-9a-f]{6,}|[0-9]+$|blas|mkl|openblas)", build):
        return True
    return package in NATIVE or package.startswith(("lib", "_", "r-", "cuda-", "gcc_", "gxx_", "xorg-", "m2w64-", "font-", "fonts-"))


def specifier(operator, version):
    """conda's `=1.2` is any 1.2; its `==1.2` and pip's are the same."""
    if not version or version == "*":
        return ""
    if operator != "=":
        return operator + version
    return "==" + (version if version.endswith("*") else version + ".*" if version.count(".") < 2 else version)
