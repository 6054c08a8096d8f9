"""Asks Carla's own discovery tool what is in a file: each file in a process of its own.

Loading a plugin's library runs its code, and that code may crash or hang. The file to blame is then known, because
nothing else was in that process.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from reconciler.engines.carla.formats import Format

TIME_LIMIT_S = 10.0
"""How long one file may take, in seconds; the slowest library here takes 0.2 s."""
SOUNDS_TIME_LIMIT_S = 60.0
"""The same for SF2: the tool loads the whole soundfont, and some have a gigabyte."""

_MARK = "carla-discovery::"


class Discovered(msgspec.Struct, frozen=True, array_like=True):
    """One plugin of a file, as the tool tells it."""

    name: str
    label: str
    maker: str
    category: str
    unique_id: int = 0
    audio_ins: int = 0
    audio_outs: int = 0
    cv_ins: int = 0
    cv_outs: int = 0
    midi_ins: int = 0
    midi_outs: int = 0


class Reading(msgspec.Struct, frozen=True):
    """What one file holds, or why it cannot be used."""

    plugins: tuple[Discovered, ...] = ()
    flaw: str | None = None
    """If there is one, there are no plugins: a file that crashes in the end is not loaded for what it said before."""


def read(tool: Path, format_: Format, file: Path | None, environ: Mapping[str, str], time_limit_s: float) -> Reading:
    """Ask what a file holds; None for what is built into Carla. Never raises for what the file does.

    Parameters
    ----------
    tool
        ``carla-discovery-native``.
    format_
        What the file is to be tried as.
    file
        An absolute path.
    environ
        The environment the plugin's code sees.
    time_limit_s
        After that long the process is killed and the file counts as hanging; in seconds.
    """
    if format_ is Format.SFZ:
        assert file is not None
        return _instrument(file)
    command = [str(tool), str(format_), ":all" if file is None else str(file)]
    leash = shutil.which("setpriv")
    if leash is not None:
        # So that a library that hangs does not outlive a studio that is killed meanwhile.
        command = [leash, "--pdeathsig", "KILL", "--", *command]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={**environ, "JACK_NO_START_SERVER": "1"},
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            kill_all(process)
            process.communicate()
            return Reading(flaw=f"it did not come to an end within {time_limit_s:g} s when Carla tried it out")
        code = process.returncode
    text = output.decode("utf-8", errors="replace")
    if code < 0:
        return Reading(flaw=f"it crashed when Carla tried it out ({how_it_died(-code)}{last_words(text)})")
    return _understood(text, code)


def kill_all(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process and what its plugin started: all are in the session that was made for it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # nobody is left


def how_it_died(number: int) -> str:
    """Return the name of a signal."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def last_words(text: str) -> str:
    """Return the last line that a process printed of its own, to be put behind the reason for its end."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(_MARK)]
    return f"; it said: {lines[-1][:200]}" if lines else ""


def _understood(text: str, code: int) -> Reading:
    plugins: list[Discovered] = []
    told: list[str] = []
    for block in _blocks(text, told):
        plugin = _plugin(block)
        if plugin is not None:
            plugins.append(plugin)
    if plugins:
        return Reading(plugins=tuple(plugins))
    if told:
        return Reading(flaw=f"Carla says: {told[0]}")
    if code:
        # The tool keeps silent about files that dlopen refuses as no library, or as one of another machine.
        return Reading(flaw="it is no library for this machine")
    return Reading(flaw="there is no plugin in it")


def _blocks(text: str, told: list[str]) -> Iterator[dict[str, str]]:
    """Give the facts of each plugin; errors and other remarks go into ``told``."""
    block: dict[str, str] | None = None
    for line in text.splitlines():
        if not line.startswith(_MARK):
            continue
        key, _, value = line.removeprefix(_MARK).partition("::")
        if key == "init":
            block = {}
        elif key == "end":
            if block is not None:
                yield block
            block = None
        elif key in ("error", "info"):
            told.append(value)
        elif block is not None:
            block[key] = value


def _plugin(block: Mapping[str, str]) -> Discovered | None:
    def count(key: str) -> int:
        text = block.get(key, "0")
        return int(text) if text.lstrip("-").isdigit() else 0

    label, name = block.get("label", ""), block.get("name", "")
    if not (label or name):
        return None
    return Discovered(
        name=name or label,
        label=label,
        maker=block.get("maker", ""),
        category=block.get("category", ""),
        unique_id=count("uniqueId"),
        audio_ins=count("audio.ins"),
        audio_outs=count("audio.outs"),
        cv_ins=count("cv.ins"),
        cv_outs=count("cv.outs"),
        midi_ins=count("midi.ins"),
        midi_outs=count("midi.outs"),
    )


def _instrument(file: Path) -> Reading:
    """Return what the tool says of an SFZ file: it knows no more than its name (CachedPlugins.cpp)."""
    name = file.stem.replace("_", " ")
    return Reading((Discovered(name, file.stem, "", "synth", audio_outs=2, midi_ins=1),))


def time_limit(format_: Format, stated_s: float | None) -> float:
    """Return how long a file of that format may take, in seconds."""
    if stated_s is not None:
        return stated_s
    return SOUNDS_TIME_LIMIT_S if format_ is Format.SF2 else TIME_LIMIT_S


def read_many(
    tool: Path,
    files: Iterable[tuple[Format, Path | None]],
    environ: Mapping[str, str],
    time_limit_s: float | None,
) -> Iterator[tuple[Format, Path | None, Reading]]:
    """Read many files, as many at a time as there are processors, but at most four."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:

        def one(asked: tuple[Format, Path | None]) -> tuple[Format, Path | None, Reading]:
            format_, file = asked
            return format_, file, read(tool, format_, file, environ, time_limit(format_, time_limit_s))

        yield from pool.map(one, files)
