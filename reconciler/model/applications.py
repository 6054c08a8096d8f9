"""JACK programs that a host starts and takes in as if they were plugins (``jack:COMMAND``).

A plan needs to know their ports before they run, so these are declared, and their canonical URI carries them:
``jack:2+2+0+0:COMMAND`` has two audio inputs, two audio outputs, no MIDI input and no MIDI output. Carla calls the
ports as :func:`describe` says (measured on Carla 2.6); a program with an audio output gets ``event-in`` too, which is
Carla's own and no port of the program.

Carla splits a command at blanks and starts it without a shell: ``;`` and ``$(…)`` reach the program as they are, and
so do quotes (measured).
"""

import re

import msgspec

from reconciler.model.catalogue import Direction, Kind, PluginType, PortInfo

SCHEME = "jack"

_WRITTEN = re.compile(r"jack:(?:(\d{1,2})\+(\d{1,2})\+([01])\+([01]):)?(.+)", re.DOTALL)
_DEFAULT = ("2", "2", "0", "0")


class Application(msgspec.Struct, frozen=True):
    """A program and how many ports it gets: audio 0..64 each way, MIDI 0..1."""

    command: str
    audio_in: int = 2
    audio_out: int = 2
    midi_in: int = 0
    midi_out: int = 0

    @property
    def uri(self) -> str:
        """The canonical URI."""
        counts = (self.audio_in, self.audio_out, self.midi_in, self.midi_out)
        return f"jack:{'+'.join(map(str, counts))}:{self.command}"

    @property
    def program(self) -> str:
        """The program's name or path: the command's first word."""
        return self.command.split()[0]


def parse(uri: str) -> Application | None:
    """Return what a URI means, with or without counts of ports; None if it is no ``jack:`` one."""
    match = _WRITTEN.fullmatch(uri)
    if match is None or not match[5].strip():
        return None
    counts = match.groups()[:4] if match[1] is not None else _DEFAULT
    return Application(match[5], *(int(count) for count in counts))


def describe(application: Application) -> PluginType:
    """Return it as a plugin: ports, and no parameters."""
    ports = [
        *_audio("audio_in", application.audio_in, Direction.IN),
        *_audio("audio_out", application.audio_out, Direction.OUT),
    ]
    if application.midi_in:
        ports.append(PortInfo("midi_in", "event-in", 0, Kind.MIDI, Direction.IN))
    if application.midi_out:
        ports.append(PortInfo("midi_out", "event-out", 0, Kind.MIDI, Direction.OUT))
    numbered = (msgspec.structs.replace(port, index=index) for index, port in enumerate(ports))
    return PluginType(application.uri, application.program, ports=tuple(numbered))


def _audio(name: str, count: int, way: Direction) -> list[PortInfo]:
    names = [name] if count == 1 else [f"{name}_{number + 1}" for number in range(count)]
    return [PortInfo(each, each, 0, Kind.AUDIO, way) for each in names]
