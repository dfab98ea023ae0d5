"""What pip's settings say about package indexes, as variables of another installer. Values can hold passwords.

  index_settings.py uv|poetry|pipenv|pdm
Prints `NAME=value` lines.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from simple_index import settings  # noqa: E402

# uv reads no index in place of the public one that its lock file names: see locked::_sync_uv_from_index.
NAMES = {
    "tools": {
        "index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS", "no-index": "UV_NO_INDEX",
        "cert": "SSL_CERT_FILE", "trusted-host": "UV_INSECURE_HOST",
    },
    "uv": {"index-url": "OWN_INDEX_URL", "cert": "SSL_CERT_FILE"},
    "poetry": {"index-url": "POETRY_PYPI_MIRROR_URL", "cert": "REQUESTS_CA_BUNDLE"},
    "pipenv": {"index-url": "PIPENV_PYPI_MIRROR", "cert": "REQUESTS_CA_BUNDLE"},
    "pdm": {"index-url": "PDM_PYPI_URL", "cert": "PDM_PYPI_CA_CERTS"},
}


def main(installer):
    for name, value in settings().items():
        variable = NAMES[installer].get(name)
        if variable and value and variable not in os.environ:
            print(f"{variable}={' '.join(value.split())}")


if __name__ == "__main__":
    main(sys.argv[1])
