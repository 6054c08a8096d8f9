"""jackd: its command line, what its output means, and what it leaves behind when it is killed."""

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from reconciler.model.errors import EngineError, Where
from reconciler.model.resources import JackSettings

ADDRESS = Where(address="hardware.jack")
PRIORITY = 10
"""jackd's own realtime priority unless told otherwise (jackd2 1.9.21: "realtime mode with priority 10")."""

SHM = Path("/dev/shm")  # noqa: S108 -- where jackd2 keeps everything, whatever TMPDIR says

_OPTIONS = {
    "dummy": {"sample_rate": "-r", "period": "-p"},
    "alsa": {"device": "-d", "sample_rate": "-r", "period": "-p", "periods": "-n"},
}
"""Which settings a driver takes, by option (``jackd -d DRIVER --help``); the others are like alsa or say no."""

_MEANINGS = (
    (
        "jackd: not found",
        "jackd is not installed",
        "Debian and Ubuntu: apt install jackd2; elsewhere `studio doctor` shows the package.",
    ),
    ("server already active", "a JACK server of that name is running already", "Stop it, or use another server name."),
    (
        "Too many servers already active",
        "JACK's table of servers is full: eight run, or were killed and left their lines",
        "Stop them; when none runs, remove /dev/shm/jack-shm-registry.",
    ),
    (
        "Unknown driver",
        "jackd has no such driver",
        "Installed drivers are usually alsa, dummy, firewire and net; `jackd -d DRIVER --help` tells.",
    ),
    (
        "Device or resource busy",
        "another program uses the sound card",
        "Close it; on a desktop that is mostly PipeWire or PulseAudio.",
    ),
    ("already in use", "another program uses the sound card", "Close it; `fuser -v /dev/snd/*` shows which one it is."),
    ("No such device", "there is no such sound card", "Is it plugged in? `aplay -l` lists those that are."),
    ("Cannot get card index", "there is no such sound card", "Is it plugged in? `aplay -l` lists those that are."),
    ("No such file or directory", "there is no such device", "`aplay -l` lists those that are there."),
    ("Permission denied", "this user may not use the sound card", "Join the group audio, then log in again."),
    ("Unknownage with option", "the driver does not have one of these settings", None),
)
"""Words of jackd, the ALSA library within it, and the shell that starts it, in order of what they explain best."""

NO_REALTIME = "Cannot use real-time scheduling"
"""What jackd says and then goes on without realtime, while it tells every client that it has it (1.9.21, measured)."""


def command(settings: JackSettings, name: str, *, realtime: bool) -> list[str]:
    """Return the command that starts a server with these settings.

    Raises
    ------
    EngineError
        ``jack-not-started``: no driver is given, or it does not have one of the settings.
    """
    if settings.driver is None:
        raise EngineError(
            "jack-not-started",
            "The manifest does not say which driver JACK is to use.",
            where=ADDRESS,
            hint="hardware.jack.driver: alsa with a device such as hw:USB, or dummy to run without a sound card.",
        )
    options = _OPTIONS.get(settings.driver, _OPTIONS["alsa"])
    arguments = ["jackd", "-n", name, "--realtime" if realtime else "--no-realtime", "-d", settings.driver]
    for setting in ("device", "sample_rate", "period", "periods"):
        value = getattr(settings, setting)
        if value is None:
            continue
        if setting not in options:
            raise EngineError(
                "jack-not-started",
                f"JACK's driver {settings.driver} has no {setting.replace('_', ' ')}, and {value} is asked for.",
                where=Where(address=f"hardware.jack.{setting}"),
                hint=f"Leave {setting} out, or choose the driver that has it.",
            )
        arguments += [options[setting], str(value)]
    return arguments


def why(printed: Iterable[str]) -> tuple[str, str | None]:
    """Return what jackd's output means, and what to do about it."""
    said = [line for line in map(str.strip, printed) if line and not line.startswith(_CHATTER)]
    for words, meaning, hint in _MEANINGS:
        if any(words in line for line in said):
            return meaning, hint
    return (f"jackd said: {' | '.join(said[-3:])}" if said else "jackd ended and said nothing"), None


_CHATTER = (
    *("jackdmp", "Copyright", "This is free", "under certain", "JACK server starting", "self-connect-mode"),
    # 1.9.22 tells of every file in its folder that is no driver, or that wants a library which is not there.
    *("jack_get_descriptor", "Could not open component"),
    "ended with status",
)


def may_be_realtime() -> bool:
    """Try whether a realtime thread is allowed: limits, groups, capabilities and containers each have a say."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    except OSError:
        return False
    return True


def segments(pid: int) -> list[Path]:
    """Return the shared memory of a server that is about to be killed; nothing in its name tells whose it is."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [Path(path) for path in set(re.findall(rf"{SHM}/jack-{os.getuid()}-\d+$", maps, re.MULTILINE))]


def clean_up(server: str, memory: Iterable[Path]) -> None:
    """Remove what a killed server left: sockets and semaphores, which bear its name, and its shared memory."""
    uid, name = os.getuid(), glob.escape(server)
    for path in [*SHM.glob(f"jack_{name}_{uid}_*"), *SHM.glob(f"jack_sem.{uid}_{name}_*"), *memory]:
        path.unlink(missing_ok=True)
