"""Names as a picture may show them. They come from manifests and from other programs, and may hold any character."""

import functools
import re
import unicodedata
from collections.abc import Sequence

ELLIPSIS = "\u2026"
_DIGITS = re.compile(r"(\d+)")
_LAST_WORD = re.compile(r"[0-9A-Za-z]*\Z")
_LONGEST_REST = 6
_MOST_RESTS = 4


def clean(name: str) -> str:
    """Return a name with every character that does not print, or turns the writing around, spelled out."""
    if name.isprintable():
        return name
    return "".join(character if character.isprintable() else _spelled(ord(character)) for character in name)


def _spelled(code: int) -> str:
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def natural(name: str) -> list[str | int]:
    """Return a key that sorts ``out_2`` before ``out_10``."""
    return [int(part) if place % 2 else part for place, part in enumerate(_DIGITS.split(name))]


def width(text: str) -> int:
    """Return how many columns a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


@functools.cache  # a picture asks for the same few arrows and letters ten thousand times
def _columns(character: str) -> int:
    return 0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")


def cut(text: str, most: int) -> str:
    """Return a text of at most ``most`` columns: its middle goes, as names differ at their ends."""
    if width(text) <= most:
        return text
    head, tail = "", ""
    room = most - 1
    for place in range(len(text)):
        left, right = text[place], text[-1 - place]
        if width(head) + width(tail) + width(left) > room:
            break
        head += left
        if width(head) + width(tail) + width(right) > room:
            break
        tail = right + tail
    return f"{head}{ELLIPSIS}{tail}"


def wrapped(text: str, most: int) -> list[str]:
    """Return a text in lines of at most ``most`` columns, broken between words; a longer word loses its middle."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(lines[-1]) + 1 + width(word) <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(cut(word, most))
    return lines


def joined(names: Sequence[str]) -> str:
    """Return several ports in one: ``out_l+r``, ``left+right_in``, ``out_1…8``; of none, nothing."""
    if len(names) < 2:
        return "".join(names)
    start = _common(names)
    if start[-1:].isdigit() or any(len(name) > len(start) + 1 for name in names):
        start = _whole_words(start)  # out_10 and out_11 are not out_1, 0 and 1
    if len(names) > _MOST_RESTS:
        return f"{names[0]}{ELLIPSIS}{names[-1][len(start) :]}"
    end = _whole_words(_common([name[::-1] for name in names]))[::-1]
    start, end = (start, "") if len(start) > 1 else ("", end)
    rests = [name[len(start) : len(name) - len(end)] for name in names]
    if (start or len(end) > 1) and all(0 < len(rest) <= _LONGEST_REST for rest in rests):
        return f"{start}{'+'.join(rests)}{end}"
    return ", ".join(names)


def _common(names: Sequence[str]) -> str:
    """Return what all of them begin with."""
    low, high = min(names), max(names)
    pairs = enumerate(zip(low, high, strict=False))
    return low[: next((place for place, (one, other) in pairs if one != other), len(low))]


def _whole_words(text: str) -> str:
    """Return a text without the word that it breaks off in."""
    return _LAST_WORD.sub("", text)
