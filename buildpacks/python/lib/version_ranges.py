"""Ranges of Python versions: PEP 440's, and Poetry's way of writing them."""
import re

CLAUSE = re.compile(r"(===|==|!=|~=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?((?:a|b|rc|\.?dev|\.?post)\d*)?$")


def matches(specifier, version):
    """PEP 440 for final releases: every clause, parted by commas, of one of the alternatives, parted by `||`, must hold.
    ValueError when it can't be read."""
    return any([all_hold(alternative, tuple(version)) for alternative in specifier.split("||")])


def all_hold(specifier, version):
    holds = True
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
        holds = holds and {
            "===": version == padded,
            "==": prefix if match[3] else version == padded,
            "!=": not prefix if match[3] else version != padded,
            "~=": version >= padded and version[: len(bound) - 1] == bound[:-1],
            ">=": version >= padded,
            "<=": version <= padded,
            ">": version > padded,
            "<": version < padded,
        }[operator]
    return holds


def numbers(text):
    return tuple(int(part) for part in text.split("."))


def possible(specifier, versions):
    """Whether one of the versions, or a later patch of one of `X.Y`, is in the range."""
    return any(matches(specifier, version) for text in versions for version in patches(numbers(text)))


def patches(version):
    return [version] if len(version) > 2 else [(*version, patch) for patch in range(60)]


def poetry_range(text):
    """`^3.11` as `>=3.11,<4`. ValueError when it can't be read."""
    return "||".join(",".join(poetry_clauses(part)) for part in re.split(r"\|\|?", text))


def poetry_clauses(text):
    text = re.sub(r"(===|==|!=|~=|<=|>=|<|>|\^|~)\s+", r"\1", text.strip())
    for clause in re.split(r"[\s,]+", text):
        match = re.fullmatch(r"(\^|~(?!=))?v?(\d+(?:\.\d+)*)(\.\*|\.x)?", clause)
        if clause in ("*", ""):
            continue
        if not match:
            if not CLAUSE.match(clause):
                raise ValueError(clause)
            yield clause
            continue
        parts = numbers(match[2])
        if match[1]:
            place = 0 if match[1] == "^" or len(parts) == 1 else 1
            yield ">=" + match[2]
            yield "<" + ".".join(map(str, (*parts[:place], parts[place] + 1)))
        else:
            # Poetry means X.Y.0 by X.Y, and says so itself; here it's the wish for any X.Y.
            yield "==" + match[2] + (".*" if match[3] or len(parts) < 3 else "")
