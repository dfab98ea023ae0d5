"""Reads TOML with nothing but Python itself."""
import re

SIMPLE = re.compile(r"""\s*["']?([A-Za-z0-9_.-]+)["']?\s*=\s*(?:"([^"\\]*)"|'([^']*)'|(\[.*\])|(true|false))\s*(?:#.*)?$""")


def parse(text):
    """The document as a dict. ValueError, with the place, when it's no TOML."""
    try:
        import tomllib
    except ImportError:
        return parse_simply(text)
    return tomllib.loads(text)


def parse_simply(text):
    """Python 3.10 and older have no TOML: tables, and values of one line, which is where versions and the like are stated."""
    result = {}
    table = result
    for line in text.splitlines():
        header = re.match(r"\s*\[(\[?)([^\[\]]+)\]", line)
        value = SIMPLE.match(line)
        if header:
            table = result
            for part in re.findall(r'"[^"]*"|[^.\s"]+', header[2]):
                inner = table.setdefault(part.strip('"'), {})
                table = inner if isinstance(inner, dict) else {}
        elif value:
            plain = value[2] if value[2] is not None else value[3]
            if plain is None:
                plain = re.findall(r"""["']([^"']*)["']""", value[4]) if value[4] else value[5] == "true"
            table[value[1]] = plain
    return result
