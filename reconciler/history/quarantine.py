"""The session's quarantine: plugins that took their host down, in a file beside the generations."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from reconciler.history import files
from reconciler.model.errors import StudioError, Where
from reconciler.planning.plan import Quarantined


class Quarantine:
    """The file; whoever changes it holds the session's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "quarantine.json"

    def read(self) -> dict[str, Quarantined]:
        """Return every plugin in it, by name.

        Raises
        ------
        StudioError
            ``quarantine-damaged``.
        """
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=list[Quarantined])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise StudioError(
                "quarantine-damaged",
                f"which plugins took their host down cannot be read ({why})",
                where=Where(file=str(self._path)),
                hint=f"`rm {self._path}` lets all of them in again",
            ) from error
        return {one.name: one for one in found}

    def write(self, inside: Iterable[Quarantined]) -> None:
        """Let these be in it, and nobody else; the last one of a name counts. Raises ``state-not-written``."""
        wanted = {one.name: one for one in inside}
        if wanted != self.read():
            files.write(self._path, msgspec.json.encode(list(wanted.values())))
