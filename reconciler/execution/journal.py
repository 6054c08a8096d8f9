"""One JSON line before and after each batch and action of an apply, so that one that stops says where."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from reconciler.history.files import not_written
from reconciler.model.actions import Action, Outcome

LARGEST_BYTES = 4 * 1024 * 1024
"""Beyond it the journal is put aside before the next apply; the one put aside before is forgotten."""


class Journal:
    """Appends to ``journal.jsonl`` in the session's state folder. A line written whole outlives the process.

    Every method raises StudioError, ``state-not-written``, where the disk takes no more.
    """

    def __init__(self, folder: Path, apply_id: str) -> None:
        self._apply = apply_id
        path = folder / "journal.jsonl"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists() and path.stat().st_size > LARGEST_BYTES:
                path.replace(path.with_suffix(".1.jsonl"))
            self._file: IO[bytes] = path.open("ab", buffering=0)
        except OSError as error:
            raise not_written(path, error) from error
        self._path = path

    def begin(self, actions: Sequence[Action]) -> None:
        """Note what is about to run, a line each."""
        lines = [self._line("before", msgspec.to_builtins(action)) for action in actions]
        self._append(b"".join(lines))

    def outcome(self, outcome: Outcome) -> None:
        """Note what became of one action."""
        self._append(self._line("after", msgspec.to_builtins(outcome)))

    def end(self, *, proved: bool) -> None:
        """Note that the apply is over, and whether the studio was read back as planned."""
        self._append(self._line("end", {"proved": proved}))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, lines: bytes) -> None:
        left = memoryview(lines)
        try:
            while left:  # a disk that is almost full takes a part
                left = left[self._file.write(left) :]
        except OSError as error:
            raise not_written(self._path, error) from error

    def _line(self, kind: str, facts: dict[str, object]) -> bytes:
        return msgspec.json.encode({"apply": self._apply, "at": time.time(), "line": kind, **facts}) + b"\n"
