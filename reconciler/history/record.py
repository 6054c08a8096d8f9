"""What was applied: numbered generations, and the claims of an apply that has not been proved yet.

Before anything is changed, what the plan will own is claimed; once the studio is read back as planned, a generation
takes the claim's place. So whatever an apply leaves half-done is known to be ours, and undone when its line goes.
"""

import os
import shlex
from pathlib import Path

import msgspec

from reconciler.history import files
from reconciler.model import places
from reconciler.model.errors import StudioError, Where
from reconciler.model.resources import EngineSettings, Link, Observed, Plugin
from reconciler.planning.plan import Baseline
from reconciler.session.session import Session

FORMAT = 1


class Generation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One verified apply. ``applied_at`` is seconds since the epoch, ``digest`` the manifest's SHA-256."""

    number: int
    applied_at: float
    manifest: str
    digest: str
    session: Session
    links: frozenset[Link]
    before: Observed
    after: Observed
    revision: str | None = None
    """The git commit of the manifest's folder, with ``-dirty`` where it was changed since."""
    format: int = FORMAT

    @property
    def baseline(self) -> Baseline:
        """What is ours since then."""
        session = self.session
        return Baseline(session.plugins, self.links, session.protected, session.declares, session.engine)


class Record:
    """The state folder of one session."""

    def __init__(self, session: str) -> None:
        self.folder = places.state(session)
        self._claims = self.folder / "claims.json"
        self._current = self.folder / "current"

    def next_number(self) -> int:
        """Return the number of the generation to come; none is used twice, even if ``current`` was lost."""
        taken = (path.stem for path in self._path(0).parent.glob("*.json"))
        return max((int(number) for number in taken if number.isdecimal()), default=0) + 1

    def current(self) -> Generation | None:
        """Return the newest verified generation.

        Raises
        ------
        StudioError
            ``history-damaged``.
        """
        try:
            number = int(self._current.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise self._damaged(self._current, error) from error
        path = self._path(number)
        try:
            return msgspec.json.decode(path.read_bytes(), type=Generation)
        except (OSError, msgspec.DecodeError) as error:
            raise self._damaged(path, error) from error

    def baseline(self) -> Baseline:
        """Return what is ours: the newest generation's, and what an unproved apply claimed."""
        generation = self.current()
        baseline = generation.baseline if generation else Baseline()
        claims = self.claims()
        return merge(baseline, claims) if claims else baseline

    def claims(self) -> Baseline | None:
        """Return what an apply that did not prove itself has claimed, None if there was none."""
        try:
            return msgspec.json.decode(self._claims.read_bytes(), type=Baseline)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise self._damaged(self._claims, error) from error

    def claim(self, baseline: Baseline) -> None:
        """Note, before anything changes, what an apply will own."""
        files.write(self._claims, msgspec.json.encode(baseline, order="deterministic"))

    def add(self, generation: Generation) -> None:
        """Write a generation and point to it; the claims it proves are gone."""
        path = self._path(generation.number)
        files.write(path, msgspec.json.encode(generation, order="deterministic"))
        files.write(self._current, f"{generation.number}\n".encode())
        self._claims.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self.folder / "generations" / f"{number:06}.json"

    def _damaged(self, path: Path, error: Exception) -> StudioError:
        why = error.strerror if isinstance(error, OSError) else error
        command = shlex.join(["mv", str(self.folder), f"{self.folder}.old"])
        hint = f"`{command}`: the session is then applied as if for the first time"
        return StudioError(
            "history-damaged",
            f"what was applied last cannot be read ({why})",
            where=Where(file=str(path)),
            hint=hint,
        )


def merge(older: Baseline, newer: Baseline) -> Baseline:
    """Return what either of them owns; where both declare a value, the newer one's."""
    plugins = dict(older.plugins)
    for name, plugin in newer.plugins.items():
        before = plugins.get(name)
        plugins[name] = plugin if before is None or before.plugin != plugin.plugin else _both(before, plugin)
    return Baseline(
        plugins,
        older.links | newer.links,
        older.protected | newer.protected,
        engine=_settings(older.engine, newer.engine),
        carried=newer.carried if newer.carried.plugins else older.carried,
    )


def _settings(older: EngineSettings, newer: EngineSettings) -> EngineSettings:
    said = msgspec.structs.asdict(newer)
    return msgspec.structs.replace(older, **{key: value for key, value in said.items() if value is not None})


def _both(older: Plugin, newer: Plugin) -> Plugin:
    maps = ("params", "mix", "midi", "options", "custom_data")
    return msgspec.structs.replace(
        newer,
        program=newer.program or older.program,
        state=newer.state or older.state,
        **{word: {**getattr(older, word), **getattr(newer, word)} for word in maps},
    )


def revision(path: Path) -> str | None:
    """Return the manifest's git commit; None where there is no git, no repository or no commit."""
    import subprocess

    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", str(path.resolve().parent), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False, env=environment)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None if told.returncode == 0 else None
