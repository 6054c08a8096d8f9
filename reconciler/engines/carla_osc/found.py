"""What a plugin that runs in somebody's Carla is: by the catalogue, else by what Carla itself tells."""

from collections.abc import Callable, Mapping

from reconciler.engines.carla.describe import made_symbols
from reconciler.engines.carla.formats import TRAITS, Format
from reconciler.engines.carla_osc.mirror import MirroredPlugin
from reconciler.model.catalogue import Catalogue, ParameterInfo, PluginType
from reconciler.model.errors import StudioError

LV2 = 4
"""``PluginType`` of CarlaBackend.h."""

_INPUT, _ENABLED = 1, 0x10
_BOOLEAN, _INTEGER = 0x1, 0x2
UriOf = Callable[[int, str, str, int], str | None]
"""Type, file, label and unique id, as Carla tells them, to the URI; ``CarlaCatalogue.uri_of``."""


class Identifier:
    """Tells of the plugins of a running Carla what they are.

    Parameters
    ----------
    catalogue
        What is installed.
    uri_of
        Looks a plugin up by what Carla says of it; for LV2 that is its URI anyway.
    """

    def __init__(self, catalogue: Catalogue, uri_of: UriOf) -> None:
        self._catalogue = catalogue
        self._uri_of = uri_of
        self._uris: dict[tuple[int, str, str, int], str] = {}
        self._kinds: dict[str, PluginType | None] = {}

    def uri(self, plugin: MirroredPlugin) -> str:
        """Return its URI, in the one form where the catalogue knows it."""
        key = plugin.type, plugin.filename, plugin.label, plugin.unique_id
        if key not in self._uris:
            self._uris[key] = f"lv2:{plugin.label}" if plugin.type == LV2 else self._uri_of(*key) or _made_uri(plugin)
        return self._uris[key]

    def kind(self, plugin: MirroredPlugin) -> PluginType:
        """Return what it is."""
        uri = self.uri(plugin)
        if uri not in self._kinds:
            try:
                self._kinds[uri] = self._catalogue.describe(uri)
            except StudioError:  # the catalogue cannot load it here; Carla has it loaded, so Carla can tell
                self._kinds[uri] = None
        return self._kinds[uri] or _as_carla_tells(uri, plugin)

    def port_numbers(self, plugin: MirroredPlugin) -> Mapping[int, int]:
        """Return the number of the plugin's own port by the index of the input parameter.

        OSC does not tell them. Carla goes through an LV2 plugin's control ports in order; what it has besides
        (parameters that are no ports) or what the catalogue leaves out shows in the names.
        """
        if plugin.type != LV2:
            return {}
        inputs = [(index, one.name) for index, one in enumerate(plugin.parameters) if one.type == _INPUT]
        known = sorted(self.kind(plugin).parameters, key=lambda info: info.index)
        if len(inputs) == len(known):
            return {index: info.index for (index, _), info in zip(inputs, known, strict=True)}
        numbers: dict[int, int] = {}
        at = 0
        for index, name in inputs:
            place = next((place for place in range(at, len(known)) if known[place].name == name), None)
            if place is not None:
                numbers[index] = known[place].index
                at = place + 1
        return numbers


def _made_uri(plugin: MirroredPlugin) -> str:
    scheme = next((str(each) for each in Format if TRAITS[each].number == plugin.type), "carla")
    return f"{scheme}:{plugin.filename or plugin.label}" + (f"#{plugin.label}" if plugin.filename else "")


def _as_carla_tells(uri: str, plugin: MirroredPlugin) -> PluginType:
    """Describe a plugin that the catalogue does not know, well enough to show it and to leave it alone."""
    shown = [(index, one) for index, one in enumerate(plugin.parameters) if one.type == _INPUT and one.hints & _ENABLED]
    symbols = made_symbols([one.name for _, one in shown], "parameter")
    parameters = tuple(
        ParameterInfo(
            symbol,
            one.name,
            index,
            one.default,
            one.minimum,
            one.maximum,
            toggled=bool(one.hints & _BOOLEAN),
            integer=bool(one.hints & _INTEGER),
        )
        for symbol, (index, one) in zip(symbols, shown, strict=True)
    )
    return PluginType(uri, plugin.title or plugin.name, parameters=parameters)
