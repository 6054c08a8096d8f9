"""YAML text to plain data, with the place of every key and value, by the meaning of YAML 1.2.

Built on libyaml's events (PyYAML), because the round-trip loader that knows YAML 1.2 takes 500 ms for 5,000 lines and
libyaml's own constructor means YAML 1.1 (``no`` is false), keeps the last of two equal keys without a word, and
expands alias bombs. Events carry no meaning, so the meaning is made here; ``tests/manifest`` proves it equal to
ruamel.yaml's on every document accepted.
"""

import difflib
import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeAlias

import yaml

from reconciler.manifest.scalars import Scalar, may_mean_more, plain
from reconciler.manifest.syntax import readable
from reconciler.model.errors import StudioError, Where

Data: TypeAlias = "Scalar | list[Data] | dict[str, Data]"

MOST_NODES = 200_000
"""Nodes after the expansion of aliases: twenty times a session of 500 plugins (9,500 nodes, measured)."""
MOST_LEVELS = 50
"""Nesting, aliases expanded."""

_CORE = "tag:yaml.org,2002:"
_CONFLICT = re.compile(r"^(?:<<<<<<<|>>>>>>>|\|\|\|\|\|\|\|)(?: |$)", re.MULTILINE)
# Line breaks to libyaml (YAML 1.1) but text to YAML 1.2, and a byte order mark in the middle; nobody means them.
_HIDDEN = re.compile("[\x85\u2028\u2029\ufeff]")
# A lone "!" makes `! 5` text; libyaml does not say whether it was there.
_BANG = re.compile(r"(?:^|[\s\[{,])!(?=\s|$)")
_COMMENT = re.compile(r"(?:(?<=[ \t])|^)#", re.MULTILINE)
_BANG_HERE = re.compile(r"(?:&\S+\s+)?!(?=\s|$)")


class Place(NamedTuple):
    """Where a node stands, from 1; its children by key (with the key's own line and column) or by index."""

    line: int
    column: int
    keys: "dict[str, tuple[int, int, Place]] | None" = None
    items: "list[Place] | None" = None


class Document(NamedTuple):
    """The mapping that a document is, and the places in it."""

    data: dict[str, Data]
    place: Place


class _Anchored(NamedTuple):
    """A node with an anchor: what each alias to it repeats."""

    data: Data
    place: Place
    nodes: int
    levels_below: int


class _Events(Protocol):
    def get_event(self) -> Any: ...
    def dispose(self) -> None: ...


_LOADER: Callable[[str], _Events] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str, file: str) -> Document | None:
    """Read one YAML document; None if there is nothing in it.

    Parameters
    ----------
    text
        The document.
    file
        What to call it in errors.

    Raises
    ------
    StudioError
        ``yaml-syntax``, ``conflict-marker``, ``hidden-character``, ``duplicate-key``, ``key-not-text``,
        ``unknown-tag``, ``unknown-anchor``, ``anchor-name``, ``alias-loop``, ``too-many-nodes``, ``too-deep``,
        ``merge``, ``not-a-mapping``, ``several-documents``, ``yaml-version``, ``disputed-value``, ``number-too-long``.
    """
    if found := _CONFLICT.search(text):
        raise StudioError(
            "conflict-marker",
            "an unresolved merge conflict",
            where=Where(file, text.count("\n", 0, found.start()) + 1, 1),
            hint="keep one of the two sides, take out the <<<<<<<, ======= and >>>>>>> lines, and save",
        )
    if found := _HIDDEN.search(text):
        raise StudioError(
            "hidden-character",
            f"an invisible character (U+{ord(found[0]):04X})",
            where=Where(file, *place_of(text, found.start())),
            hint="delete it; if a line should end there, press Enter instead",
        )
    try:
        loader = _LOADER(text)
        try:
            document = _Reader(loader, text, file).document()
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise readable(error, text, file) from None
    if "\t" in text:
        _refuse_tabs(text, file)
    return document


def _refuse_tabs(text: str, file: str) -> None:
    """Refuse tabs between values: libyaml takes them, ruamel.yaml does not, so such a file could not be edited."""
    covered = bytearray(len(text))
    loader = _LOADER(text)
    try:
        while not isinstance(event := loader.get_event(), yaml.StreamEndEvent):
            if isinstance(event, yaml.ScalarEvent) and event.style and event.start_mark and event.end_mark:
                start, end = event.start_mark.index, event.end_mark.index
                covered[start:end] = b"\1" * (end - start)
    finally:
        loader.dispose()
    index = text.find("\t")
    while index >= 0:
        after = index + 1
        if not covered[index]:
            line_start = text.rfind("\n", 0, index) + 1
            if all(covered[found.start()] for found in _COMMENT.finditer(text, line_start, index)):
                where = Where(file, *place_of(text, index))
                hint = "use spaces; YAML takes no tabs between values"
                raise StudioError("yaml-tab", "a tab", where=where, hint=hint)
            after = text.find("\n", index)  # the rest of the line is a comment
        index = text.find("\t", after) if after >= 0 else -1


def place_of(text: str, index: int) -> tuple[int, int]:
    """Return line and column, from 1, of the character at ``index``."""
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


class _Reader:
    """Makes nodes of events, one call a node; as deep as the document is, so never deeper than ``MOST_LEVELS``."""

    def __init__(self, loader: _Events, text: str, file: str) -> None:
        self.next = loader.get_event
        self.text = text
        self.bangs = _BANG.search(text) is not None
        self.file = file
        self.anchors: dict[str, _Anchored | None] = {}  # None while the node is still open
        self.nodes = 0
        self.deepest = 0

    def document(self) -> Document | None:
        self.next()  # the stream starts
        start = self.next()
        if isinstance(start, yaml.StreamEndEvent):
            return None
        if isinstance(start, yaml.DocumentStartEvent) and start.version not in (None, (1, 2)):
            message = "this file says it is YAML {}.{}".format(*start.version)
            raise self._error("yaml-version", message, start, "take the %YAML line out: manifests are YAML 1.2")
        data, place = self._node(self.next(), 1)
        end = self.next()
        if end.explicit:
            raise self._error("several-documents", "... ends the file before its end", end, "take the line out")
        after = self.next()
        if not isinstance(after, yaml.StreamEndEvent):
            hint = "one manifest a file: take the --- out"
            raise self._error("several-documents", "a second document begins here", after, hint)
        if not isinstance(data, dict):
            hint = "it begins with `version: 1`, `session: NAME`, and so on"
            raise self._error("not-a-mapping", "this is no mapping of keys to values", start, hint)
        return Document(data, place)

    def _node(self, event: yaml.NodeEvent, level: int) -> tuple[Data, Place]:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, level)
        anchor = event.anchor
        if anchor is None:
            return self._built(event, level)
        self._refuse_long_name("&", anchor, event)
        self.anchors[anchor] = None
        nodes, deepest, self.deepest = self.nodes, self.deepest, level
        data, place = self._built(event, level)
        self.anchors[anchor] = _Anchored(data, place, self.nodes - nodes, self.deepest - level)
        self.deepest = max(deepest, self.deepest)
        return data, place

    def _built(self, event: yaml.NodeEvent, level: int) -> tuple[Data, Place]:
        self._count(1, level, event)
        match event:
            case yaml.ScalarEvent():
                return self._scalar(event), Place(*_at(event))
            case yaml.MappingStartEvent():
                return self._mapping(event, level)
            case yaml.SequenceStartEvent():
                return self._sequence(event, level)
            case _:
                raise AssertionError(event)  # libyaml gives no other

    def _alias(self, event: yaml.AliasEvent, level: int) -> tuple[Data, Place]:
        name = event.anchor or ""
        self._refuse_long_name("*", name, event)
        if name not in self.anchors:
            close = difflib.get_close_matches(name, self.anchors, n=1)
            hint = f"did you mean *{close[0]}?" if close else f"set it first, with &{name}"
            raise self._error("unknown-anchor", f"nothing above is called &{name}", event, hint)
        target = self.anchors[name]
        if target is None:
            raise self._error("alias-loop", f"&{name} contains itself", event, "write its content out")
        self._count(target.nodes, level + target.levels_below, event)
        return target.data, target.place

    def _mapping(self, start: yaml.CollectionStartEvent, level: int) -> tuple[Data, Place]:
        self._plain_tag(start, "map")
        data: dict[str, Data] = {}
        keys: dict[str, tuple[int, int, Place]] = {}
        merged: list[tuple[Data, Place]] = []
        merges = False
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and _is_plain(event):
                if merges:
                    hint = "write one: `<<: [*one, *other]`"
                    raise self._error("duplicate-key", "<< stands here twice", event, hint)
                merges = True
                merged = self._merge(self.next(), level)
                continue
            key = self._key(event, level)
            if key in data:
                first = keys[key]
                message = f'"{key}" stands here twice, first in line {first[0]}'
                raise self._error("duplicate-key", message, event, "keep one of the two")
            data[key], place = self._node(self.next(), level + 1)
            keys[key] = (*_at(event), place)
        for source, source_place in merged:
            assert isinstance(source, dict)
            assert source_place.keys is not None
            for key, value in source.items():
                if key not in data:
                    data[key], keys[key] = value, source_place.keys[key]
        return data, Place(*_at(start), keys)

    def _key(self, event: yaml.NodeEvent, level: int) -> str:
        match event:
            case yaml.ScalarEvent(value=str(value)) if event.anchor is None:
                key: Data = self._scalar(event)
                written = value
            case yaml.ScalarEvent() | yaml.AliasEvent():
                key, _ = self._node(event, level + 1)
                written = str(key)
            case _:
                raise self._error("key-not-text", "a key must be one word or line of text", event)
        if not isinstance(key, str):
            message = f"the key {written} is not text" if written else "a key is missing before the colon"
            hint = f'put it in quotes: "{written}"' if written else None
            raise self._error("key-not-text", message, event, hint)
        return key

    def _merge(self, event: yaml.NodeEvent, level: int) -> list[tuple[Data, Place]]:
        data, place = self._node(event, level + 1)
        sources: list[tuple[Data, Place]] = [(data, place)]
        if isinstance(data, list):
            sources = list(zip(data, place.items or (), strict=True))
        if not all(isinstance(source, dict) for source, _ in sources):
            hint = "write `<<: *name`, where &name marks a mapping"
            raise self._error("merge", "<< takes a mapping, or a list of mappings", event, hint)
        return sources

    def _sequence(self, start: yaml.CollectionStartEvent, level: int) -> tuple[Data, Place]:
        self._plain_tag(start, "seq")
        data: list[Data] = []
        items: list[Place] = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            value, place = self._node(event, level + 1)
            data.append(value)
            items.append(place)
        return data, Place(*_at(start), None, items)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        word: str = event.value
        if self.bangs:
            self._refuse_bang(event)
        if event.tag is None or event.tag == "!":
            if not _is_plain(event) or not may_mean_more(word):
                return word
            return plain(word, self._where(event))
        kind = event.tag.removeprefix(_CORE)
        if kind == "str":
            return word
        value = plain(word, self._where(event))
        match kind, value:
            case "float", int() if not isinstance(value, bool) and word.lstrip("+-").isdigit():
                return float(value)
            case ("int", int()) | ("float", float()) | ("null", None) if not isinstance(value, bool):
                return value
            case "bool", bool():
                return value
            case (("int" | "float" | "null" | "bool"), _):
                raise self._error("unknown-tag", f"{word} is no {kind}", event, f"take the !!{kind} out")
        raise self._unknown_tag(event)

    def _plain_tag(self, event: yaml.CollectionStartEvent, kind: str) -> None:
        if self.bangs:
            self._refuse_bang(event)
        if event.tag not in (None, "!", _CORE + kind):
            raise self._unknown_tag(event)

    def _refuse_long_name(self, sign: str, name: str, event: yaml.Event) -> None:
        """Refuse ``&a:b``: libyaml ends the name at the colon (YAML 1.1), ruamel.yaml does not."""
        start = self.text.find(sign + name, event.start_mark.index if event.start_mark else 0)
        after = self.text[start + 1 + len(name) : start + 2 + len(name)]
        if after and not after.isspace() and after not in ",]}":
            raise self._error("anchor-name", f"{sign}{name} is followed by {after}", event, "put a space between them")

    def _refuse_bang(self, event: yaml.Event) -> None:
        if event.start_mark and _BANG_HERE.match(self.text, event.start_mark.index):
            raise self._error("unknown-tag", "a bare ! means nothing here", event, "put the whole value in quotes")

    def _unknown_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> StudioError:
        tag = (event.tag or "").replace(_CORE, "!!")
        return self._error(
            "unknown-tag", f"the tag {tag} means nothing here", event, "take it out; manifests need no tags"
        )

    def _count(self, nodes: int, level: int, event: yaml.NodeEvent) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            message = f"this file unfolds to more than {MOST_NODES} values"
            raise self._error("too-many-nodes", message, event, "aliases (*name) multiply what they repeat: use fewer")
        if level > self.deepest:
            self.deepest = level
            if level > MOST_LEVELS:
                raise self._error("too-deep", f"more than {MOST_LEVELS} levels of nesting", event)

    def _where(self, event: yaml.Event) -> Where:
        return Where(self.file, *_at(event))

    def _error(self, code: str, message: str, event: yaml.Event, hint: str | None = None) -> StudioError:
        return StudioError(code, message, where=self._where(event), hint=hint)


def _at(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    assert mark is not None  # only events made by hand have none
    return mark.line + 1, mark.column + 1


def _is_plain(event: yaml.ScalarEvent) -> bool:
    return bool(event.implicit[0]) and not event.style
