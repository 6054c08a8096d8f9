"""The process that loads one plugin into Carla and says what it is.

Run as ``python -m reconciler.engines.carla.instance`` with an :class:`~reconciler.engines.carla.lines.Order` on
standard input; answers on standard output. It is a process of its own because the plugin's code runs in it, and it
ends without taking the plugin down again, which without running audio takes Carla two seconds.

No audio and no JACK server are needed: this is Carla's patchbay as a plugin of some other host, and that host is we.
In a patchbay Carla tells the names of ports, and they are those that the plugin has as a JACK client (compared for
every kind of plugin with a server on the dummy driver).
"""

import ctypes
import importlib
import math
import os
import signal
import sys
from ctypes import CFUNCTYPE, c_bool, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_ssize_t, c_uint, c_void_p
from typing import Any, ClassVar

import msgspec

from reconciler.engines.carla.lines import Answer, Failure, Instance, Order, Parameter, Port, Program

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PERIOD_FRAMES = 512
_RATE_HZ = 48000.0  # what bounds that follow the rate are given for: reconciler.model.catalogue.REFERENCE_RATE

_IN, _AUDIO, _CV, _MIDI = 1, 2, 4, 8  # PATCHBAY_PORT_IS_INPUT and so on, CarlaBackend.h
_ENABLED = 0x10  # PARAMETER_IS_ENABLED
_MANY_MIDI_PORTS = "multiple MIDI ports"
_MOST_PROGRAMS = 512
"""As many are tried for what they set; a bank of thousands of samples sets no parameters."""


class _HostDescriptor(ctypes.Structure):
    """``NativeHostDescriptor`` of CarlaNative.h: what we are to the patchbay."""

    _fields_: ClassVar[Any] = [
        ("handle", c_void_p),
        ("resource_dir", c_char_p),
        ("ui_name", c_char_p),
        ("ui_parent", ctypes.c_size_t),
        ("buffer_size", CFUNCTYPE(ctypes.c_uint32, c_void_p)),
        ("sample_rate", CFUNCTYPE(c_double, c_void_p)),
        ("is_offline", CFUNCTYPE(c_bool, c_void_p)),
        ("time_info", CFUNCTYPE(c_void_p, c_void_p)),
        ("write_midi", CFUNCTYPE(c_bool, c_void_p, c_void_p)),
        ("ui_parameter", CFUNCTYPE(None, c_void_p, ctypes.c_uint32, c_float)),
        ("ui_program", CFUNCTYPE(None, c_void_p, ctypes.c_uint8, ctypes.c_uint32, ctypes.c_uint32)),
        ("ui_data", CFUNCTYPE(None, c_void_p, c_char_p, c_char_p)),
        ("ui_closed", CFUNCTYPE(None, c_void_p)),
        ("ui_open", CFUNCTYPE(c_void_p, c_void_p, c_bool, c_char_p, c_char_p)),
        ("ui_save", CFUNCTYPE(c_void_p, c_void_p, c_bool, c_char_p, c_char_p)),
        ("dispatcher", CFUNCTYPE(c_ssize_t, c_void_p, c_int, c_int32, c_ssize_t, c_void_p, c_float)),
    ]


class _PluginDescriptor(ctypes.Structure):
    """The beginning of ``NativePluginDescriptor`` of CarlaNative.h."""

    _fields_: ClassVar[Any] = [
        ("numbers", ctypes.c_uint32 * 9),
        ("texts", c_char_p * 4),
        ("instantiate", CFUNCTYPE(c_void_p, c_void_p)),
    ]


_CALLS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "carla_get_native_patchbay_plugin": ((), c_void_p),
    "carla_get_native_rack_plugin": ((), c_void_p),
    "carla_create_native_plugin_host_handle": ((c_void_p, c_void_p), c_void_p),
    "carla_set_engine_option": ((c_void_p, c_int, c_int, c_char_p), None),
    "carla_add_plugin": ((c_void_p, c_int, c_int, c_char_p, c_char_p, c_char_p, c_int64, c_void_p, c_uint), c_bool),
    "carla_get_last_error": ((c_void_p,), c_char_p),
    "carla_patchbay_refresh": ((c_void_p, c_bool), c_bool),
    "carla_get_parameter_count": ((c_void_p, c_uint), ctypes.c_uint32),
    "carla_get_current_parameter_value": ((c_void_p, c_uint, ctypes.c_uint32), c_float),
    "carla_get_program_count": ((c_void_p, c_uint), ctypes.c_uint32),
    "carla_get_program_name": ((c_void_p, c_uint, ctypes.c_uint32), c_char_p),
    "carla_get_midi_program_count": ((c_void_p, c_uint), ctypes.c_uint32),
    "carla_set_program": ((c_void_p, c_uint, ctypes.c_uint32), None),
    "carla_set_midi_program": ((c_void_p, c_uint, ctypes.c_uint32), None),
}


def main() -> int:
    """Load, answer, and end at once; return the exit code if it does not come to that."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Libraries print to standard output; the answer goes where they cannot write.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    answer = _Carla(order).load()
    with os.fdopen(answer_to, "wb") as out:
        out.write(msgspec.json.encode(answer) + b"\n")
    # Not through the plugins' destructors: what they do at the end is no business of the catalogue.
    os._exit(0)


class _Carla:
    """Carla's library in this process, with one plugin in it."""

    def __init__(self, order: Order) -> None:
        self._order = order
        sys.path.insert(0, order.wrapper)
        self._backend: Any = importlib.import_module("carla_backend")
        self._lib = ctypes.CDLL(order.library)
        structures = self._backend
        answers = {
            "carla_get_plugin_info": ((c_void_p, c_uint), structures.CarlaPluginInfo),
            "carla_get_audio_port_count_info": ((c_void_p, c_uint), structures.CarlaPortCountInfo),
            "carla_get_midi_port_count_info": ((c_void_p, c_uint), structures.CarlaPortCountInfo),
            "carla_get_parameter_info": ((c_void_p, c_uint, ctypes.c_uint32), structures.CarlaParameterInfo),
            "carla_get_parameter_data": ((c_void_p, c_uint, ctypes.c_uint32), structures.ParameterData),
            "carla_get_parameter_ranges": ((c_void_p, c_uint, ctypes.c_uint32), structures.ParameterRanges),
            "carla_get_midi_program_data": ((c_void_p, c_uint, ctypes.c_uint32), structures.MidiProgramData),
            "carla_get_parameter_scalepoint_info": (
                (c_void_p, c_uint, ctypes.c_uint32, ctypes.c_uint32),
                structures.CarlaScalePointInfo,
            ),
        }
        for name, (takes, gives) in _CALLS.items():
            self._declare(name, takes, gives)
        for name, (takes, gives) in answers.items():
            self._declare(name, takes, ctypes.POINTER(gives))
        self._declare("carla_set_engine_callback", (c_void_p, structures.EngineCallbackFunc, c_void_p), None)
        self._host = self._descriptor()
        self._events: list[tuple[int, int, int, int, str]] = []
        self._callback = structures.EngineCallbackFunc(self._heard)
        self._handle: int | None = None

    def load(self) -> Answer:
        """Load the plugin and return all there is to know of it."""
        self._handle = self._engine("carla_get_native_patchbay_plugin")
        rack = False
        if not self._add():
            reason = _text(self._call("carla_get_last_error"))
            if _MANY_MIDI_PORTS not in reason or self._order.number != self._backend.PLUGIN_INTERNAL:
                return Failure(reason or "it does not say why")
            # A rack takes what the patchbay refuses, and does not tell the names of ports.
            self._handle = self._engine("carla_get_native_rack_plugin")
            rack = True
            if not self._add():
                return Failure(_text(self._call("carla_get_last_error")))
        info = self._call("carla_get_plugin_info", 0).contents
        name, maker, category = _text(info.name), _text(info.maker), int(info.category)
        parameters = tuple(self._parameters())
        ports = self._counted_ports(parameters) if rack else self._ports()
        return Instance(name, maker, category, parameters, tuple(ports), tuple(self._programs(parameters)))

    def _declare(self, name: str, takes: tuple[Any, ...], gives: Any) -> None:
        function = getattr(self._lib, name)
        function.argtypes, function.restype = takes, gives

    def _call(self, name: str, *arguments: Any) -> Any:
        return getattr(self._lib, name)(self._handle, *arguments)

    def _descriptor(self) -> _HostDescriptor:
        self._time = ctypes.create_string_buffer(256)  # a NativeTimeInfo of zeros: stopped, at the beginning
        answers: dict[str, Any] = {
            "buffer_size": lambda _: _PERIOD_FRAMES,
            "sample_rate": lambda _: _RATE_HZ,
            "is_offline": lambda _: False,
            "time_info": lambda _: ctypes.addressof(self._time),
            "write_midi": lambda *_: False,
            "dispatcher": lambda *_: 0,
        }
        made = _HostDescriptor(None, self._order.resources.encode(), b"studio", 0)
        for field, kind in _HostDescriptor._fields_[4:]:
            setattr(made, field, kind(answers.get(field, lambda *_: None)))
        return made

    def _engine(self, which: str) -> int:
        """Make Carla as a plugin, and return the handle for its host functions."""
        descriptor = getattr(self._lib, which)()
        plugin = ctypes.cast(descriptor, ctypes.POINTER(_PluginDescriptor)).contents.instantiate(
            ctypes.addressof(self._host)
        )
        handle: int = self._lib.carla_create_native_plugin_host_handle(descriptor, plugin)
        binaries = os.path.dirname(self._order.library)  # noqa: PTH120 - a folder as text, for C
        backend = self._backend
        options = {
            backend.ENGINE_OPTION_PATH_BINARIES: binaries,
            backend.ENGINE_OPTION_PATH_RESOURCES: self._order.resources,
        }
        for option, value in options.items():
            self._lib.carla_set_engine_option(handle, option, 0, value.encode())
        self._lib.carla_set_engine_callback(handle, self._callback, None)
        return handle

    def _heard(self, *said: Any) -> None:
        """Note an event: pointer, action, plugin or group, three numbers, a float and a text (CarlaBackend.h)."""
        _, action, group, first, second, _, _, text = said
        self._events.append((action, group, first, second, _text(text)))

    def _add(self) -> bool:
        order = self._order
        extra = ctypes.cast(ctypes.c_char_p(order.extra.encode()), c_void_p) if order.extra is not None else None
        file = None if order.file is None else os.fsencode(order.file)
        added: bool = self._call(
            "carla_add_plugin",
            self._backend.BINARY_NATIVE,
            order.number,
            file,
            None,
            order.label.encode(),
            order.unique_id,
            extra,
            self._backend.PLUGIN_OPTIONS_NULL,
        )
        return added

    def _parameters(self) -> list[Parameter]:
        found: list[Parameter] = []
        for index in range(self._call("carla_get_parameter_count", 0)):
            data = self._call("carla_get_parameter_data", 0, index).contents
            kind, hints = int(data.type), int(data.hints)
            if kind not in (self._backend.PARAMETER_INPUT, self._backend.PARAMETER_OUTPUT) or not hints & _ENABLED:
                continue  # hidden by the plugin, or its bypass and the like: Carla neither shows nor keeps it
            info = self._call("carla_get_parameter_info", 0, index).contents
            name, unit, count = _text(info.name), _text(info.unit), int(info.scalePointCount)
            ranges = self._call("carla_get_parameter_ranges", 0, index).contents
            default, low, high = [_finite(value) for value in (getattr(ranges, "def"), ranges.min, ranges.max)]
            points: list[tuple[str, float]] = []
            for number in range(count):
                point = self._call("carla_get_parameter_scalepoint_info", 0, index, number).contents
                if math.isfinite(point.value):
                    points.append((_text(point.label), point.value))
            output = kind == self._backend.PARAMETER_OUTPUT
            found.append(Parameter(index, output, hints, name, unit, default, low, high, tuple(points)))
        return found

    def _ports(self) -> list[Port]:
        self._events.clear()
        self._call("carla_patchbay_refresh", False)
        groups = {
            group
            for action, group, _, plugin, _ in self._events
            if action == self._backend.ENGINE_CALLBACK_PATCHBAY_CLIENT_ADDED and plugin == 0
        }
        kinds = {_AUDIO: "audio", _CV: "cv", _MIDI: "midi"}
        return [
            Port(name, kinds[flags & (_AUDIO | _CV | _MIDI)], not flags & _IN)
            for action, group, _, flags, name in self._events
            if action == self._backend.ENGINE_CALLBACK_PATCHBAY_PORT_ADDED and group in groups
        ]

    def _counted_ports(self, parameters: tuple[Parameter, ...]) -> list[Port]:
        """Name the ports of an internal plugin with several MIDI ports as CarlaPluginNative.cpp does."""
        audio = self._call("carla_get_audio_port_count_info", 0).contents
        audio_counts = int(audio.ins), int(audio.outs)
        midi = self._call("carla_get_midi_port_count_info", 0).contents
        midi_counts = int(midi.ins), int(midi.outs)
        ports: list[Port] = []
        for output, word in enumerate(("input", "output")):
            count = audio_counts[output]
            names = [word] if count == 1 else [f"{word}_{number + 1}" for number in range(count)]
            ports += [Port(name, "audio", bool(output)) for name in names]
        for output, way in enumerate(("in", "out")):
            count = midi_counts[output]
            if count > 1:
                ports += [Port(f"midi-{way}_{number + 1}", "midi", bool(output)) for number in range(count)]
        for output, way in enumerate(("in", "out")):
            steered = any(parameter.output == bool(output) for parameter in parameters)
            if midi_counts[output] == 1 or steered:
                ports.append(Port(f"events-{way}", "midi", bool(output)))
        return ports

    def _programs(self, parameters: tuple[Parameter, ...]) -> list[Program]:
        inputs = [parameter.index for parameter in parameters if not parameter.output]

        def values() -> dict[int, float]:
            read = {index: self._call("carla_get_current_parameter_value", 0, index) for index in inputs}
            return {index: value for index, value in read.items() if math.isfinite(value)}

        found: list[Program] = []
        for number in range(self._call("carla_get_program_count", 0)):
            name = _text(self._call("carla_get_program_name", 0, number))
            if number < _MOST_PROGRAMS:
                self._call("carla_set_program", 0, number)
            found.append(Program(name, values() if number < _MOST_PROGRAMS else {}, None, number))
        soundfont = self._order.number == self._backend.PLUGIN_SF2
        for number in range(self._call("carla_get_midi_program_count", 0)):
            data = self._call("carla_get_midi_program_data", 0, number).contents
            name, bank, program = _text(data.name), int(data.bank), int(data.program)
            tried = not soundfont and number < _MOST_PROGRAMS  # a soundfont's programs choose sounds, and set nothing
            if tried:
                self._call("carla_set_midi_program", 0, number)
            found.append(Program(name, values() if tried else {}, bank, program))
        return found


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(raw: bytes | None) -> str:
    return raw.decode("utf-8", errors="replace") if raw else ""


if __name__ == "__main__":
    sys.exit(main())
