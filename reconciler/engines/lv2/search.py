"""Finding a plugin that somebody half remembers."""

from collections.abc import Iterable, Sequence

import msgspec


class Found(msgspec.Struct, frozen=True):
    """What a list says of a plugin."""

    uri: str
    name: str
    author: str | None
    category: str | None
    bundle: str


def ranked(installed: Sequence[Found], words: Iterable[str]) -> list[Found]:
    """Return the plugins in whose name, URI, author or category every word occurs, best match first.

    Parameters
    ----------
    installed
        In the order to keep where two match equally well.
    words
        Upper and lower case are the same.
    """
    wanted = [word.casefold() for word in words]
    matches = [(rank, found) for found in installed if (rank := _rank(found, wanted)) is not None]
    matches.sort(key=lambda match: match[0])
    return [found for _, found in matches]


def closest(installed: Sequence[Found], asked: str, count: int) -> list[str]:
    """Return the URIs of the plugins whose name or URI is most like what was asked for, at most ``count``."""
    import difflib

    wanted = asked.removeprefix("lv2:").casefold()
    names: dict[str, str] = {}
    for found in installed:
        names.setdefault(found.name.casefold(), found.uri)
    uris = {found.uri.removeprefix("lv2:").casefold(): found.uri for found in installed}
    near = [names[name] for name in difflib.get_close_matches(wanted, names, count, 0.75)]
    near += [uris[uri] for uri in difflib.get_close_matches(wanted, uris, count, 0.85)]
    return list(dict.fromkeys(near))[:count]


def _rank(found: Found, words: Iterable[str]) -> int | None:
    """Return how well a plugin matches, 0 is best; None if a word does not occur at all."""
    total = 0
    name = found.name.casefold()
    starts = name.replace("-", " ").split()
    for word in words:
        if word in starts:
            continue
        if any(start.startswith(word) for start in starts):
            total += 1
        elif word in name or word in (found.category or "").casefold():
            total += 2
        elif word in found.uri.casefold():
            total += 4
        elif word in (found.author or "").casefold():
            total += 5
        else:
            return None
    return total
