"""A thin binding of liblilv, the library that every LV2 host reads plugin data with.

Debian 12 has no ``python3-lilv``, so this goes through ctypes. Pointers are plain integers, 0 for none. Only the
scanner process loads the library: a plugin's data that crashes it must not take the studio along.
"""

import ctypes
import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

LIBRARY = "liblilv-0.so.0"

_NOTHING: AbstractContextManager[Sequence[int]] = nullcontext(())

_POINTER = ctypes.c_void_p
_FLOATS = ctypes.POINTER(ctypes.c_float)

# Result and arguments of each function used; all are in lilv 0.24 and 0.26 alike.
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "lilv_world_new": (_POINTER,),
    "lilv_world_free": (None, _POINTER),
    "lilv_world_load_bundle": (None, _POINTER, _POINTER),
    "lilv_world_load_resource": (ctypes.c_int, _POINTER, _POINTER),
    "lilv_world_get_all_plugins": (_POINTER, _POINTER),
    "lilv_world_find_nodes": (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER),
    "lilv_world_get": (_POINTER, _POINTER, _POINTER, _POINTER, _POINTER),
    "lilv_world_get_symbol": (_POINTER, _POINTER, _POINTER),
    "lilv_new_uri": (_POINTER, _POINTER, ctypes.c_char_p),
    "lilv_new_file_uri": (_POINTER, _POINTER, ctypes.c_char_p, ctypes.c_char_p),
    "lilv_node_free": (None, _POINTER),
    "lilv_node_is_uri": (ctypes.c_bool, _POINTER),
    "lilv_node_is_string": (ctypes.c_bool, _POINTER),
    "lilv_node_is_float": (ctypes.c_bool, _POINTER),
    "lilv_node_is_int": (ctypes.c_bool, _POINTER),
    "lilv_node_as_string": (ctypes.c_char_p, _POINTER),
    "lilv_node_as_float": (ctypes.c_float, _POINTER),
    "lilv_node_as_int": (ctypes.c_int, _POINTER),
    "lilv_nodes_free": (None, _POINTER),
    "lilv_nodes_begin": (_POINTER, _POINTER),
    "lilv_nodes_next": (_POINTER, _POINTER, _POINTER),
    "lilv_nodes_is_end": (ctypes.c_bool, _POINTER, _POINTER),
    "lilv_nodes_get": (_POINTER, _POINTER, _POINTER),
    "lilv_plugins_begin": (_POINTER, _POINTER),
    "lilv_plugins_next": (_POINTER, _POINTER, _POINTER),
    "lilv_plugins_is_end": (ctypes.c_bool, _POINTER, _POINTER),
    "lilv_plugins_get": (_POINTER, _POINTER, _POINTER),
    "lilv_plugin_get_uri": (_POINTER, _POINTER),
    "lilv_plugin_get_name": (_POINTER, _POINTER),
    "lilv_plugin_get_author_name": (_POINTER, _POINTER),
    "lilv_plugin_get_value": (_POINTER, _POINTER, _POINTER),
    "lilv_plugin_get_required_features": (_POINTER, _POINTER),
    "lilv_plugin_verify": (ctypes.c_bool, _POINTER),
    "lilv_plugin_get_num_ports": (ctypes.c_uint32, _POINTER),
    "lilv_plugin_get_port_by_index": (_POINTER, _POINTER, ctypes.c_uint32),
    "lilv_plugin_get_port_ranges_float": (None, _POINTER, _FLOATS, _FLOATS, _FLOATS),
    "lilv_port_get_symbol": (_POINTER, _POINTER, _POINTER),
    "lilv_port_get_name": (_POINTER, _POINTER, _POINTER),
    "lilv_port_get_value": (_POINTER, _POINTER, _POINTER, _POINTER),
    "lilv_port_is_a": (ctypes.c_bool, _POINTER, _POINTER, _POINTER),
    "lilv_port_supports_event": (ctypes.c_bool, _POINTER, _POINTER, _POINTER),
}


class Lilv:
    """The loaded library.

    Parameters
    ----------
    library
        The name the dynamic linker looks up.

    Raises
    ------
    OSError
        The library is not installed.
    """

    def __init__(self, library: str = LIBRARY) -> None:
        self.c: Any = ctypes.CDLL(library)
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(self.c, name)
            function.restype = result
            function.argtypes = arguments

    @contextmanager
    def world(self) -> Iterator["World"]:
        """Open an empty world; whatever was read into it is freed at the end."""
        pointer = self.c.lilv_world_new()
        try:
            yield World(self.c, pointer)
        finally:
            self.c.lilv_world_free(pointer)


class World:
    """One set of loaded data, and the questions that can be asked of it.

    Every method that returns text or numbers has freed the nodes behind them; the integers given out are nodes that
    the world owns and that live as long as it does.
    """

    def __init__(self, library: Any, pointer: int) -> None:
        self.c = library
        self.pointer = pointer
        self._uris: dict[str, int] = {}

    def uri(self, text: str) -> int:
        """Return the node of a URI."""
        node = self._uris.get(text)
        if node is None:
            node = self._uris[text] = self.c.lilv_new_uri(self.pointer, text.encode())
        return node

    def load_bundle(self, bundle: Path) -> None:
        """Read a bundle's manifest. lilv reports mistakes on stderr only."""
        # The slash at the end is what lilv itself appends; relative URIs are resolved against it.
        node = self.c.lilv_new_file_uri(self.pointer, None, f"{bundle}/".encode(errors="surrogateescape"))
        self.c.lilv_world_load_bundle(self.pointer, node)
        self.c.lilv_node_free(node)

    def load_resource(self, node: int) -> None:
        """Read the files that the data names for it (``rdfs:seeAlso``)."""
        self.c.lilv_world_load_resource(self.pointer, node)

    def plugins(self) -> Iterator[int]:
        """Iterate over the plugins of the loaded bundles."""
        every = self.c.lilv_world_get_all_plugins(self.pointer)
        position = self.c.lilv_plugins_begin(every)
        while not self.c.lilv_plugins_is_end(every, position):
            yield self.c.lilv_plugins_get(every, position)
            position = self.c.lilv_plugins_next(every, position)

    def owned(self, nodes: int) -> AbstractContextManager[Sequence[int]]:
        """Give the nodes of a collection (0: none), and free it and them at the end."""
        # Most ports have neither unit nor scale points: not opening anything for them saves a sixth of a scan.
        return self._opened(nodes) if nodes else _NOTHING

    def subjects(self, predicate: str, value: str) -> AbstractContextManager[Sequence[int]]:
        """Give every node that has that property with that URI as its value."""
        return self.owned(self.c.lilv_world_find_nodes(self.pointer, None, self.uri(predicate), self.uri(value)))

    def objects(self, subject: int, predicate: str) -> AbstractContextManager[Sequence[int]]:
        """Give every value of a property of a node."""
        return self.owned(self.c.lilv_world_find_nodes(self.pointer, subject, self.uri(predicate), None))

    def port_values(self, plugin: int, port: int, predicate: str) -> AbstractContextManager[Sequence[int]]:
        """Give every value of a property of a port."""
        return self.owned(self.c.lilv_port_get_value(plugin, port, self.uri(predicate)))

    def texts(self, subject: int, predicate: str) -> list[str]:
        """Return every value of a property as text, sorted (lilv's order is that of addresses in memory)."""
        with self.objects(subject, predicate) as nodes:
            return sorted(self.text(node) for node in nodes)

    def port_texts(self, plugin: int, port: int, predicate: str) -> list[str]:
        """Return every value of a port's property as text, sorted."""
        found = self.c.lilv_port_get_value(plugin, port, self.uri(predicate))
        if not found:
            return []
        with self._opened(found) as nodes:
            return sorted(self.text(node) for node in nodes)

    def first_text(self, subject: int, predicate: str) -> str | None:
        """Return one value of a property as text, or None."""
        return self.owned_text(self.c.lilv_world_get(self.pointer, subject, self.uri(predicate), None))

    def first_number(self, subject: int, predicate: str) -> float | None:
        """Return one value of a property if it is a finite number, as float32."""
        node = self.c.lilv_world_get(self.pointer, subject, self.uri(predicate), None)
        if not node:
            return None
        value = self.number(node)
        self.c.lilv_node_free(node)
        return value

    def symbol(self, node: int) -> str | None:
        """Return a node's ``lv2:symbol``, or one made of the end of its URI."""
        return self.owned_text(self.c.lilv_world_get_symbol(self.pointer, node))

    def text(self, node: int) -> str:
        """Return a node as text: a literal's value, a URI, or a blank node's name."""
        raw: bytes | None = self.c.lilv_node_as_string(node)
        return raw.decode(errors="replace") if raw else ""

    def owned_text(self, node: int) -> str | None:
        """Return a node's text and free the node; None if there is none."""
        if not node:
            return None
        value = self.text(node)
        self.c.lilv_node_free(node)
        return value

    def number(self, node: int) -> float | None:
        """Return a node's value as float32, or None if it is not a finite number."""
        if not (self.c.lilv_node_is_float(node) or self.c.lilv_node_is_int(node)):
            return None
        return finite(self.c.lilv_node_as_float(node))

    def ranges(self, plugin: int, ports: int) -> tuple[list[float], list[float], list[float]]:
        """Return the minima, maxima and defaults of all ports, by index; NaN where none is stated."""
        minima, maxima, defaults = ((ctypes.c_float * ports)() for _ in range(3))
        self.c.lilv_plugin_get_port_ranges_float(plugin, minima, maxima, defaults)
        return list(minima), list(maxima), list(defaults)

    @contextmanager
    def _opened(self, nodes: int) -> Iterator[Sequence[int]]:
        try:
            yield list(self._each(nodes))
        finally:
            self.c.lilv_nodes_free(nodes)

    def _each(self, nodes: int) -> Iterator[int]:
        position = self.c.lilv_nodes_begin(nodes)
        while not self.c.lilv_nodes_is_end(nodes, position):
            yield self.c.lilv_nodes_get(nodes, position)
            position = self.c.lilv_nodes_next(nodes, position)


def finite(value: float) -> float | None:
    """Return the number, or None for NaN and infinity, which plugins write for "no bound"."""
    return value if math.isfinite(value) else None
