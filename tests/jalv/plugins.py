"""Plugins of Debian that the tests of jalv use, and how to write one's own bundle."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from reconciler.model.catalogue import Catalogue, PluginType

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
BALANCE = "lv2:http://gareus.org/oss/lv2/balance"
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"
FIL4 = "lv2:http://gareus.org/oss/lv2/fil4#mono"
METER = "lv2:http://gareus.org/oss/lv2/meters#K20stereo"
"""Its control ``ref`` has the property notOnGUI."""
RESONATOR = "lv2:http://plugin.org.uk/swh-plugins/lowpass_iir"
"""The range of its control ``cutoff`` follows the sample rate."""

PREFIXES = """
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


class Known:
    """A catalogue with some plugins told differently."""

    def __init__(self, inner: Catalogue, plugins: Sequence[PluginType]) -> None:
        self._inner = inner
        self._plugins = {plugin.uri: plugin for plugin in plugins}

    @property
    def formats(self) -> frozenset[str]:
        return self._inner.formats

    def describe(self, uri: str) -> PluginType | None:
        return self._plugins.get(uri) or self._inner.describe(uri)

    def uris(self) -> list[str]:
        return sorted({*self._inner.uris(), *self._plugins})

    def package(self, uri: str) -> str | None:
        return self._inner.package(uri)


def known(catalogue: Catalogue, uri: str, **changes: object) -> PluginType:
    """Return a plugin as the catalogue has it, but for some changes."""
    plugin = catalogue.describe(uri)
    assert plugin is not None
    return msgspec.structs.replace(plugin, **changes)


def bundle(folder: Path, name: str, turtle: str) -> Path:
    """Write a bundle and return its folder."""
    made = folder / f"{name}.lv2"
    made.mkdir(parents=True)
    (made / "manifest.ttl").write_text(PREFIXES + turtle, encoding="utf-8")
    return made
