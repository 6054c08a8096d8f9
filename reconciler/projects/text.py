"""The text of a manifest that a machine wrote: what is short on one line, everything else under it.

Written by hand, not by ruamel.yaml: a hundred plugins take that emitter longer than everything else an import does
together (measured in ``tests/benchmarks/test_projects.py``), and here is nothing to preserve.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.manifest.scalars import may_mean_more, plain
from reconciler.model.errors import StudioError, Where

_WIDTH = 110
_PLAIN = re.compile(r"(?:[^\W\d]|[0-9]|[-+.][0-9])[^\x00-\x1f\x7f]*")
_SIMPLE = re.compile(r"[A-Za-z_][A-Za-z0-9_/#.-]*")
_STRUCTURE = re.compile(r":(?:\s|$)|\s#|^\s|\s$")
_FLOW = re.compile(r"[,\[\]{}?]")
_OTHER_TOOLS_WORDS = frozenset(("yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "inf"))
"""Words that YAML 1.1 tools take for something else, in lower case."""


def render(manifest: Mapping[str, Any], comments: Sequence[str]) -> str:
    """Return a manifest's text, with comments at the top."""
    lines = [f"# {line}".rstrip() for comment in comments for line in comment.splitlines() or [""]]
    lines += _mapping(manifest, "", top=True)
    return "\n".join(lines) + "\n"


def _mapping(entries: Mapping[str, Any], indent: str, *, top: bool = False) -> Iterator[str]:
    for key, value in entries.items():
        if top and isinstance(value, dict | list):
            yield ""
        yield from _entry(f"{indent}{_scalar(key, flow=False)}:", value, indent)


def _entry(head: str, value: Any, indent: str) -> Iterator[str]:
    deep = isinstance(value, dict) and any(isinstance(each, dict) for each in value.values())
    if isinstance(value, list) and not indent:
        yield head
        for each in value:
            yield f"{indent}  - {_inline(each, flow=False)}"
        return
    if not deep:
        short = f"{head} {_inline(value, flow=False)}"
        if not isinstance(value, dict) or len(short) <= _WIDTH:
            yield short
            return
    yield head
    yield from _mapping(value, indent + "  ")


def _inline(value: Any, *, flow: bool) -> str:
    match value:
        case dict():
            return (
                "{ " + ", ".join(f"{_scalar(k, flow=True)}: {_inline(v, flow=True)}" for k, v in value.items()) + " }"
            )
        case list():
            return "[" + ", ".join(_inline(each, flow=True) for each in value) + "]"
        case _:
            return _scalar(value, flow=flow)


def _scalar(value: object, *, flow: bool) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            text = str(value)
            return text if _stays_itself(text, flow=flow) else _quoted(text)


def _stays_itself(text: str, *, flow: bool) -> bool:
    """Whether a text may stand without quotes: to us, and to the tools that read YAML 1.1."""
    if _SIMPLE.fullmatch(text):
        return text.casefold() not in _OTHER_TOOLS_WORDS
    if not _PLAIN.fullmatch(text) or not text.isprintable() or _STRUCTURE.search(text):
        return False
    if text.casefold() in _OTHER_TOOLS_WORDS or (flow and _FLOW.search(text)):
        return False
    if not may_mean_more(text):
        return True
    if re.fullmatch(r"[-+0-9.:_eExXoO]+", text):
        return False
    try:
        return plain(text, Where()) == text
    except StudioError:  # YAML programs do not agree on it
        return False


def _quoted(text: str) -> str:
    return '"' + "".join(map(_letter, text)) + '"'


def _letter(letter: str) -> str:
    match letter:
        case '"' | "\\":
            return f"\\{letter}"
        case "\n":
            return "\\n"
        case _ if letter.isprintable():
            return letter
        case _:
            code = ord(letter)
            return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
