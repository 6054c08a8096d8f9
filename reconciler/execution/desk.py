"""One session at work: its manifest, what was applied before, the studio, and the way from the one to the other."""

import difflib
import os
import time
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from reconciler.engines import choose
from reconciler.engines.studio import Studio, Told
from reconciler.execution.journal import Journal
from reconciler.history.lock import Lock
from reconciler.history.record import Generation, Record, merge, revision
from reconciler.host.client import HostClient
from reconciler.host.place import servers
from reconciler.host.protocol import HostConfig
from reconciler.manifest.load import Source, load
from reconciler.model.actions import Action, Outcome, RestartServer, StartServer
from reconciler.model.catalogue import Catalogue
from reconciler.model.errors import Refused, Stale, StudioError, Unavailable, Where, from_dict
from reconciler.model.resources import JackSettings, Link, Observed
from reconciler.planning.plan import Baseline, Plan, Policy
from reconciler.planning.reconcile import reconcile
from reconciler.planning.renames import follow
from reconciler.planning.wiring import resolve
from reconciler.session.compile import compile_session
from reconciler.session.session import Endpoint, EndPort, Session, Wire


class Applied(msgspec.Struct, frozen=True):
    """What an apply came to. ``residual`` is the plan of the studio as it is now: empty is the proof."""

    ran: tuple[tuple[Action, Outcome], ...]
    residual: Plan
    generation: int | None

    @property
    def proved(self) -> bool:
        """Whether the studio was read back as the session says."""
        return self.residual.empty

    @property
    def failures(self) -> list[tuple[Action, Outcome]]:
        """The actions that failed themselves; what was skipped for want of them is left out."""
        return [(action, outcome) for action, outcome in self.ran if outcome.status == "failed"]


class Desk:
    """A session's manifest, history and studio, opened for looking; :meth:`start` opens it for work.

    Parameters
    ----------
    engine
        The plugin host to start when there is work.
    studio
        Work on this one instead of a host process.
    """

    def __init__(self, source: Source, session: Session, engine: str, studio: Studio | None = None) -> None:
        self.source = source
        self.session = session
        self.engine = engine
        self.record = Record(session.name)
        self._studio = studio
        self._lent = studio is not None

    @classmethod
    def open(cls, path: Path) -> "Desk":
        """Load and compile a manifest.

        Raises
        ------
        StudioError
            Every mistake in the manifest; an engine that is not there; a session name that another manifest has.
        """
        source = load(path)
        try:
            engine = choose.choose(source.manifest.engine.host, source.manifest.engine.mode)
        except StudioError as error:
            error.where = error.where or source.where("engine", "host", address="engine.host")
            raise
        session = compile_session(source, choose.catalogue(engine, path.absolute().parent))
        return cls(source, session, engine)

    @property
    def server(self) -> str | None:
        """The JACK server's name: the manifest's, else the environment's, else JACK's own default (None)."""
        asked = self.session.jack.server if self.session.jack else None
        return asked or os.environ.get("JACK_DEFAULT_SERVER") or None

    def studio(self) -> Studio:
        """Return the studio: the session's host process if it runs, else JACK alone, read from here."""
        if self._studio is None:
            self._studio = HostClient.find(self.session.name) or choose.look(
                self.engine, prefix=self.session.prefix, server=self.server, servers=servers()
            )
        return self._studio

    @property
    def host_runs(self) -> bool:
        """Whether there is a plugin host to ask; without one, what is observed is JACK alone."""
        return self._lent or isinstance(self.studio(), HostClient)

    def catalogue(self) -> Catalogue:
        """Return what is known of the plugins that this session can load."""
        return choose.catalogue(self.engine, self.source.path.absolute().parent)

    def start(self) -> None:
        """Start the session's host process unless it runs."""
        if not self._lent and not isinstance(self._studio, HostClient):
            self.close()
            config = HostConfig(self.session.name, self.engine, self.session.prefix, self.server, self.session.engine)
            self._studio = HostClient.start(config)

    def bring_up(self) -> None:
        """Start the host, and JACK where none runs and the manifest lets studio start it.

        Raises
        ------
        Unavailable
            ``jack-not-running``: the manifest leaves JACK to somebody else, and it is not there.
        """
        self.start()
        studio = self.studio()
        if studio.observe().jack is not None:
            return
        if self.session.manage == "never":
            hint = "start JACK, or let studio do it: `hardware: { jack: { driver: dummy, manage: start } }`"
            raise Unavailable("jack-not-running", "no JACK server is running", hint=hint)
        start = Action(0, StartServer(self.session.jack or JackSettings()), "hardware.jack")
        for outcome in studio.execute([start], lambda _: None):
            if outcome.error is not None:
                raise from_dict(outcome.error)

    def close(self) -> None:
        """Let go of the studio; a host process goes on."""
        if self._studio is not None and not self._lent:
            self._studio.close()
            self._studio = None

    def locked(self) -> Lock:
        """Return the lock of the one writer; use it in a ``with`` block."""
        return Lock(self.record.folder)

    def releasing(self, names: Iterable[str]) -> frozenset[str]:
        """Return the names of protected plugins that a person lets go of, all of which must be known.

        Raises
        ------
        StudioError
            ``unknown-plugin``.
        """
        known = {*self.session.plugins, *self.session.moved, *self.record.baseline().plugins}
        for name in names:
            if name not in known:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(sorted(known)) or 'none'}"
                raise StudioError("unknown-plugin", f'there is no plugin "{name}" to release', hint=hint)
        return frozenset(names)

    def plan(self, released: Iterable[str] = (), *, observed: Observed | None = None) -> Plan:
        """Return what differs between manifest and studio, as it is now or as it was read."""
        return self._plan(observed or self.studio().observe(), frozenset(released))

    def drift(self) -> Plan | None:
        """Return what differs between the last apply and the studio, None if nothing was ever applied."""
        last = self.record.current()
        if last is None:
            return None
        wires = tuple(_wire(last, link) for link in sorted(last.links - last.session.links))
        declared = resolve(last.session, last.after.ports, server_up=True).declared
        places = {link: where for link, wire in declared.items() if (where := last.session.origin(wire))}
        session = msgspec.structs.replace(last.session, wires=wires, origins={**places, **last.session.origins})
        return reconcile(session, self.studio().observe(), last.baseline, Policy("ignore"))

    def apply(self, plan: Plan, *, released: Iterable[str] = (), told: Told = lambda _: None) -> Applied:
        """Run a plan and prove it. Call it under :meth:`locked`, with a plan that was made and approved under it.

        Raises
        ------
        Stale
            The studio moved since the plan was made.
        Unavailable
            JACK or the host is not there, or died on the way; the next apply goes on from what is there.
        """
        if plan.refused:
            raise _refused(plan)
        allowed = frozenset(released)
        self._refuse_namesake()
        if plan.actions:
            self.start()
        before = self.studio().observe()
        now = self._plan(before, allowed)
        if now.fingerprint != plan.fingerprint:
            raise _stale(plan, now)
        if not plan.actions:
            return Applied((), now, self._record(before, before))
        journal = Journal(self.record.folder, uuid.uuid4().hex[:12])
        try:
            ran, after = self._run(plan, before, journal, told)
            residual = self._plan(after, allowed)
            if plan.starts_server and residual.actions and not residual.refused:
                # Ports that nobody could know of are there now, so the rest of the plan can be made.
                more, after = self._run(residual, after, journal, told)
                ran, residual = ran + more, self._plan(after, allowed)
            journal.end(proved=residual.empty)
        finally:
            journal.close()
        return Applied(ran, residual, self._record(before, after) if residual.empty else None)

    def _run(
        self, plan: Plan, before: Observed, journal: Journal, told: Told
    ) -> tuple[tuple[tuple[Action, Outcome], ...], Observed]:
        """Claim, run, look."""

        def heard(outcome: Outcome) -> None:
            journal.outcome(outcome)
            told(outcome)

        self._claim(plan, before)
        journal.begin(plan.actions)
        outcomes = self.studio().execute(plan.actions, heard)
        ran, after = tuple(zip(plan.actions, outcomes, strict=True)), self.studio().observe()
        if after.jack is None:
            raise self._server_gone(ran)
        return ran, after

    def _server_gone(self, ran: Sequence[tuple[Action, Outcome]]) -> StudioError:
        """Say the one thing that matters, instead of every call that came to nothing for want of a server."""
        where = self.session.origin("hardware.jack")
        for action, outcome in ran:
            if outcome.error is not None and isinstance(action.call, StartServer | RestartServer):
                error = from_dict(outcome.error)
                error.where = where or error.where
                return error
        done = sum(outcome.status == "done" for _, outcome in ran)
        again = "start it again, then `studio apply`" if self.session.manage == "never" else "`studio apply` starts it"
        return Unavailable(
            "jack-gone",
            f"the JACK server died during the apply, with {done} of {len(ran)} calls done",
            where=where,
            hint=f"{again}; it goes on from what is there",
        )

    def _plan(self, observed: Observed, released: frozenset[str]) -> Plan:
        policy = Policy(self.source.manifest.policy.unmanaged, released)
        return reconcile(self.session, observed, self.record.baseline(), policy)

    def _links(self, observed: Observed) -> frozenset[Link]:
        """Return every link the manifest comes to, with the ports that are there."""
        return self.session.links | resolve(self.session, observed.ports, server_up=True).links

    def _claim(self, plan: Plan, observed: Observed) -> None:
        session = self.session
        ours = Baseline(session.plugins, self._links(observed), session.protected)
        followed = follow(self.record.baseline(), plan, observed.plugins)
        self.record.claim(merge(merge(self.record.claims() or Baseline(), followed), ours))

    def _record(self, before: Observed, after: Observed) -> int:
        links = self._links(after)
        last = self.record.current()
        if last is not None and self.record.claims() is None and _same(last, self.session, links):
            return last.number
        new = Generation(
            number=self.record.next_number(),
            applied_at=time.time(),
            manifest=str(self.source.path.resolve()),
            digest=self.source.digest,
            session=self.session,
            links=links,
            before=before,
            after=after,
            revision=revision(self.source.path),
        )
        self.record.add(new)
        return new.number

    def _refuse_namesake(self) -> None:
        """Two files with one session name would undo each other's work at every apply."""
        last = self.record.current()
        here = self.source.path.resolve()
        if last is None or Path(last.manifest) == here:
            return
        try:
            other = load(Path(last.manifest)).manifest.session
        except StudioError:
            return  # moved, deleted or no longer a manifest: this file takes over
        if other == self.session.name:
            raise StudioError(
                "session-name-taken",
                f'the session "{other}" was applied from {last.manifest}, which still has that name',
                where=self.source.where("session", address="session"),
                hint="rename the session in one of the two files",
            )


def _wire(last: Generation, link: Link) -> Wire:
    """Return a link to a foreign port as it was made, to be waited for when that port has gone."""

    def end(name: str) -> Endpoint:
        node, _, port = name.partition(":")
        ours = node in last.session.plugins
        return Endpoint(node, port, (EndPort(name, last.after.ports[name].kind),) if ours else None)

    return Wire(end(link.source), end(link.target))


def _same(last: Generation, session: Session, links: frozenset[Link]) -> bool:
    """Whether an apply of this session would leave what the last generation left; places in the file do not count."""
    return msgspec.structs.replace(last.session, origins={}) == msgspec.structs.replace(session, origins={}) and (
        last.links == links
    )


def _stale(plan: Plan, now: Plan) -> Stale:
    shown, current = {change.address for change in plan.changes}, {change.address for change in now.changes}
    moved = sorted(shown ^ current) or sorted(shown)
    return Stale(
        "plan-stale",
        f"the studio moved since the plan was made: {', '.join(moved[:5])}",
        where=Where(address=moved[0]) if moved else None,
        hint="look at the new plan and apply again",
        details={"moved": moved},
    )


def _refused(plan: Plan) -> Refused:
    first = plan.refused[0]
    more = f" (and {len(plan.refused) - 1} more)" if len(plan.refused) > 1 else ""
    where = first.origin and msgspec.structs.replace(first.origin, address=first.address)
    return Refused(
        first.code,
        first.message + more,
        where=where or Where(address=first.address),
        hint=first.hint,
        details={"refused": msgspec.to_builtins(plan.refused)},
    )


def look(manifest: Path | None, folder: Path) -> Observed:
    """Read the studio as a session calls it; without a manifest in reach, JACK as it is.

    Raises
    ------
    Unavailable
        ``jack-not-running``.
    """
    from reconciler.manifest.load import find

    if manifest is None:
        try:
            manifest = find(None, folder)
        except StudioError:
            server = os.environ.get("JACK_DEFAULT_SERVER") or None
            observed = choose.look("jalv", prefix="", server=server, servers=servers()).observe()
            return _running(observed)
    desk = Desk.open(manifest)
    try:
        return _running(desk.studio().observe())
    finally:
        desk.close()


def _running(observed: Observed) -> Observed:
    if observed.jack is None:
        raise Unavailable("jack-not-running", "no JACK server is running", hint="`studio up` or `studio doctor`")
    return observed
