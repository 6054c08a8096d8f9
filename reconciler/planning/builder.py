"""Collects differences and the calls that mend them, and makes the frozen plan of them.

The calls fill stages in the order of an apply: server, start and set up new plugins (they come up unconnected),
rename, settings, connect, disconnect, remove. All structural edits stand back to back, and what nothing hears any
more goes last.
"""

import enum
import hashlib
from typing import Any

import msgspec

from reconciler.model.actions import Action, Call
from reconciler.planning.plan import Act, Change, Interrupts, Pending, Plan, Quarantined, Refusal
from reconciler.session.session import Session


class Stage(enum.IntEnum):
    """Where in an apply a call belongs."""

    SERVER = 0
    PREPARE = 1
    RENAME = 2
    SETTINGS = 3
    FREE = 4
    """Terminals that will be used otherwise are freed before, lest old signal reaches new ends."""
    CONNECT = 5
    DISCONNECT = 6
    REMOVE = 7


class Step:
    """One call before it has a number. Compared by identity: two steps with equal calls are two calls."""

    __slots__ = ("call", "cause", "needs")

    def __init__(self, call: Call, cause: str, needs: tuple["Step", ...]) -> None:
        self.call = call
        self.cause = cause
        self.needs = needs


class PlanBuilder:
    """What one reconcile has found so far."""

    def __init__(self, session: Session, declared: Session | None = None) -> None:
        self.session = session
        self.declared = declared or session
        """The session without what is only carried."""
        self.changes: list[Change] = []
        self.pending: list[Pending] = []
        self.refused: list[Refusal] = []
        self.quarantined: list[Quarantined] = []
        self.unmanaged: list[str] = []
        self.at_risk = False
        """Structural edits may cost other paths of the engine a block: it is one JACK client, with plugins in it."""
        self._stages: list[list[Step]] = [[] for _ in Stage]
        self._server: tuple[Step, ...] = ()

    def change(
        self,
        address: str,
        action: Act,
        before: object = None,
        after: object = None,
        *,
        unit: str | None = None,
        reason: str | None = None,
        interrupts: Interrupts = Interrupts.NONE,
        declared_at: str | None = None,
    ) -> None:
        """Note a difference; ``declared_at`` is the address whose place in the manifest explains it."""
        origin = self.session.origin(declared_at or address) if action is not Act.DELETE else None
        structural = interrupts is Interrupts.PATH or (action is Act.CREATE and interrupts is Interrupts.NONE)
        if self.at_risk and structural:
            interrupts = Interrupts.AT_RISK
        self.changes.append(Change(address, action, before, after, unit, reason, interrupts, origin))

    def refuse(self, code: str, address: str, message: str, hint: str) -> None:
        """Note why the plan may not be applied."""
        self.refused.append(Refusal(code, address, message, hint, self.session.origin(address)))

    def step(self, stage: Stage, call: Call, cause: str, needs: tuple[Step, ...] = ()) -> Step:
        """Put a call into a stage. Everything needs the server that the plan itself starts."""
        step = Step(call, cause, self._server + needs)
        self._stages[stage].append(step)
        if stage is Stage.SERVER:
            self._server = (step,)
        return step

    def aside(self, call: Call, cause: str, needs: tuple[Step, ...] = ()) -> Step:
        """Put a call into the first stage that nothing else needs: if it fails, all else goes on."""
        step = Step(call, cause, needs)
        self._stages[Stage.SERVER].append(step)
        return step

    def adopt(self, other: "PlanBuilder", cause: str) -> None:
        """Take over the calls of another, behind the server's; those that no change here explains have this cause."""
        known = {change.address for change in self.changes}
        for stage, steps in zip(Stage, other._stages, strict=True):
            self._stages[stage] = self._stages[stage] if stage is Stage.SERVER else []
            for step in steps:
                step.needs = self._server + step.needs
                step.cause = step.cause if step.cause in known else cause
                self._stages[stage].append(step)
        seen = {(refusal.code, refusal.address) for refusal in self.refused}
        self.refused += [refusal for refusal in other.refused if (refusal.code, refusal.address) not in seen]
        out = {one.name for one in self.quarantined}
        self.quarantined += [one for one in other.quarantined if one.name not in out]
        waiting = {one.address for one in self.pending}
        self.pending += [one for one in other.pending if one.address not in waiting]

    def plan(self) -> Plan:
        """Return the whole, numbered and summed up."""
        actions = self._actions()
        summary: dict[str, int] = {}
        for change in self.changes:
            summary[change.action] = summary.get(change.action, 0) + 1
        notes: tuple[tuple[str, list[Any]], ...] = (
            ("pending", self.pending),
            ("refused", self.refused),
            ("quarantined", self.quarantined),
            ("unmanaged", self.unmanaged),
        )
        for word, found in notes:
            if found:
                summary[word] = len(found)
        name = self.session.name
        body = msgspec.json.encode((name, self.changes, actions), order="deterministic")
        return Plan(
            session=name,
            changes=tuple(self.changes),
            actions=tuple(actions),
            pending=tuple(self.pending),
            refused=tuple(self.refused),
            quarantined=tuple(self.quarantined),
            unmanaged=tuple(self.unmanaged),
            summary=summary,
            fingerprint=hashlib.sha256(body).hexdigest()[:16],
        )

    def _actions(self) -> list[Action]:
        numbers: dict[int, int] = {}
        actions: list[Action] = []
        for stage in self._stages:
            for step in stage:
                number = numbers[id(step)] = len(actions)
                needs = tuple(numbers[id(need)] for need in step.needs)
                actions.append(Action(number, step.call, step.cause, needs))
        return actions
