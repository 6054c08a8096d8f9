"""What the scanner process says, one line of JSON each."""

import msgspec


class Hello(msgspec.Struct, frozen=True, tag="hello", tag_field="line"):
    """First: lilv is loaded."""

    library: str
    """The file it was loaded from; empty if that cannot be told."""
    default_path: str
    """Where lilv looks for bundles if LV2_PATH is not set."""


class Missing(msgspec.Struct, frozen=True, tag="missing", tag_field="line"):
    """First and last: lilv is not installed."""

    reason: str


class Begin(msgspec.Struct, frozen=True, tag="begin", tag_field="line"):
    """The bundle about to be read: the one to blame if nothing follows."""

    bundle: str


class PluginLine(msgspec.Struct, frozen=True, tag="plugin", tag_field="line"):
    """A plugin of the bundle. What a search needs stands beside ``body``, which nobody has to decode until asked."""

    uri: str
    name: str
    author: str | None
    category: str | None
    version: tuple[int, int]
    body: msgspec.Raw
    """A :class:`~reconciler.model.catalogue.PluginType` without its presets."""


class PresetsLine(msgspec.Struct, frozen=True, tag="presets", tag_field="line"):
    """The presets of this bundle for one plugin, which may live in another bundle."""

    plugin: str
    """``lv2:`` URI."""
    body: msgspec.Raw
    """A list of :class:`~reconciler.model.catalogue.PresetInfo`."""


class FlawLine(msgspec.Struct, frozen=True, tag="flaw", tag_field="line"):
    """Something in the bundle that had to be left out."""

    subject: str | None
    """URI of the plugin or preset; None: the whole bundle."""
    reason: str


class End(msgspec.Struct, frozen=True, tag="end", tag_field="line"):
    """The bundle is read."""

    bundle: str


Line = Hello | Missing | Begin | PluginLine | PresetsLine | FlawLine | End
