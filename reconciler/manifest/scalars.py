"""Plain YAML scalars: what an unquoted word means, by the core schema of YAML 1.2 (chapter 10.3.2).

``no``, ``on`` and ``1:30`` are text, ``017`` is seventeen, ``0o17`` is fifteen, ``1e3`` is a float. A few words mean
one thing to the core schema and another to the YAML 1.2 tools people edit with (ruamel.yaml 0.19 reads ``1_000`` as a
thousand, ``0b11`` as three, ``2024-05-01`` as a date): they are refused, so that a file never means two things.
"""

import re

from reconciler.model.errors import StudioError, Where

Scalar = str | int | float | bool | None

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INFINITIES = {
    f"{sign}.{word}": float(f"{sign or '+'}inf") for sign in ("", "+", "-") for word in ("inf", "Inf", "INF")
}
_NAN = frozenset((".nan", ".NaN", ".NAN"))

# Only words that begin like this can be anything but text (or be refused).
_FIRST = frozenset("+-.0123456789~nNtTfF<=")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[+-]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?")

# What ruamel.yaml 0.19.1 resolves otherwise (its resolver.py, implicit resolvers of version 1.2).
_DISPUTED = re.compile(
    r"""[+-]?[0-9._]*_[0-9._]*(?:[eE][+-]?[0-9]+)?          # 1_000
    | [+-]?0b[01_]+ | [+-]?0[ox][0-9a-fA-F_]+               # 0b11, +0x1F
    | [+-]?\.[0-9]+[eE][0-9]+                               # .5e3
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ ]+)[0-9].*)?  # 2024-05-01
    | << | =""",
    re.VERBOSE,
)
_LONGEST = 400  # digits; Python itself refuses to read integers of more than 4300


def may_mean_more(word: str) -> bool:
    """Whether an unquoted scalar can be anything but text, from its first letter; most are spared the look."""
    return not word or word[0] in _FIRST


def plain(word: str, where: Where) -> Scalar:
    """Return what an unquoted scalar means.

    Raises
    ------
    StudioError
        ``disputed-value``, ``number-too-long``.
    """
    if word in _WORDS:
        return _WORDS[word]
    based = _BASED.fullmatch(word)
    if based or _FLOAT.fullmatch(word):
        if len(word) > _LONGEST:
            raise StudioError("number-too-long", f"a number of {len(word)} digits", where=where)
        if based:
            return int(word, 0)
        if _INTEGER.fullmatch(word):
            return int(word)
        if not _DISPUTED.fullmatch(word):
            return float(word)
    if word in _INFINITIES:
        return _INFINITIES[word]
    if word in _NAN:
        return float("nan")
    if _DISPUTED.fullmatch(word):
        raise _disputed(word, where)
    return word


def _disputed(word: str, where: Where) -> StudioError:
    hint = f'if it is text, put it in quotes: "{word}"'
    if word[0] not in "<=" and "-" not in word[1:]:
        hint += "; if it is a number, write it plainly, as in 1000 or 0.5"
    message = f"YAML programs do not agree on what {word} means"
    return StudioError("disputed-value", message, where=where, hint=hint)
