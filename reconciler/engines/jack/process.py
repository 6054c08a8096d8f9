"""Programs that outlive the command that starts them, and are known again by the next one."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

LAUNCH_LIMIT_S = 5.0

# The shell stays as the parent of what it starts and waits for it: a jackd that died and was not waited for blocks
# the next one of its name (3 of 4 starts failed, measured). Put into the background, it outlives us as well.
_PARENT = '{ "$@" >&2 & echo $!; exec >&2; wait $!; echo "ended with status $?"; } &'


class ProcessMark(msgspec.Struct, frozen=True):
    """A process that cannot be mistaken for a later one with the same number.

    ``started`` counts clock ticks since boot, as the kernel has it (proc(5), stat, field 22). A time of day would
    move when the clock is set, which on a machine without a battery clock happens after every boot.
    """

    pid: int
    started: int


def launch(command: Sequence[str], log: Path) -> ProcessMark | None:
    """Start a program in a session of its own, its output added to ``log``.

    Returns
    -------
    ProcessMark or None
        None if it ended again before it could be looked at.

    Raises
    ------
    OSError
        ``log`` cannot be written, or the shell cannot be started.
    """
    with log.open("ab") as output:
        try:
            shell = subprocess.run(
                ["sh", "-c", _PARENT, "studio", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd="/",
                start_new_session=True,
                timeout=LAUNCH_LIMIT_S,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError(f"the shell that starts {command[0]} failed: {error}") from error
    return mark(int(shell.stdout))


def mark(pid: int) -> ProcessMark | None:
    """Return the mark of a running process; None if there is none, or a dead one that nobody has waited for."""
    stat = _stat(pid)
    return None if stat is None or stat[0] in {"Z", "X"} else ProcessMark(pid, int(stat[19]))


def running(process: ProcessMark) -> bool:
    """Tell whether this very process runs."""
    return mark(process.pid) == process


def ends_within(process: ProcessMark, seconds: float) -> bool:
    """Wait until a process is gone and waited for; return whether that came in time."""
    deadline = time.monotonic() + seconds
    while (stat := _stat(process.pid)) is not None and int(stat[19]) == process.started:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def _stat(pid: int) -> list[str] | None:
    """Return the fields of the kernel's line on a process from ``state`` (field 3) on."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name before it, in parentheses, may itself hold blanks and parentheses.
    return line.rpartition(")")[2].split()
