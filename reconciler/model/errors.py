"""One tree of errors, one form everywhere (stderr, ``--json``, MCP).

::

    StudioError                 exit 1   something is wrong, and this says what, where and how to mend it
    +-- Problems                exit 1   several of them at once (every mistake in one manifest)
    +-- Unavailable             exit 1   JACK, the host process or a program it needs is not there
    +-- EngineError             exit 1   an engine refused or failed one call
    +-- Stale                   exit 3   the studio or the file moved after the plan was made
    +-- Refused                 exit 5   policy or a guard says no
"""

from collections.abc import Sequence
from typing import Any

import msgspec


class Where(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place: in a file (``line`` and ``column`` count from 1), or an address in the studio, or both."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    address: str | None = None

    def __str__(self) -> str:
        if self.file is None:
            return self.address or ""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


class StudioError(Exception):
    """What went wrong, where, and how to mend it.

    Parameters
    ----------
    code
        A short, stable word that programs may test, such as ``unknown-parameter``.
    message
        One sentence that a tired engineer understands.
    where
        The place in the manifest, or the address in the studio.
    hint
        What to do about it.
    details
        Further facts for programs; JSON values only.
    """

    exit_code = 1

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: Where | None = None,
        hint: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.details = details or {}

    def as_dict(self) -> dict[str, Any]:
        """Return the published form: ``code``, ``message``, ``where``, ``hint``, ``details``; see :func:`from_dict`."""
        return {
            "code": self.code,
            "message": self.message,
            "where": msgspec.to_builtins(self.where) if self.where else None,
            "hint": self.hint,
            "details": self.details,
        }

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where and str(self.where) else self.message


class Problems(StudioError):
    """Every mistake found in one go; the first one lends its code, message and place."""

    def __init__(self, errors: Sequence[StudioError]) -> None:
        first = errors[0]
        super().__init__(
            first.code,
            first.message,
            where=first.where,
            hint=first.hint,
            details={**first.details, "errors": [error.as_dict() for error in errors]},
        )
        self.errors = tuple(errors)


class Unavailable(StudioError):
    """JACK, the host process or a needed program is not there, or went away."""


class EngineError(StudioError):
    """An engine refused or failed one call."""


class Stale(StudioError):
    """The studio or the file moved after the plan was made."""

    exit_code = 3


class Refused(StudioError):
    """Policy or a guard says no."""

    exit_code = 5


def raise_all(errors: Sequence[StudioError]) -> None:
    """Raise the one error, or all of them together; return if there is none."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise Problems(errors)


def from_dict(form: dict[str, Any], kind: type[StudioError] = StudioError) -> StudioError:
    """Return the error that :meth:`StudioError.as_dict` was made of, as ``kind``."""
    where = msgspec.convert(form["where"], Where) if form.get("where") else None
    return kind(form["code"], form["message"], where=where, hint=form.get("hint"), details=form.get("details"))
