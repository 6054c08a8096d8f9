"""The JACK server: started, found again by the next command, stopped, and its period changed."""

import fcntl
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from reconciler.engines.jack import jackd, library, process
from reconciler.engines.jack.client import JackClient
from reconciler.engines.jack.process import ProcessMark
from reconciler.model.errors import EngineError, StudioError, Unavailable
from reconciler.model.resources import JackSettings

START_LIMIT_S = 10.0
"""A server on the dummy driver answers after about 0.1 s; a USB card may take seconds."""
ENDING_LIMIT_S = 2.0
STOP_LIMIT_S = 5.0
"""A server ends at the end of a period; one whose period is absurd never gets there."""
PERIOD_LIMIT_S = 1.0
"""jackd2 has changed when the call returns (3.8 ms), PipeWire 0.5-54 ms later (measured)."""
PERIOD_RANGE = range(1, 8193)
"""Frames; jackd2's largest buffer is 8192 (BUFFER_SIZE_MAX)."""


class _Record(msgspec.Struct, frozen=True):
    process: ProcessMark
    settings: JackSettings


class JackHardware:
    """A :class:`~reconciler.engines.ports.Hardware` that runs jackd.

    Parameters
    ----------
    runtime
        Folder of this session's sockets; ``jackd.json`` there tells later commands what was started, ``jackd.log``
        holds what jackd printed since. Made if it is not there.
    server
        Name of the server where settings give none; None takes ``JACK_DEFAULT_SERVER``, else ``default``.
    """

    def __init__(self, runtime: Path, server: str | None = None) -> None:
        self._runtime = runtime
        self._server = server
        self._record_file = runtime / "jackd.json"
        self.log = runtime / "jackd.log"

    def running(self) -> JackSettings | None:
        """Return the settings of the server that studio started and that still runs, else None.

        They are complete as far as they were asked or JACK tells them; ``realtime`` is what it really has.

        Raises
        ------
        EngineError
            ``jack-record-broken``.
        """
        record = self._read()
        return record.settings if record is not None and process.running(record.process) else None

    def start(self, settings: JackSettings) -> None:
        """Start a server and return when it answers with these settings.

        What is not asked is left to jackd; ``realtime`` None takes realtime where this user may have it.

        Raises
        ------
        EngineError
            ``jack-not-started``, with what jackd printed in ``details``; nothing is left running.
        Unavailable
            ``jack-library-missing``, ``jack-other-server`` (this process is on another server), ``jack-stuck``.
        """
        name = library.server_name(settings.server or self._server)
        with self._alone():
            self._refuse_to_double(name)
            realtime = jackd.may_be_realtime() if settings.realtime is None else settings.realtime
            command = jackd.command(settings, name, realtime=realtime)
            asked = msgspec.structs.replace(settings, server=name, realtime=realtime)
            deadline = time.monotonic() + START_LIMIT_S
            while not self._try_start(command, asked, deadline):
                # The name is taken, and nobody answers to it: a dead server that nobody has waited for. Its parent
                # will, sooner or later.
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server that studio started; one that does not end in 5 s is killed and cleaned up after.

        Raises
        ------
        EngineError
            ``jack-not-ours``; ``jack-not-stopped``.
        """
        with self._alone():
            record = self._read()
            if record is None or not process.running(record.process):
                raise EngineError(
                    "jack-not-ours",
                    "No JACK server that studio started is running.",
                    where=jackd.ADDRESS,
                    hint="Stop a server where it was started.",
                )
            self._end(record)

    def set_period(self, frames: int) -> None:
        """Change the period of the server, whoever started it, while it runs; read it back.

        Parameters
        ----------
        frames
            1 to 8192. Sound cards mostly take powers of two; what the server makes of others is checked.

        Raises
        ------
        EngineError
            ``period-refused``; the server may then have chosen another one, told in ``details``.
        Unavailable
            ``jack-not-running``, ``jack-gone`` (it died of it).
        """
        if frames not in PERIOD_RANGE:
            raise _period_refused(frames, None, f"a period has {PERIOD_RANGE[0]} to {PERIOD_RANGE[-1]} frames")
        record = self._read()
        ours = record if record is not None and process.running(record.process) else None
        # Active, because PipeWire tells the period that really is to active clients only (0.3.65, measured).
        client = JackClient("studio-period", ours.settings.server if ours else self._server, prepare=lambda _: None)
        try:
            _ask_period(client, frames)
        finally:
            now = int(client.raw.blocksize) if client.alive else None
            client.close()
        if ours is not None and now is not None:
            self._write(msgspec.structs.replace(ours, settings=msgspec.structs.replace(ours.settings, period=now)))

    def _refuse_to_double(self, name: str) -> None:
        """Refuse if a server runs, ours or not, or if this process's libjack is PipeWire's."""
        if library.is_pipewire():
            raise _not_started(
                "this machine's JACK is PipeWire, which is its own server", "Set hardware.jack.manage: never."
            )
        record = self._read()
        if record is not None and process.running(record.process):
            known = record.settings
            if _probe(str(known.server)) is None and process.ends_within(record.process, ENDING_LIMIT_S):
                return  # it was on its way out: its clients know that before the kernel is done with it
            raise _not_started(f"studio runs one already, {known.server!r}", "Stop it first: `studio down`.")
        if _probe(name) is not None:
            raise _not_started(
                f"a server {name!r} runs already, and studio did not start it", "Stop it where it was started."
            )

    def _try_start(self, command: list[str], asked: JackSettings, deadline: float) -> bool:
        """Start jackd and wait for it. Returns False if it ended only because a dead server still has the name."""
        try:
            self.log.write_bytes(b"")
            started = process.launch(command, self.log)
        except OSError as error:
            raise self._unusable(error) from error
        if started is None:
            return self._ended(asked, deadline)
        record = _Record(started, asked)
        try:
            # Written before the server answers, so that it is found even if this command is killed here.
            self._write(record)
            return self._wait(record, deadline)
        except (StudioError, OSError) as error:
            if process.running(started):
                self._end(record)
            if isinstance(error, OSError):
                raise self._unusable(error) from error
            raise

    def _wait(self, record: _Record, deadline: float) -> bool:
        asked = record.settings
        while True:
            found = _probe(str(asked.server))
            if not process.running(record.process):
                return self._ended(asked, deadline)
            if found is not None:
                break
            if time.monotonic() > deadline:
                raise self._failure(f"it does not answer after {START_LIMIT_S:g} s", None)
            time.sleep(0.02)
        for setting in ("sample_rate", "period"):
            want, have = getattr(asked, setting), getattr(found, setting)
            if want is not None and want != have:
                raise self._failure(
                    f"it runs with {setting.replace('_', ' ')} {have}, and {want} was asked for",
                    f"Ask for {have}, or for another value that the card can do.",
                )
        if asked.realtime and jackd.NO_REALTIME in "".join(self._printed()):
            raise self._failure(
                "this user may not use realtime scheduling",
                "Join the group audio and log in again (`studio doctor` shows the commands), or set realtime: false.",
            )
        complete = msgspec.structs.replace(asked, sample_rate=found.sample_rate, period=found.period)
        self._write(_Record(record.process, complete))
        return True

    def _ended(self, asked: JackSettings, deadline: float) -> bool:
        """Say why jackd ended, or return False if another try may do."""
        self._record_file.unlink(missing_ok=True)
        printed = self._printed()
        taken = any("server already active" in line for line in printed)
        if taken and time.monotonic() < deadline and _probe(str(asked.server)) is None:
            return False
        raise self._failure(*jackd.why(printed))

    def _failure(self, reason: str, hint: str | None) -> EngineError:
        error = _not_started(reason, hint)
        error.details["printed"] = self._printed()
        return error

    def _unusable(self, error: OSError) -> EngineError:
        return _not_started(f"{self._runtime} cannot be used ({error})", "Check the folder and its disk.")

    def _printed(self) -> list[str]:
        """Return the last lines of jackd's log, without the colours it paints them in."""
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()[-40:]

    def _end(self, record: _Record) -> None:
        pid = record.process.pid
        memory: list[Path] = []
        os.kill(pid, signal.SIGTERM)
        if not process.ends_within(record.process, STOP_LIMIT_S):
            memory = jackd.segments(pid)
            os.kill(pid, signal.SIGKILL)
            if not process.ends_within(record.process, STOP_LIMIT_S) and process.running(record.process):
                raise EngineError(
                    "jack-not-stopped",
                    f"jackd (process {pid}) does not end, not even when killed.",
                    where=jackd.ADDRESS,
                    hint="The sound card's driver hangs: unplug the card, or restart the machine.",
                )
        jackd.clean_up(str(record.settings.server), memory)
        self._record_file.unlink(missing_ok=True)

    def _read(self) -> _Record | None:
        try:
            return msgspec.json.decode(self._record_file.read_bytes(), type=_Record)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (msgspec.DecodeError, OSError) as error:
            raise EngineError(
                "jack-record-broken",
                f"{self._record_file} does not tell whether studio started JACK: {error}.",
                where=jackd.ADDRESS,
                hint="Delete it; a JACK server that runs then counts as started by somebody else.",
            ) from error

    def _write(self, record: _Record) -> None:
        # Renamed into place: a reader finds the old one or the new one, never half of it.
        draft = self._record_file.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(record))
        draft.replace(self._record_file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other commands from starting or stopping at the same time."""
        try:
            self._runtime.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._runtime / "jackd.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unusable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _probe(server: str) -> JackSettings | None:
    """Return the sample rate and period of a server that answers; None if there is none."""
    try:
        client = JackClient("studio-probe", server)
    except Unavailable as error:
        if error.code in {"jack-not-running", "jack-gone"}:
            return None
        raise
    try:
        found = JackSettings(sample_rate=int(client.raw.samplerate), period=int(client.raw.blocksize))
        return found if client.alive else None
    finally:
        client.close()


def _ask_period(client: JackClient, frames: int) -> None:
    """Ask for a period and wait until the server has it."""
    before = int(client.raw.blocksize)
    if library.is_pipewire():
        _force_quantum(frames, before)
    else:
        jack = library.load()
        if jack._lib.jack_set_buffer_size(client.raw._ptr, frames):
            client.died_within(0.02)
            client.check()
            raise _period_refused(frames, int(client.raw.blocksize), "the server said no")
    deadline = time.monotonic() + PERIOD_LIMIT_S
    while int(client.raw.blocksize) != frames:
        client.check()
        if time.monotonic() > deadline:
            now = int(client.raw.blocksize)
            raise _period_refused(frames, now, f"the server stays at {now}" if now == before else f"it took {now}")
        time.sleep(0.002)
    # A sound card that cannot do it may take the server down with it.
    client.died_within(0.02)
    client.check()


def _force_quantum(frames: int, before: int) -> None:
    """Set PipeWire's period for all. What a JACK client asks for ends with that client (0.3.65, measured)."""
    setting = ["pw-metadata", "-n", "settings", "0", "clock.force-quantum", str(frames)]
    try:
        subprocess.run(setting, check=True, capture_output=True, timeout=5)
    except (OSError, subprocess.SubprocessError) as error:
        raise _period_refused(frames, before, f"pw-metadata, which sets PipeWire's period, failed ({error})") from error


def _not_started(reason: str, hint: str | None) -> EngineError:
    return EngineError(
        "jack-not-started", f"The JACK server was not started: {reason}.", where=jackd.ADDRESS, hint=hint
    )


def _period_refused(asked: int, now: int | None, reason: str) -> EngineError:
    return EngineError(
        "period-refused",
        f"JACK does not take a period of {asked} frames: {reason}.",
        where=jackd.ADDRESS,
        hint="Powers of two from 16 to 4096 are what most cards can do.",
        details={"asked": asked, "period": now},
    )
