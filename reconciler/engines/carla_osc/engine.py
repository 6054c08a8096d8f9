"""A Carla elsewhere, asked the same questions as the one in this process (:mod:`reconciler.engines.carla.engine`).

Setting is sending, and says nothing of its own. So the first question after it lets Carla send everything again: what
is read was read from Carla, and many settings in a row cost one reading.
"""

import math
import sys
import time
from collections.abc import Callable, Iterable, Mapping

from reconciler.engines.carla.engine import NOT_FOLLOWING, Address, Control
from reconciler.engines.carla_osc.link import ANSWER_SECONDS, Link
from reconciler.engines.carla_osc.mirror import Mirror, MirroredPlugin
from reconciler.engines.carla_osc.packets import Argument, Message
from reconciler.model.attach import OscAddress
from reconciler.model.options import OPTIONS

_NATIVE = 2 if sys.maxsize > 1 << 32 else 1  # BINARY_POSIX64, BINARY_POSIX32
_OPTIONS_NULL = 0x10000  # what is usual for its type; 0 would switch everything off
_INPUT = 1  # PARAMETER_INPUT
_IS_BRIDGE = 0x1  # PLUGIN_IS_BRIDGE

TRUSTED_SECONDS = 30.0
"""How long it is believed that nothing changed while Carla told of nothing. All that is read here it tells at once, but
for the places of plugins, which matter to changes only. Reading anew is not without danger to it: see
:data:`~reconciler.engines.carla_osc.link.RUNNER_SECONDS`."""

_PLUGIN_ADDED, _ENGINE_STARTED = 1, 29
_OF_NO_VALUE = frozenset({12, 13, 14, 15, *range(20, 29), 38, 42, 43, 44, 45, 47, 48})
"""Callbacks after which every plugin is as it was: windows, notes, the patchbay, drawings."""

PortNumbers = Callable[[MirroredPlugin], Mapping[int, int]]


class OscEngine:
    """The engine of a running Carla.

    Parameters
    ----------
    address
        Where it listens.
    port_numbers
        Tells of a plugin the numbers of its own ports by the index of the parameter; Carla sends the index only.
    heard
        Told of each message too.

    Raises
    ------
    Unavailable
        ``attach-not-there``, ``attach-refused``, ``attach-silent``.
    """

    def __init__(
        self, address: OscAddress, port_numbers: PortNumbers, heard: Callable[[Message], None] = lambda _: None
    ) -> None:
        self.mirror = Mirror()
        self._port_numbers = port_numbers
        self._heard = heard
        self._sent = False
        self._touched = self._reading = False
        self._read_at = -math.inf
        self._looks = 0
        self.link = Link(address, self._hear)

    def refresh(self) -> None:
        """Read everything again. Raises ``attach-lost``, ``attach-silent``, ``attach-refused``."""
        self._reading = True
        try:
            self.link.read_anew()
        finally:
            self._reading = False
        self._sent = False
        self._read_at = time.monotonic()

    def look(self) -> None:
        """Read everything again if anything was sent or told since, or it is long ago. Raises as :meth:`refresh`."""
        self.link.pump()
        old = time.monotonic() - self._read_at > TRUSTED_SECONDS
        if self._sent or self._touched or old or self.link.lost is not None:
            self.refresh()

    def settled(self) -> Mirror:
        """Return the mirror, read again if anything was sent since."""
        if self._sent:
            self.refresh()
        return self.mirror

    def names(self) -> list[str]:
        """Return every plugin's name; its place is its id."""
        return self.settled().names()

    def plugin(self, plugin_id: int) -> MirroredPlugin:
        """Return what Carla tells of a plugin."""
        return self.settled().plugins[plugin_id]

    @property
    def mappings(self) -> int:
        """Another number each time: what OSC tells is at hand anyway."""
        self._looks += 1
        return self._looks

    def rate_hz(self) -> float:
        """Return the server's sample rate."""
        return self.mirror.rate_hz

    def add(self, name: str, address: Address) -> str | None:
        """Load a plugin behind the others; return why it did not work, else None."""
        file = "(null)" if address.filename is None else address.filename
        numbers = address.unique_id, _OPTIONS_NULL
        return self._request("add_plugin", "iissshi", _NATIVE, address.type, file, name, address.label, *numbers)

    def remove(self, plugin_id: int) -> str | None:
        """Unload; all ids behind it become one less. Returns why it did not work, else None."""
        return self._request("remove_plugin", "i", plugin_id)

    def rename(self, plugin_id: int, name: str) -> str | None:
        """Rename. Returns why it did not work, else None."""
        return self._request("rename_plugin", "is", plugin_id, name, within_s=ANSWER_SECONDS)

    def controls(self, plugin_id: int) -> list[Control]:
        """Return every input parameter, in Carla's order."""
        plugin = self.plugin(plugin_id)
        ports = self._port_numbers(plugin)
        return [
            self._control(plugin, index, ports.get(index, -1))
            for index, one in enumerate(plugin.parameters)
            if one.type == _INPUT
        ]

    def control(self, plugin_id: int, index: int) -> Control:
        """Return one input parameter, without the number of its port."""
        return self._control(self.plugin(plugin_id), index, -1)

    def value(self, plugin_id: int, index: int) -> float:
        """Return what a parameter holds."""
        return self.plugin(plugin_id).parameters[index].value

    def values(self, plugin_id: int, indices: Iterable[int]) -> list[float]:
        """Return what these parameters hold, or with negative indices the host's own values around the plugin."""
        plugin = self.plugin(plugin_id)
        return [plugin.parameters[index].value if index >= 0 else plugin.internal[index] for index in indices]

    def following(self, plugin_id: int, indices: Iterable[int]) -> list[Control]:
        """Return those of these parameters that follow something."""
        every = (self.control(plugin_id, index) for index in indices)
        return [control for control in every if control.follows != NOT_FOLLOWING]

    def set_value(self, plugin_id: int, index: int, value: float) -> None:
        """Set a parameter."""
        self._set(plugin_id, "set_parameter_value", "if", index, value)

    def internal(self, plugin_id: int, index: int) -> float:
        """Return one of the host's own values around a plugin, by its negative index."""
        return self.plugin(plugin_id).internal[index]

    def set_internal(self, plugin_id: int, index: int, value: float) -> None:
        """Set one of the host's own values around a plugin; for the control channel OSC has no message."""
        if index == -2:
            self._set(plugin_id, "set_active", "i", int(value > 0))
            return
        methods = {-3: "drywet", -4: "volume", -5: "balance_left", -6: "balance_right", -7: "panning"}
        self._set(plugin_id, f"set_{methods[index]}", "f", value)

    def hints(self, plugin_id: int) -> int:
        """Return what Carla can do around the plugin, as ``PLUGIN_CAN_…`` bits."""
        return self.plugin(plugin_id).hints

    def idle(self) -> None:
        """Let time pass: what is read next is read anew."""
        self._sent = True

    def is_bridged(self, plugin_id: int) -> bool:
        """Return whether it runs in a process of its own."""
        return bool(self.hints(plugin_id) & _IS_BRIDGE)

    def options(self, plugin_id: int) -> dict[str, bool]:
        """Return the switches that the plugin has, and how they stand."""
        plugin = self.plugin(plugin_id)
        there, on = plugin.options_available, plugin.options_enabled
        return {key: bool(on & bit) for key, bit in OPTIONS.items() if there & bit}

    def custom_data(self, plugin_id: int) -> list[tuple[str, str, str]]:
        """Return type, key and value of every named value."""
        return list(self.plugin(plugin_id).custom_data)

    def ask_for_custom_data(self, plugin_id: int) -> None:
        """Ask nothing: OSC has no message for it, and what Carla keeps it tells anyway."""

    def follow(self, plugin_id: int, index: int, control: int) -> None:
        """Let a parameter follow a control index."""
        self._set(plugin_id, "set_parameter_mapped_control_index", "ii", index, control)

    def set_follow_channel(self, plugin_id: int, index: int, channel: int) -> None:
        """Set the MIDI channel, 0..15, that a parameter listens to."""
        self._set(plugin_id, "set_parameter_midi_channel", "ii", index, channel)

    def programs(self, plugin_id: int) -> list[str]:
        """Return the plugin's own programs' names; for LV2 its presets' labels."""
        named = self.plugin(plugin_id).programs
        return [named[number] for number in sorted(named)]

    def program(self, plugin_id: int) -> int:
        """Return the number of the program chosen last, -1 if none was."""
        return self.plugin(plugin_id).program

    def set_program(self, plugin_id: int, at: int) -> None:
        """Load a program by its number."""
        self._set(plugin_id, "set_program", "i", at)
        self.link.stir()

    def midi_programs(self, plugin_id: int) -> Mapping[tuple[int, int], int]:
        """Return the number of each MIDI program by its bank and program."""
        found = self.plugin(plugin_id).midi_programs.items()
        return {(bank, program): number for number, (bank, program, _) in found}

    def midi_program(self, plugin_id: int) -> int:
        """Return the number of the MIDI program chosen last, -1 if none was."""
        return self.plugin(plugin_id).midi_program

    def set_midi_program(self, plugin_id: int, at: int) -> None:
        """Load a MIDI program by its number."""
        self._set(plugin_id, "set_midi_program", "i", at)
        self.link.stir()

    def _control(self, plugin: MirroredPlugin, index: int, port: int) -> Control:
        one = plugin.parameters[index]
        return Control(index, port, one.hints, one.follows, one.channel, one.low, one.high)

    def _set(self, plugin_id: int, method: str, tags: str, *arguments: Argument) -> None:
        self.link.send(f"/studio/{plugin_id}/{method}", tags, *arguments)
        self._sent = True

    def _request(self, method: str, tags: str, *arguments: Argument, within_s: float | None = None) -> str | None:
        self.settled()
        if within_s is None:
            return self.link.request(method, tags, *arguments)
        return self.link.request(method, tags, *arguments, within_s=within_s)

    def _hear(self, message: Message) -> None:
        self.mirror.hear(message)
        if message.path == "/cb":
            action = message.arguments[0]
            if action == _ENGINE_STARTED:
                self._touched = False
            elif action not in _OF_NO_VALUE and not (self._reading and action == _PLUGIN_ADDED):
                self._touched = True
        self._heard(message)
