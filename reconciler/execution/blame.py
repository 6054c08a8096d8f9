"""Whose fault it was that a plugin host died, and what stays out because of it."""

import time
from collections.abc import Iterable

import msgspec

from reconciler.engines import choose
from reconciler.history.quarantine import Near, Quarantine
from reconciler.history.record import Record
from reconciler.host.place import Place
from reconciler.host.recorder import Death, autopsy, spoken
from reconciler.model.actions import Action, AddPlugin, ReplacePlugin
from reconciler.model.errors import StudioError, Unavailable, Where
from reconciler.planning.plan import Quarantined
from reconciler.planning.quarantine import standing
from reconciler.session.session import Session


class Ward:
    """A session's quarantine, and what gets a plugin in and out of it.

    Parameters
    ----------
    engine
        The plugin host; on one that runs each plugin apart nobody is blamed.
    """

    def __init__(self, session: Session, record: Record, engine: str) -> None:
        self._given = session
        self._record = record
        self._quarantine = Quarantine(record.folder)
        self._apart = choose.capabilities(engine).apart

    @property
    def _session(self) -> Session:
        """The session, with what an apply carries over a restart: that too can take the host down."""
        carried = self._record.baseline().carried.plugins
        return msgspec.structs.replace(self._given, plugins={**carried, **self._given.plugins})

    def standing(self, *, host_gone: bool) -> dict[str, Quarantined]:
        """Return what stays out: what is in quarantine and still declared, or carried, as it was then."""
        return standing(self._session, self.inside(host_gone=host_gone))

    def inside(self, *, host_gone: bool) -> dict[str, Quarantined]:
        """Return every plugin in quarantine.

        Parameters
        ----------
        host_gone
            None runs: one that died while nobody was listening is examined too.
        """
        found = self._quarantine.read()
        if host_gone:
            suspected = self._suspect(autopsy(Place(self._given.name)))
            if suspected is not None and suspected.name not in found:
                found[suspected.name] = suspected
        return found

    def retrying(self, names: Iterable[str], *, host_gone: bool) -> frozenset[str]:
        """Return the names of plugins that a person lets in again.

        Raises
        ------
        StudioError
            ``not-quarantined``.
        """
        left_out = self.standing(host_gone=host_gone)
        for name in names:
            if name not in left_out:
                there = ", ".join(sorted(left_out)) or "none"
                raise StudioError(
                    "not-quarantined",
                    f'"{name}" is not left out',
                    where=Where(address=f"plugins.{name}"),
                    hint=f"left out, as they took their host down: {there}",
                )
        return frozenset(names)

    def settle(self, retried: frozenset[str], *, host_gone: bool) -> None:
        """Write down who is in, before an apply: without those let in again, and those the manifest has changed."""
        inside, session = self.inside(host_gone=host_gone), self._session
        if host_gone:
            self._note(autopsy(Place(self._given.name)))
        kept: list[Quarantined] = []
        for name, one in inside.items():
            now = standing(session, {name: one}).keys()
            if now and not now & retried:
                kept.append(one)
        self._quarantine.write(kept)

    def came_through(self) -> None:
        """Say that a host has outlived an apply: a crash after this one is the first in a row."""
        self._quarantine.forget_near()

    def blamed(self, error: Unavailable) -> Unavailable:
        """Put the plugin that took its host down into quarantine, and return the error in words that name it.

        A host that crashed in another thread than the one that called a plugin is no plugin's fault that is known: the
        error says so, and nobody is blamed unless the same call was under way at the crash before.
        """
        if error.code != "host-died":
            return error
        death = autopsy(Place(self._given.name))
        one, near = self._suspect(death), self._near(death)
        self._note(death)
        if one is None:
            return error if near is None else self._nobody(error, near.name)
        self._quarantine.write([*self._quarantine.read().values(), one])
        again = f"`studio apply --retry {one.name}` lets it in again"
        way = "" if one.bridge else ", `bridge: true` gives it a process of its own"
        twice = "the second time in a row; " if near is not None else ""
        hint = f"{twice}apply again: the rest is built without {one.name}; {again}{way}"
        details = {**(error.details or {}), "quarantined": msgspec.to_builtins(one), "hint": error.hint}
        return Unavailable(error.code, error.message, where=self._where(one.name), hint=hint, details=details)

    def _nobody(self, error: Unavailable, name: str) -> Unavailable:
        hint = (
            f"nobody is blamed: apply again, it goes on from what is there; if it dies there again, {name} is left out"
        )
        details = {**(error.details or {}), "hint": error.hint}
        return Unavailable(error.code, error.message, where=self._where(name), hint=hint, details=details)

    def _where(self, name: str) -> Where:
        address = f"plugins.{name}"
        origin = self._given.origin(address)
        return msgspec.structs.replace(origin, address=address) if origin else Where(address=address)

    def _note(self, death: Death) -> None:
        """Write down who was being called when the host crashed elsewhere; whoever is blamed for it is no news."""
        near = self._near(death)
        if near is None:
            return
        if near.again(self._quarantine.near()):
            self._quarantine.forget_near()
        else:
            self._quarantine.remember(near)

    def _near(self, death: Death) -> Near | None:
        if self._apart or not death.elsewhere or death.called is None or death.action is None:
            return None
        declared = self._declared(death.action, death.called)
        doing = spoken(death.action.call).partition(" (")[0]
        return None if declared is None else Near(death.called, declared[0], doing, death.at)

    def _suspect(self, death: Death) -> Quarantined | None:
        if self._apart or death.called is None or death.action is None:
            return None
        near = self._near(death)
        if death.suspect is None and (near is None or not near.again(self._quarantine.near())):
            return None
        declared = self._declared(death.action, death.called)
        if declared is None:
            return None
        plugin, bridge = declared
        now = time.strftime("%Y-%m-%d %H:%M", time.localtime())
        doing = spoken(death.action.call).partition(" (")[0]
        if near is not None:
            doing += " for the second time, though in another thread"
        return Quarantined(death.called, plugin, now, doing, bridge)

    def _declared(self, action: Action, name: str) -> tuple[str, bool] | None:
        """Return what the plugin was: what was being loaded, else what the apply had claimed under that name."""
        if isinstance(action.call, AddPlugin | ReplacePlugin):
            return action.call.plugin, action.call.bridge
        claimed = self._record.baseline().plugins.get(name)
        return None if claimed is None else (claimed.plugin, claimed.bridge)
