"""The flight recorder: what the host was doing, in memory that outlives it, and how it came to its end.

The page cache keeps what was written when the process dies, so no sync is needed; only a power cut loses it.
"""

import ctypes
import faulthandler
import mmap
import os
import re
import threading
from pathlib import Path
from typing import IO

import msgspec

from reconciler.host.place import Place
from reconciler.model.actions import (
    Action,
    AddPlugin,
    Call,
    LoadState,
    MapMidi,
    RemoveAll,
    RemovePlugin,
    RenamePlugin,
    ReplacePlugin,
    SetActive,
    SetCustomData,
    SetMix,
    SetOption,
    SetParam,
    SetProgram,
)

Risky = (
    AddPlugin
    | ReplacePlugin
    | RemovePlugin
    | RemoveAll
    | RenamePlugin
    | SetActive
    | SetProgram
    | SetParam
    | SetMix
    | MapMidi
    | SetOption
    | SetCustomData
    | LoadState
)
"""What runs a plugin's own code; the other calls cannot bring the host down."""

_BYTES = 16384
_SHOWN_LETTERS = 200
"""How much of a long value is kept: the rest is the plugin's data, not a person's."""
_UNDER_WAY, _OVER, _NOTHING = b"+-\n"
_EXITED = "exited"
_CRASHED_THREAD = re.compile(r"^Current thread (0x[0-9a-f]+)", re.MULTILINE)
"""How :mod:`faulthandler` begins the stack of the thread that crashed, if it is one of Python's."""


class FlightRecorder:
    """Writes one action into a file that is mapped into memory, and marks it when the action is over."""

    def __init__(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(file, b"\n" * _BYTES, 0)  # written, not only made longer: on a full disk this fails, not a store
            self._notes = mmap.mmap(file, _BYTES)
        finally:
            os.close(file)

    def before(self, action: Action) -> None:
        """Record a call that runs a plugin's own code."""
        if not isinstance(action.call, Risky):
            return
        if isinstance(action.call, SetCustomData) and len(action.call.data.value) > _SHOWN_LETTERS:
            data = msgspec.structs.replace(action.call.data, value=action.call.data.value[:_SHOWN_LETTERS])
            action = msgspec.structs.replace(action, call=msgspec.structs.replace(action.call, data=data))
        note = msgspec.json.encode(action)[: _BYTES - 2]
        self._notes[0] = _NOTHING
        self._notes[1 : len(note) + 2] = note + b"\n"
        self._notes[0] = _UNDER_WAY

    def clear(self) -> None:
        """Say that nothing risky is under way any more."""
        if self._notes[0] == _UNDER_WAY:
            self._notes[0] = _OVER

    def close(self) -> None:
        """Say that the host ends as it should; the file stays."""
        self._notes[0] = _NOTHING
        self._notes.close()


class Witness:
    """Sees to it that a host's end can be told apart afterwards: a crash, an ``exit`` in a plugin, or a kill.

    A crash is written down by :mod:`faulthandler`, which runs in the thread that crashed and tells whether that is one
    of Python's; which of them calls the plugins is written down here, by the one that does. An ``exit`` from C runs no
    Python, but it flushes C's own files; so a word that was never flushed is on disk afterwards. A kill leaves neither.
    """

    def __init__(self, place: Place) -> None:
        self._crash: IO[bytes] = place.crash.open("wb", buffering=0)
        self._crash.write(f"{_spelled(threading.get_ident())}\n".encode())
        faulthandler.enable(self._crash)
        libc = ctypes.CDLL(None)
        libc.fopen.restype = ctypes.c_void_p
        stream = libc.fopen(os.fsencode(place.exit), b"we")
        if stream is not None:
            libc.fputs(_EXITED.encode(), ctypes.c_void_p(stream))


class Death(msgspec.Struct, frozen=True):
    """How a host came to its end, as far as it can be known."""

    action: Action | None = None
    """The risky call that was under way."""
    last: Action | None = None
    """The last one before, if none was."""
    crash: str | None = None
    """What struck it, such as "Segmentation fault"; None if it was killed, or lost in another way."""
    elsewhere: bool = False
    """It crashed in another thread than the one that makes the calls, as those are that sound runs in."""
    at: int = 0
    """When it crashed, in nanoseconds since the epoch: tells one end from another."""

    @property
    def how(self) -> str:
        """What struck it and where, as the end of a sentence; empty if that is not known."""
        if self.crash is None:
            return ""
        where = (
            ", not in that call but in another thread, such as sound runs in" if self.called and self.elsewhere else ""
        )
        return f": {self.crash}{where}"

    @property
    def doing(self) -> str:
        """What it was doing, as the end of a sentence; empty if that is not known."""
        if self.action is not None:
            return f" while {spoken(self.action.call)}"
        return f", some time after {spoken(self.last.call)}" if self.last is not None and self.crash else ""

    @property
    def suspect(self) -> str | None:
        """The name of the plugin that did it: the host crashed within a call into it."""
        return None if self.elsewhere else self.called

    @property
    def called(self) -> str | None:
        """The name of the plugin that was being called when the host crashed, whether that call did it or not."""
        if self.action is None or self.crash is None:
            return None
        match self.action.call:
            case RemovePlugin() | RemoveAll():
                return None  # it is gone as it was meant to be
            case RenamePlugin(_, to):
                return to
            case call:
                return getattr(call, "name", None)


def autopsy(place: Place) -> Death:
    """Return what a host that died left behind."""
    under_way, action = _noted(place.flight)
    crash, elsewhere, at = _struck(place)
    return Death(action if under_way else None, None if under_way else action, crash, elsewhere, at)


def last_action(path: Path) -> Action | None:
    """Return what a host that died was doing, None if nothing risky."""
    under_way, action = _noted(path)
    return action if under_way else None


def _noted(path: Path) -> tuple[bool, Action | None]:
    """Return whether it was under way, and the risky call noted last."""
    try:
        notes = path.read_bytes()
        if notes[:1] not in (b"+", b"-"):
            return False, None
        return notes[:1] == b"+", msgspec.json.decode(notes[1:].partition(b"\n")[0], type=Action)
    except (OSError, msgspec.DecodeError):
        return False, None


def _struck(place: Place) -> tuple[str | None, bool, int]:
    """Return what struck the host, whether outside the thread that makes the calls, and when."""
    caller, _, told = _text(place.crash).partition("\n")
    if told:
        thread = _CRASHED_THREAD.search(told)
        elsewhere = thread is None or thread[1] != caller
        return told.partition("\n")[0].removeprefix("Fatal Python error: "), elsewhere, place.crash.stat().st_mtime_ns
    return ("it ended by itself" if _text(place.exit) == _EXITED else None), False, 0


def _spelled(thread: int) -> str:
    """Return a thread's number as :mod:`faulthandler` writes it."""
    return f"0x{thread:0{2 * ctypes.sizeof(ctypes.c_ulong)}x}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def spoken(call: Call) -> str:
    """Return a call as something that was being done."""
    match call:
        case AddPlugin(name, plugin):
            return f"loading {name} ({plugin})"
        case ReplacePlugin(name, plugin):
            return f"putting {plugin} in the place of {name}"
        case RemovePlugin(name):
            return f"unloading {name}"
        case RemoveAll():
            return "unloading every plugin"
        case RenamePlugin(name, to):
            return f"renaming {name} to {to}"
        case SetActive(name, active):
            return f"switching {name} {'on' if active else 'off'}"
        case SetProgram(name, program):
            return f"loading the program {program} into {name}" if program else f"putting {name} back to its defaults"
        case LoadState(name, path):
            return f"loading the state {path} into {name}"
        case SetParam(name, key) | SetMix(name, key) | MapMidi(name, key) | SetOption(name, key):
            return f"setting {key} of {name}"
        case SetCustomData(name, key):
            return f"setting {key} of {name}"
        case _:
            return "working on the studio itself"
