"""A file is the old one or the new one, whole, whatever happens to who writes it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.execution.journal import Journal
from reconciler.history import files
from reconciler.history.lock import Lock
from reconciler.model.actions import Outcome
from reconciler.model.errors import StudioError

_WRITER = """
import itertools, sys
from pathlib import Path
from reconciler.history import files
print("writing", flush=True)
for number in itertools.count():
    files.write(Path(sys.argv[1]), bytes([65 + number % 26]) * 200_000)
"""


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "down" / "file"
    files.write(path, b"one")
    files.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("moment_ms", [0, 1, 2, 3, 5, 8, 13, 21])
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path, moment_ms: int) -> None:
    path = tmp_path / "file"
    files.write(path, b"A" * 200_000)
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        time.sleep(moment_ms / 1000)  # not a wait for anything: the moment is what varies
        writer.send_signal(signal.SIGKILL)
    content = path.read_bytes()
    assert len(content) == 200_000
    assert len(set(content)) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk with room for 16 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a small disk here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_file_and_says_so(small_disk: Path) -> None:
    path = small_disk / "file"
    files.write(path, b"old")
    with pytest.raises(StudioError) as caught:
        files.write(path, b"x" * 100_000)
    assert (caught.value.code, caught.value.message) == (
        "state-not-written",
        f"{path} cannot be written: No space left on device",
    )
    assert path.read_bytes() == b"old"
    assert list(small_disk.iterdir()) == [path], "and no rubbish beside it"


def test_the_journal_and_the_lock_tell_of_a_full_disk_too(small_disk: Path) -> None:
    with Lock(small_disk):
        journal = Journal(small_disk, "apply")
        _fill(small_disk)
        with pytest.raises(StudioError, match="No space left") as caught:
            _write_on(journal)
        assert caught.value.code == "state-not-written"
        journal.close()
    _fill(small_disk)
    with pytest.raises(StudioError) as locked, Lock(small_disk):
        pass
    assert locked.value.code == "state-not-written"


def test_a_disk_that_may_only_be_read_is_told(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    for attempt in (
        lambda: files.write(small_disk / "file", b"x"),
        lambda: files.write(small_disk / "folder" / "file", b"x"),
        lambda: Journal(small_disk, "apply"),
        lambda: Lock(small_disk).__enter__(),
    ):
        with pytest.raises(StudioError, match="Read-only file system") as caught:
            attempt()
        assert caught.value.code == "state-not-written"
        assert "XDG_STATE_HOME" in (caught.value.hint or "")


def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StudioError, match="file/below cannot be written: "):
        files.write(tmp_path / "file" / "below", b"x")


def _write_on(journal: Journal) -> None:
    for number in range(1000):
        journal.outcome(Outcome(number, "done"))


def _fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 512)
        except OSError:
            os.sync()
