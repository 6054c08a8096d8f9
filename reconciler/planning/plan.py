"""The plan: a frozen value that a person can read, a program can check and the executor runs."""

import enum
from typing import Any

import msgspec

from reconciler.model.actions import Action, RestartEngine
from reconciler.model.errors import Where
from reconciler.model.resources import EngineSettings, Link, Plugin

FORMAT = 1


class Act(enum.StrEnum):
    """What a change does to its resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    RENAME = "rename"
    REPLACE = "replace"


class Interrupts(enum.StrEnum):
    """What a change does to sound, from nothing to everything."""

    NONE = "none"
    PATH = "path"
    AT_RISK = "at-risk"
    ENGINE = "engine"
    SERVER = "server"


class Change(msgspec.Struct, frozen=True):
    """One difference between session and studio, as a person reads it."""

    address: str
    action: Act
    before: Any = None
    after: Any = None
    unit: str | None = None
    """Unit of both values; ``gain`` is linear amplitude."""
    reason: str | None = None
    """Why, where the manifest alone does not say it."""
    interrupts: Interrupts = Interrupts.NONE
    origin: Where | None = None


class Pending(msgspec.Struct, frozen=True):
    """A link that waits for a port that is not there."""

    address: str
    waits_for: str
    hint: str | None = None
    origin: Where | None = None


class Quarantined(msgspec.Struct, frozen=True, omit_defaults=True):
    """A plugin that took its host down, and stays out until a person lets it in."""

    name: str
    plugin: str
    """Its URI then; another one under this name is another plugin."""
    since: str
    """When it did, in local time: ``2026-11-22 17:30``."""
    doing: str
    """What was being done with it, such as ``loading vox``."""
    bridge: bool = False
    """It had a process of its own and did it all the same."""
    origin: Where | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why this plan may not be applied; nothing of it runs while one stands."""

    code: str
    address: str
    message: str
    hint: str | None = None
    origin: Where | None = None


class Carried(msgspec.Struct, frozen=True, omit_defaults=True):
    """What nobody declares and an apply must not lose, as it was before: see :mod:`reconciler.planning.carrying`."""

    plugins: dict[str, Plugin] = {}
    """By the name under which each comes back."""
    links: frozenset[Link] = frozenset()


class Baseline(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was ours after the last apply: declared values only, so that a deleted line can be undone."""

    plugins: dict[str, Plugin] = {}
    links: frozenset[Link] = frozenset()
    protected: frozenset[str] = frozenset()
    declares: str = ""
    """:attr:`Session.declares` of then; empty where an unproved apply claims more."""
    engine: EngineSettings = EngineSettings()
    carried: Carried = Carried()
    """What an unproved apply took out of the engine and has still to put back."""


class Policy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a plan may do. ``released`` names protected plugins a person named on the command line."""

    unmanaged: str = "warn"
    released: frozenset[str] = frozenset()
    quarantined: dict[str, Quarantined] = {}
    """By name: what stays out as long as it is declared as it was then."""
    programs: bool = False
    """A person allows ``jack:`` plugins to start programs that no apply has started before."""


class Plan(msgspec.Struct, frozen=True):
    """What differs, what to call, what waits, what is refused."""

    session: str
    format: int = FORMAT
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    pending: tuple[Pending, ...] = ()
    refused: tuple[Refusal, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    """Plugins left out, as they took their host down."""
    unmanaged: tuple[str, ...] = ()
    """Addresses of what touches the session and nobody declared."""
    summary: dict[str, int] = {}
    fingerprint: str = ""
    """Digest of changes and actions: the same fingerprint, the same plan."""

    @property
    def empty(self) -> bool:
        """Whether the studio is what the session says, as far as its ports are there."""
        return not self.changes and not self.refused

    @property
    def starts_server(self) -> bool:
        """Whether ports appear only while the plan runs, so that one more look is part of the apply."""
        return any(
            isinstance(action.call, RestartEngine) or (action.cause == "hardware.jack" and not action.needs)
            for action in self.actions
        )
