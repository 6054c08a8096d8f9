"""What commands print: one form for errors, one for JSON, colour only on a terminal."""

import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from reconciler.model.errors import Problems, StudioError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from reconciler.model.actions import Outcome

_COLOURS: dict[str, dict[str, Any]] = {
    "add": {"fg": "green"},
    "change": {"fg": "yellow"},
    "remove": {"fg": "red"},
    "warn": {"fg": "yellow"},
    "bad": {"fg": "red", "bold": True},
    "dim": {"dim": True},
    "bold": {"bold": True},
}
PROGRESS_AFTER_SECONDS = 0.5
_CONTROL = re.compile(r"\x1b(?!\[[0-9;]*m)|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
"""What a name from a file or from JACK may hold and a terminal would obey; colours and line ends are not among it."""

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
manifest_argument = click.argument("manifest", required=False, type=click.Path())


def paint(text: str, style: str) -> str:
    """Colour text for the terminal; click takes it out again where standard output is none (and for NO_COLOR)."""
    return click.style(text, **_COLOURS[style])


def say(text: str, *, err: bool = False) -> None:
    """Print to standard output, or to standard error; without colour where somebody set NO_COLOR."""
    _print(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text), err=err)


def say_json(value: object) -> None:
    """Print a value as JSON, indented, in a stable order."""
    import msgspec

    _print(msgspec.json.format(msgspec.json.encode(value, order="deterministic"), indent=2).decode())


def _print(text: str, *, err: bool = False) -> None:
    try:
        click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)
    except BrokenPipeError:
        raise  # nobody reads on, which is no error
    except OSError as error:
        message = f"standard {'error' if err else 'output'} cannot be written: {error.strerror}"
        raise StudioError("output-not-written", message, hint="make room where it goes") from error


def here() -> Path:
    """Return the current folder.

    Raises
    ------
    StudioError
        ``folder-gone``.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise StudioError("folder-gone", "the folder you are in is gone", hint="`cd` to another one") from error


def tell_error(error: StudioError, *, as_json: bool) -> None:
    """Print an error in its one form: on standard error, or as JSON on standard output."""
    if as_json:
        say_json({"error": error.as_dict()})
        return
    for one in error.errors if isinstance(error, Problems) else (error,):
        place = f"{one.where}: " if one.where and str(one.where) else ""
        say(f"{place}{paint('error', 'bad')} [{one.code}] {one.message}", err=True)
        if one.hint:
            say(f"    {one.hint}", err=True)


class Progress:
    """Shows how far an apply is, once it takes longer than half a second, on a terminal only."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._bar: Bar | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(PROGRESS_AFTER_SECONDS, self._show)
        self._timer.daemon = True

    def __enter__(self) -> "Callable[[Outcome], None]":
        if sys.stderr.isatty() and self._total:
            self._timer.start()
        return self._told

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._total = 0
            if self._bar is not None:
                self._bar.stop()

    def _told(self, _outcome: "Outcome") -> None:
        with self._lock:
            self._done += 1
            if self._bar is not None:
                self._bar.update(self._bar.task_ids[0], completed=self._done, total=max(self._total, self._done))

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("applying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        with self._lock:
            if self._total:
                self._bar = bar
                bar.add_task("apply", total=self._total, completed=self._done)
                bar.start()
