"""What can be asked of a plugin in Carla and done to it, whichever way Carla is reached: in this process, or by OSC."""

from collections.abc import Mapping
from typing import Protocol

from reconciler.engines.carla.engine import Control


class PluginAccess(Protocol):
    """The part of :class:`~reconciler.engines.carla.engine.CarlaEngine` that concerns one plugin, by its id."""

    def rate_hz(self) -> float:
        """Return the server's sample rate."""

    def controls(self, plugin_id: int) -> list[Control]:
        """Return every input parameter, in Carla's order."""

    def control(self, plugin_id: int, index: int) -> Control:
        """Return one input parameter."""

    def value(self, plugin_id: int, index: int) -> float:
        """Return what a parameter holds."""

    def set_value(self, plugin_id: int, index: int, value: float) -> None:
        """Set a parameter."""

    def internal(self, plugin_id: int, index: int) -> float:
        """Return one of the host's own values around a plugin, by its negative index."""

    def idle(self) -> None:
        """Let Carla do what it puts off."""

    def is_bridged(self, plugin_id: int) -> bool:
        """Return whether it runs in a process of its own."""

    def options(self, plugin_id: int) -> dict[str, bool]:
        """Return the switches that the plugin has, and how they stand."""

    def custom_data(self, plugin_id: int) -> list[tuple[str, str, str]]:
        """Return type, key and value of every named value."""

    def ask_for_custom_data(self, plugin_id: int) -> None:
        """Let the plugin tell the named values that it keeps itself."""

    def programs(self, plugin_id: int) -> list[str]:
        """Return the plugin's own programs' names; for LV2 its presets' labels."""

    def program(self, plugin_id: int) -> int:
        """Return the number of the program chosen last, -1 if none was."""

    def set_program(self, plugin_id: int, at: int) -> None:
        """Load a program by its number."""

    def midi_programs(self, plugin_id: int) -> Mapping[tuple[int, int], int]:
        """Return the number of each MIDI program by its bank and program."""

    def midi_program(self, plugin_id: int) -> int:
        """Return the number of the MIDI program chosen last, -1 if none was."""

    def set_midi_program(self, plugin_id: int, at: int) -> None:
        """Load a MIDI program by its number."""
