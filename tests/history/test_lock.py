"""One writer a session; the lock names its holder and dies with it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.history.lock import Lock
from reconciler.model.errors import StudioError
from tests.support.waiting import eventually

_HOLDER = """
import sys
from pathlib import Path
sys.argv = ["/usr/bin/studio", "apply", "--yes"]
from reconciler.history.lock import Lock
with Lock(Path(sys.stdin.readline().strip())):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Hold the lock elsewhere."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(f"{folder}\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def test_a_lock_held_elsewhere_is_refused_with_the_holders_name(tmp_path: Path) -> None:
    with another_process(tmp_path) as holder:
        with pytest.raises(StudioError) as caught, Lock(tmp_path):
            pass
        error = caught.value
        assert error.code == "locked"
        assert error.message.startswith(f"`studio apply` (process {holder.pid}) has been changing this session since ")
        assert error.hint == "wait for it, or end it"
        assert error.details["pid"] == holder.pid


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_dies_with_its_holder(tmp_path: Path, ending: signal.Signals) -> None:
    with another_process(tmp_path) as holder:
        holder.send_signal(ending)
        holder.wait(10)
        with Lock(tmp_path):
            assert b'"pid":%d,' % os.getpid() in (tmp_path / "lock").read_bytes()
    assert (tmp_path / "lock").read_bytes() == b"", "nobody holds it"


def test_a_lock_is_free_after_its_block_whatever_happened_in_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Lock(tmp_path):
        raise KeyboardInterrupt
    with Lock(tmp_path):
        pass


def test_a_lock_whose_file_is_rubbish_still_locks(tmp_path: Path) -> None:
    with another_process(tmp_path):
        (tmp_path / "lock").write_bytes(b"rubbish")
        with pytest.raises(StudioError) as caught, Lock(tmp_path):
            pass
        assert caught.value.message == "another command is changing this session"


def test_sessions_do_not_lock_each_other(tmp_path: Path) -> None:
    with Lock(tmp_path / "one"), Lock(tmp_path / "two"):
        pass


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    with Lock(tmp_path):
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    try:
        # The kernel lets go of it a moment after the child has begun.
        eventually(lambda: not _inherited(child.pid, tmp_path / "lock"), what="the child has no lock")
    finally:
        child.kill()
        child.communicate()


def _inherited(pid: int, lock: Path) -> bool:
    return any(os.path.realpath(entry) == str(lock) for entry in Path(f"/proc/{pid}/fd").iterdir())
