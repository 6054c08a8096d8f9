"""One JSON line before and after each batch and action of an apply, so that one that stops says where."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from reconciler.model.actions import Action, Outcome
from reconciler.model.errors import StudioError


class Journal:
    """Appends to ``journal.jsonl`` in the session's state folder. A line written whole outlives the process."""

    def __init__(self, folder: Path, apply_id: str) -> None:
        self._apply = apply_id
        path = folder / "journal.jsonl"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[bytes] = path.open("ab", buffering=0)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
            raise StudioError("state-not-written", message, hint="make room or mend the permissions") from error

    def begin(self, actions: Sequence[Action]) -> None:
        """Note what is about to run, a line each."""
        lines = [self._line("before", msgspec.to_builtins(action)) for action in actions]
        self._file.write(b"".join(lines))

    def outcome(self, outcome: Outcome) -> None:
        """Note what became of one action."""
        self._file.write(self._line("after", msgspec.to_builtins(outcome)))

    def end(self, *, proved: bool) -> None:
        """Note that the apply is over, and whether the studio was read back as planned."""
        self._file.write(self._line("end", {"proved": proved}))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _line(self, kind: str, facts: dict[str, object]) -> bytes:
        return msgspec.json.encode({"apply": self._apply, "at": time.time(), "line": kind, **facts}) + b"\n"
