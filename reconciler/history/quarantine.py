"""The session's quarantine: plugins that took their host down, in a file beside the generations."""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from reconciler.history import files
from reconciler.model.errors import StudioError, Where
from reconciler.planning.plan import Quarantined


class Near(msgspec.Struct, frozen=True):
    """A plugin that was being called when its host crashed elsewhere: not blamed, unless it happens there again."""

    name: str
    plugin: str
    doing: str
    """What was being done with it, such as ``loading vox``."""
    at: int
    """When, in nanoseconds since the epoch."""

    def again(self, before: "Near | None") -> bool:
        """Whether the same was being done to the same plugin at an earlier crash."""
        there = (self.name, self.plugin, self.doing)
        return before is not None and before.at != self.at and (before.name, before.plugin, before.doing) == there


class Quarantine:
    """The files; whoever changes them holds the session's lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "quarantine.json"
        self._near = folder / "crashed-near.json"

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

    def near(self) -> Near | None:
        """Return which plugin was being called at the last crash that it was not blamed for; a lost file says none."""
        try:
            return msgspec.json.decode(self._near.read_bytes(), type=Near)
        except (OSError, msgspec.DecodeError):
            return None

    def remember(self, near: Near) -> None:
        """Write down who was near. Raises ``state-not-written``."""
        if near != self.near():
            files.write(self._near, msgspec.json.encode(near))

    def forget_near(self) -> None:
        """Say that an apply has come through since."""
        with contextlib.suppress(OSError):  # at the worst one crash counts as the second in a row, and says so
            self._near.unlink()
