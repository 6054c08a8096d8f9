"""Carla's engine, typed: the few calls that the host makes, by plugin id, each as thin as it can be.

Ids are positions and change with every removal; setters return nothing and report nothing (measured). What a careful
adapter makes of this is in ``host.py``. Every call must come from the thread that loaded the library: Carla aborts
when two threads call in.
"""

import ctypes
import faulthandler
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from reconciler.engines.carla import places
from reconciler.engines.carla.clock import Clock
from reconciler.engines.carla.library import Library
from reconciler.engines.carla.wires import CarlaWires
from reconciler.model.options import FORCE_STEREO, OPTIONS
from reconciler.model.resources import EngineSettings
from reconciler.model.terminals import PATCHBAY

CLOSE_SECONDS = 30.0
"""Longest wait for the engine to close; without a server it takes 0.1 s, with a hundred plugins 2.3 s (measured)."""

JOIN_SECONDS = 20.0
"""Longest wait for a bridge or a program to report to Carla, which itself waits for as long as it lives (source)."""

TOLD_SECONDS = 1.0
"""Longest wait for libjack to tell Carla that the server died; it takes 2 to 30 ms (measured)."""

ACTIVE = -2
"""Internal parameter: whether the host lets the plugin work."""

MOST_PARAMETERS = 4096
"""How many parameters a bridge tells of. Carla's own 200 would hide some of large equalizers."""

NOT_FOLLOWING = -1
"""Control index of a parameter that follows nothing."""


class Control(msgspec.Struct, frozen=True):
    """One parameter as Carla has it."""

    index: int
    port: int
    """Number of the plugin's own port or parameter."""
    hints: int
    follows: int
    """Control index: a MIDI control change, or one of Carla's special ones."""
    channel: int
    low: float
    high: float


class Address(msgspec.Struct, frozen=True):
    """How Carla is told which plugin to load."""

    type: int
    """``PluginType`` of CarlaBackend.h."""
    label: str
    filename: str | None = None
    unique_id: int = 0
    extra: str | None = None


class CarlaEngine:
    """The one engine of this process.

    Parameters
    ----------
    library
        As :func:`reconciler.engines.carla.library.load` returned it.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._host: Any = library.host
        self._functions: Any = library.host.lib
        self._handle: Any = library.host.handle
        self._backend: Any = library.backend
        self._up = False
        self._told = False
        self.wires = CarlaWires(library.host)
        """Its patchbay."""
        self.clock = Clock(library.host, library.backend)
        self._give_up_at: float | None = None
        library.host.set_engine_callback(self._heard)  # it keeps a reference

    @property
    def up(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._up

    @property
    def dead(self) -> bool:
        """Whether JACK has thrown it out, which shows 2 to 30 ms after the server's end; it must be stopped then."""
        return self._up and not self._host.is_engine_running()

    def start(self, client: str, server: str | None, settings: EngineSettings) -> str | None:
        """Join the JACK server with these settings; return why it did not work, else None.

        Each plugin is to be a client of its own, or in patchbay mode all of them are to be in this one.

        The options stand before the start, because Carla refuses most of them afterwards without a word. OSC is off:
        by itself Carla opens it on every network interface, to everybody.
        """
        if server is not None:
            os.environ["JACK_DEFAULT_SERVER"] = server  # libjack is told no other way through Carla
        backend, installation = self._backend, self._library.installation
        patchbay_mode = settings.mode == PATCHBAY
        mode = backend.ENGINE_PROCESS_MODE_PATCHBAY if patchbay_mode else backend.ENGINE_PROCESS_MODE_MULTIPLE_CLIENTS
        options: tuple[tuple[int, int, str | Path], ...] = (
            (backend.ENGINE_OPTION_PROCESS_MODE, mode, ""),
            (backend.ENGINE_OPTION_TRANSPORT_MODE, self.clock.source(settings.transport or "jack"), ""),
            (backend.ENGINE_OPTION_AUDIO_DEVICE, 0, "Auto-Connect OFF"),
            (backend.ENGINE_OPTION_OSC_ENABLED, 0, ""),
            (backend.ENGINE_OPTION_OSC_PORT_TCP, -1, ""),
            (backend.ENGINE_OPTION_OSC_PORT_UDP, -1, ""),
            (backend.ENGINE_OPTION_PATH_BINARIES, 0, installation.binaries),
            (backend.ENGINE_OPTION_PATH_RESOURCES, 0, installation.resources),
            (backend.ENGINE_OPTION_MAX_PARAMETERS, MOST_PARAMETERS, ""),
        )
        for option, number, text in options:
            self._host.set_engine_option(option, number, str(text))
        if path := places.with_folders(os.environ, settings.paths or {}).get("LV2_PATH"):
            # Only the first start of a process looks at it.
            self._host.set_engine_option(backend.ENGINE_OPTION_PLUGIN_PATH, backend.PLUGIN_LV2, path)
        self._told = False
        started = self._host.engine_init("JACK", client)
        self._library.calculate_as_before()
        if not started:
            return self.last_error()
        self._up = True
        if settings.tempo is not None:
            self.clock.set_tempo(settings.tempo)
        if patchbay_mode:
            self.wires.begin()
        return None

    def stop(self, *, server_died: bool = False) -> None:
        """Unload every plugin and leave JACK. A process that cannot even do that is ended, for its own good.

        libjack tells Carla of a server's death on a thread of its own, which looks at every plugin; closing before
        that is over would pull the engine from under it. So after a death this waits until Carla was told.
        """
        if not self._up:
            return
        end = time.monotonic() + TOLD_SECONDS
        while server_died and not (self.dead and self._told) and time.monotonic() < end:
            time.sleep(0.002)
        if server_died:
            time.sleep(0.01)  # the last thing that thread does is to tell; let it return
        faulthandler.dump_traceback_later(CLOSE_SECONDS, exit=True, file=2)
        self._host.engine_close()
        faulthandler.cancel_dump_traceback_later()
        self._up = False
        self.wires.end()

    def idle(self) -> None:
        """Let Carla do what it puts off: free removed plugins, tell of JACK's changes, serve what waits."""
        if self._up:
            self._host.engine_idle()

    def last_error(self) -> str:
        """Return what Carla said last; only true right after a failure."""
        return str(self._host.get_last_error()).rstrip(". \n") or "Carla gave no reason"

    def names(self) -> list[str]:
        """Return every plugin's name; its place is its id."""
        if not self._up:
            return []
        return [self._name(plugin_id) for plugin_id in range(self._host.get_current_plugin_count())]

    def add(self, name: str, address: Address, *, bridge: bool = False, force_stereo: bool = False) -> str | None:
        """Load a plugin behind the others; return why it did not work, else None.

        Carla knows only that all plugins shall have bridges, so this holds for the moment of one load (measured).
        """
        backend = self._backend
        extra = None if address.extra is None else ctypes.c_char_p(address.extra.encode())
        self._give_up_at = time.monotonic() + JOIN_SECONDS
        self._host.set_engine_option(backend.ENGINE_OPTION_PREFER_PLUGIN_BRIDGES, int(bridge), "")
        loaded = self._host.add_plugin(
            backend.BINARY_NATIVE,
            address.type,
            address.filename,
            name,
            address.label,
            address.unique_id,
            extra,
            # What is usual for its type; 0 would switch everything off.
            backend.PLUGIN_OPTIONS_NULL | (OPTIONS[FORCE_STEREO] if force_stereo else 0),
        )
        self._host.set_engine_option(backend.ENGINE_OPTION_PREFER_PLUGIN_BRIDGES, 0, "")
        self._give_up_at = None
        self._library.calculate_as_before()
        return None if loaded else self.last_error()

    def arm(self, plugin_id: int) -> None:
        """Let the next load take this plugin's place. One that fails uses this up, and the old plugin stays."""
        self._host.replace_plugin(plugin_id)

    def remove_all(self) -> str | None:
        """Unload every plugin; return why it did not work, else None."""
        return None if self._host.remove_all_plugins() else self.last_error()

    def remove(self, plugin_id: int) -> str | None:
        """Unload; all ids behind it become one less. Returns why it did not work, else None."""
        return None if self._host.remove_plugin(plugin_id) else self.last_error()

    def rename(self, plugin_id: int, name: str) -> str | None:
        """Rename; its own name counts as taken. Returns why it did not work, else None."""
        return None if self._host.rename_plugin(plugin_id, name) else self.last_error()

    def controls(self, plugin_id: int) -> list[Control]:
        """Return every input parameter, in Carla's order."""
        wanted = self._backend.PARAMETER_INPUT
        found = []
        for index in range(self._host.get_parameter_count(plugin_id)):
            data = self._data(plugin_id, index)
            if data.type == wanted:
                found.append(_control(index, data))
        return found

    def control(self, plugin_id: int, index: int) -> Control:
        """Return one input parameter."""
        return _control(index, self._data(plugin_id, index))

    def value(self, plugin_id: int, index: int) -> float:
        """Return what a parameter holds."""
        return float(self._functions.carla_get_current_parameter_value(self._handle, plugin_id, index))

    def set_value(self, plugin_id: int, index: int, value: float) -> None:
        """Set a parameter."""
        self._host.set_parameter_value(plugin_id, index, value)

    def internal(self, plugin_id: int, index: int) -> float:
        """Return one of the host's own values around a plugin, by its negative index."""
        return float(self._host.get_internal_parameter_value(plugin_id, index))

    def set_internal(self, plugin_id: int, index: int, value: float) -> None:
        """Set one of the host's own values around a plugin."""
        host = self._host
        match index:
            case -2:
                host.set_active(plugin_id, value > 0)
            case -3:
                host.set_drywet(plugin_id, value)
            case -4:
                host.set_volume(plugin_id, value)
            case -5:
                host.set_balance_left(plugin_id, value)
            case -6:
                host.set_balance_right(plugin_id, value)
            case -7:
                host.set_panning(plugin_id, value)
            case -8:
                host.set_ctrl_channel(plugin_id, int(value))
            case _:
                raise ValueError(index)

    def hints(self, plugin_id: int) -> int:
        """Return what Carla can do around the plugin, as ``PLUGIN_CAN_…`` bits."""
        return int(self._info(plugin_id).hints)

    def show_window(self, plugin_id: int, *, shown: bool) -> None:
        """Ask the plugin to open its own window, or to close it."""
        self._host.show_custom_ui(plugin_id, shown)

    def is_bridged(self, plugin_id: int) -> bool:
        """Return whether it runs in a process of its own."""
        return bool(self.hints(plugin_id) & self._backend.PLUGIN_IS_BRIDGE)

    def options(self, plugin_id: int) -> dict[str, bool]:
        """Return the options that the plugin has, and how they stand."""
        info = self._info(plugin_id)
        return {key: bool(info.optionsEnabled & bit) for key, bit in OPTIONS.items() if info.optionsAvailable & bit}

    def set_option(self, plugin_id: int, key: str, value: bool) -> None:
        """Switch an option that the plugin has."""
        self._host.set_option(plugin_id, OPTIONS[key], value)

    def custom_data(self, plugin_id: int) -> list[tuple[str, str, str]]:
        """Return type, key and value of all that Carla keeps for the plugin."""
        host = self._host
        found = (host.get_custom_data(plugin_id, at) for at in range(host.get_custom_data_count(plugin_id)))
        return [(str(data["type"]), str(data["key"]), str(data["value"])) for data in found]

    def set_custom_data(self, plugin_id: int, type_: str, key: str, value: str) -> None:
        """Give the plugin a named value."""
        self._host.set_custom_data(plugin_id, type_, key, value)

    def ask_for_custom_data(self, plugin_id: int) -> None:
        """Let the plugin put its present state among what Carla keeps for it; a bridge answers a little later."""
        self._host.prepare_for_save(plugin_id)

    def save_state(self, plugin_id: int, path: Path) -> str | None:
        """Write all of a plugin to a file; return why it did not work, else None."""
        return None if self._host.save_plugin_state(plugin_id, str(path)) else self.last_error()

    def load_state(self, plugin_id: int, path: Path) -> str | None:
        """Read all of a plugin from a file; return why it did not work, else None."""
        loaded = self._host.load_plugin_state(plugin_id, str(path))
        self._library.calculate_as_before()
        return None if loaded else self.last_error()

    def follow(self, plugin_id: int, index: int, control: int) -> None:
        """Let a parameter follow a control index."""
        self._host.set_parameter_mapped_control_index(plugin_id, index, control)

    def set_follow_range(self, plugin_id: int, index: int, low: float, high: float) -> None:
        """Set the values at both ends of what a parameter follows; ``low`` may be above ``high``."""
        self._host.set_parameter_mapped_range(plugin_id, index, low, high)

    def set_follow_channel(self, plugin_id: int, index: int, channel: int) -> None:
        """Set the MIDI channel, 0..15, that a parameter listens to."""
        self._host.set_parameter_midi_channel(plugin_id, index, channel)

    def programs(self, plugin_id: int) -> list[str]:
        """Return the plugin's own programs' names; for LV2 its presets' labels."""
        host = self._host
        return [str(host.get_program_name(plugin_id, at)) for at in range(host.get_program_count(plugin_id))]

    def program(self, plugin_id: int) -> int:
        """Return the number of the program chosen last, -1 if none was."""
        return int(self._host.get_current_program_index(plugin_id))

    def set_program(self, plugin_id: int, at: int) -> None:
        """Load a program by its number."""
        self._host.set_program(plugin_id, at)

    def midi_programs(self, plugin_id: int) -> Mapping[tuple[int, int], int]:
        """Return the number of each MIDI program by its bank and program."""
        host = self._host
        found = {}
        for at in range(host.get_midi_program_count(plugin_id)):
            data = host.get_midi_program_data(plugin_id, at)
            found[int(data["bank"]), int(data["program"])] = at
        return found

    def midi_program(self, plugin_id: int) -> int:
        """Return the number of the MIDI program chosen last, -1 if none was."""
        return int(self._host.get_current_midi_program_index(plugin_id))

    def set_midi_program(self, plugin_id: int, at: int) -> None:
        """Load a MIDI program by its number."""
        self._host.set_midi_program(plugin_id, at)

    def rate_hz(self) -> float:
        """Return the server's sample rate."""
        return float(self._host.get_sample_rate())

    def _name(self, plugin_id: int) -> str:
        name: bytes = self._info(plugin_id).name
        return name.decode("utf-8", errors="replace")

    def _info(self, plugin_id: int) -> Any:
        return self._functions.carla_get_plugin_info(self._handle, plugin_id).contents

    def _data(self, plugin_id: int, index: int) -> Any:
        return self._functions.carla_get_parameter_data(self._handle, plugin_id, index).contents

    def _heard(
        self, _ptr: object, action: int, number: int, first: int, second: int, _third: int, _real: float, text: object
    ) -> None:
        """Hear of everything, on any thread; it must do next to nothing and never raise."""
        self.wires.heard(action, number, first, second, text)
        if action == self._backend.ENGINE_CALLBACK_ERROR:  # also of a bridge's end, so it only counts with `dead`
            self._told = True
        elif (  # told on this very thread, again and again while Carla waits for a bridge or a program
            action == self._backend.ENGINE_CALLBACK_IDLE
            and self._give_up_at is not None
            and time.monotonic() > self._give_up_at
        ):
            self._host.cancel_engine_action()


def _control(index: int, data: Any) -> Control:
    return Control(
        index,
        int(data.rindex),
        int(data.hints),
        int(data.mappedControlIndex),
        int(data.midiChannel),
        float(data.mappedMinimum),
        float(data.mappedMaximum),
    )
