"""What a running Carla has told of itself, put together from its messages."""

from typing import Any

import msgspec

from reconciler.engines.carla_osc.packets import Garbled, Message

_PLUGIN_REMOVED, _PLUGIN_RENAMED = 2, 3
_ENGINE_STARTED, _ENGINE_STOPPED = 29, 30
"""``ENGINE_CALLBACK_…`` of CarlaBackend.h."""

MODES = {1: "multiple-clients", 3: "patchbay"}
"""Process modes that studio has a word for; a rack or a single client it does not drive."""

ACTIVE = -2
"""The first of the values around a plugin, in the order in which they come; the others follow downwards."""


class MirroredParameter(msgspec.Struct):
    """A parameter as Carla tells it; texts first, then the numbers."""

    name: str = ""
    type: int = 0
    hints: int = 0
    channel: int = 0
    follows: int = -1
    low: float = 0.0
    high: float = 0.0
    value: float = 0.0
    default: float = 0.0
    minimum: float = 0.0
    maximum: float = 0.0


class MirroredPlugin(msgspec.Struct):
    """A plugin as Carla tells it."""

    name: str = ""
    type: int = 0
    hints: int = 0
    unique_id: int = 0
    options_available: int = 0
    options_enabled: int = 0
    filename: str = ""
    label: str = ""
    title: str = ""
    """What the plugin calls itself."""
    parameters: list[MirroredParameter] = []
    programs: dict[int, str] = {}
    midi_programs: dict[int, tuple[int, int, str]] = {}
    """By number: bank, program and name."""
    program: int = -1
    midi_program: int = -1
    custom_data: list[tuple[str, str, str]] = []
    """Type, key and value of each."""
    internal: dict[int, float] = {}
    """The values around it, by Carla's negative index."""


class Mirror:
    """All that was heard since Carla last began to tell everything, which it does with its engine's start."""

    def __init__(self) -> None:
        self._begin()

    def hear(self, message: Message) -> None:
        """Take one message in. What is told of a plugin that is not there is let go: it has just been removed.

        Raises
        ------
        Garbled
            It has not the shape of what it is called.
        """
        values: tuple[Any, ...] = message.arguments
        try:
            if message.path == "/cb":
                self._callback(*values)
            elif message.path == "/info":
                self._info(*values)
            elif values and 0 <= values[0] < len(self.plugins):
                self._about(self.plugins[values[0]], message.path, values[1:])
        except (TypeError, ValueError) as error:
            raise Garbled(f"{message.path}: {error}") from error

    def names(self) -> list[str]:
        """Return every plugin's name, by place."""
        return [plugin.name for plugin in self.plugins]

    def _begin(self) -> None:
        self.plugins: list[MirroredPlugin] = []
        self.mode: int | None = None
        self.running = False
        self.rate_hz = 0.0

    def _info(self, place: int, type_: int, _category: int, hints: int, unique_id: int, *rest: Any) -> None:
        available, enabled, name, filename, _icon, title, label, _maker, _copyright = rest
        if place == len(self.plugins):
            self.plugins.append(MirroredPlugin())
        if place < len(self.plugins):
            plugin = self.plugins[place]
            plugin.type, plugin.hints, plugin.unique_id = type_, hints, unique_id
            plugin.options_available, plugin.options_enabled = available, enabled
            plugin.name, plugin.filename, plugin.label, plugin.title = name, filename, label, title

    def _about(self, plugin: MirroredPlugin, path: str, values: tuple[Any, ...]) -> None:
        match path, values:
            case "/ports", (*_, count):
                plugin.parameters = [MirroredParameter() for _ in range(count)]
            case "/count", (_, _, _, program, midi_program):
                plugin.programs, plugin.midi_programs, plugin.custom_data = {}, {}, []
                plugin.program, plugin.midi_program = program, midi_program
            case "/pcount", _:
                plugin.programs, plugin.midi_programs = {}, {}
            case "/prog", (number, name):
                plugin.programs[number] = name
            case "/mprog", (number, bank, program, name):
                plugin.midi_programs[number] = bank, program, name
            case "/cdata", (_, type_, key, value):
                plugin.custom_data.append((type_, key, value))
            case "/iparams", _:
                plugin.internal = {ACTIVE - number: value for number, value in enumerate(values)}
            case (("/paramInfo" | "/paramData" | "/paramRanges"), (index, *told)) if index < len(plugin.parameters):
                self._parameter(plugin.parameters[index], path, told)

    def _parameter(self, parameter: MirroredParameter, path: str, told: list[Any]) -> None:
        match path:
            case "/paramInfo":
                parameter.name = told[0]
            case "/paramRanges":
                parameter.default, parameter.minimum, parameter.maximum = told[:3]
            case _:
                parameter.type, parameter.hints, parameter.channel, parameter.follows = told[:4]
                parameter.low, parameter.high, parameter.value = told[4:]

    def _callback(self, action: int, subject: int, first: int, *rest: Any) -> None:
        _second, _third, number, text = rest
        match action:
            case a if a == _ENGINE_STARTED:
                self._begin()
                self.running, self.mode, self.rate_hz = True, first, number
            case a if a == _ENGINE_STOPPED:
                self.running = False
            case a if a == _PLUGIN_REMOVED and subject < len(self.plugins):
                del self.plugins[subject]
            case a if a == _PLUGIN_RENAMED and subject < len(self.plugins):
                self.plugins[subject].name = text
