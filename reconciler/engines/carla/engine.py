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

from reconciler.engines.carla import patchbay
from reconciler.engines.carla.library import Library

CLOSE_SECONDS = 30.0
"""Longest wait for the engine to close; without a server it takes 0.1 s, with a hundred plugins 2.3 s (measured)."""

TOLD_SECONDS = 1.0
"""Longest wait for libjack to tell Carla that the server died; it takes 2 to 30 ms (measured)."""

ACTIVE = -2
"""Internal parameter: whether the host lets the plugin work."""

NOT_FOLLOWING = -1
"""Control index of a parameter that follows nothing."""


_MAIN_CLIENT = 0xFFFF
"""What Carla gives as the plugin's number of its own JACK client (``MAIN_CARLA_PLUGIN_ID`` of CarlaBackend.h)."""


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
        self._client: str | None = None
        self._news: list[patchbay.News] = []
        self._listens = False
        library.host.set_engine_callback(self._heard)  # it keeps a reference

    @property
    def up(self) -> bool:
        """Whether it was started and not stopped since."""
        return self._up

    @property
    def dead(self) -> bool:
        """Whether JACK has thrown it out, which shows 2 to 30 ms after the server's end; it must be stopped then."""
        return self._up and not self._host.is_engine_running()

    @property
    def client(self) -> str | None:
        """In patchbay mode its JACK client, as the server named it; None while it does not run."""
        return self._client

    def start(self, client: str, server: str | None, *, patchbay_mode: bool = False) -> str | None:
        """Join the JACK server; return why it did not work, else None.

        Each plugin is to be a client of its own, or in patchbay mode all of them are to be in this one.

        The options stand before the start, because Carla refuses most of them afterwards without a word. OSC is off:
        by itself Carla opens it on every network interface, to everybody.
        """
        if server is not None:
            os.environ["JACK_DEFAULT_SERVER"] = server  # libjack is told no other way through Carla
        backend, installation = self._backend, self._library.installation
        mode = backend.ENGINE_PROCESS_MODE_PATCHBAY if patchbay_mode else backend.ENGINE_PROCESS_MODE_MULTIPLE_CLIENTS
        options: tuple[tuple[int, int, str | Path], ...] = (
            (backend.ENGINE_OPTION_PROCESS_MODE, mode, ""),
            (backend.ENGINE_OPTION_TRANSPORT_MODE, backend.ENGINE_TRANSPORT_MODE_JACK, ""),
            (backend.ENGINE_OPTION_AUDIO_DEVICE, 0, "Auto-Connect OFF"),
            (backend.ENGINE_OPTION_OSC_ENABLED, 0, ""),
            (backend.ENGINE_OPTION_OSC_PORT_TCP, -1, ""),
            (backend.ENGINE_OPTION_OSC_PORT_UDP, -1, ""),
            (backend.ENGINE_OPTION_PATH_BINARIES, 0, installation.binaries),
            (backend.ENGINE_OPTION_PATH_RESOURCES, 0, installation.resources),
        )
        for option, number, text in options:
            self._host.set_engine_option(option, number, str(text))
        for plugin_type, variable in ((backend.PLUGIN_LV2, "LV2_PATH"),):
            if path := os.environ.get(variable):  # else only the first start of a process looks at it
                self._host.set_engine_option(backend.ENGINE_OPTION_PLUGIN_PATH, plugin_type, path)
        self._told = False
        started = self._host.engine_init("JACK", client)
        self._library.calculate_as_before()
        if not started:
            return self.last_error()
        self._up = True
        if patchbay_mode:
            self._client = self._own_client()
            self._listens = True
            self._news = list(self.refresh_patchbay())
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
        self._up = self._listens = False
        self._client = None
        self._news.clear()

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

    def add(self, name: str, address: Address) -> str | None:
        """Load a plugin behind the others; return why it did not work, else None."""
        backend = self._backend
        extra = None if address.extra is None else ctypes.c_char_p(address.extra.encode())
        loaded = self._host.add_plugin(
            backend.BINARY_NATIVE,
            address.type,
            address.filename,
            name,
            address.label,
            address.unique_id,
            extra,
            backend.PLUGIN_OPTIONS_NULL,  # what is usual for its type; 0 would switch everything off
        )
        self._library.calculate_as_before()
        return None if loaded else self.last_error()

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

    def patchbay_news(self) -> list[patchbay.News]:
        """Return what Carla told of its patchbay since it was asked last."""
        if not self._news:
            return []
        news, self._news = self._news, []
        return news

    def refresh_patchbay(self) -> list[patchbay.News]:
        """Let Carla tell everything of its patchbay anew, and return it; whatever came before is void."""
        self._news.clear()
        self._host.patchbay_refresh(False)
        return self.patchbay_news()

    def connect_ports(self, source: patchbay.End, target: patchbay.End) -> str | None:
        """Connect two ports in Carla's patchbay; return why it did not work, else None."""
        return None if self._host.patchbay_connect(False, *source, *target) else self.last_error()

    def disconnect_ports(self, number: int) -> str | None:
        """Cut a connection in Carla's patchbay, by its number since the last refresh; return why it did not work."""
        return None if self._host.patchbay_disconnect(False, number) else self.last_error()

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

    def _own_client(self) -> str:
        """Return the engine's JACK client, which Carla tells only with what is outside: it may be ``…-01``."""
        self._news.clear()
        self._listens = True
        self._host.patchbay_refresh(True)
        news = self.patchbay_news()
        return next(
            text
            for action, _, _, plugin, text in news
            if action == patchbay.CLIENT_ADDED and plugin == _MAIN_CLIENT  # no plugin's number: there are 255
        )

    def _heard(
        self, _ptr: object, action: int, number: int, first: int, second: int, _third: int, _real: float, text: object
    ) -> None:
        """Hear of everything, on any thread; it must do next to nothing and never raise."""
        if self._listens and action in patchbay.ACTIONS:
            words = text.decode("utf-8", errors="replace") if isinstance(text, bytes) else ""
            self._news.append((action, number, first, second, words))
        elif action == self._backend.ENGINE_CALLBACK_ERROR:  # also of a bridge's end, so it only counts with `dead`
            self._told = True


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
