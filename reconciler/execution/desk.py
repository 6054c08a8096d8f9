"""One session at work: its manifest, what was applied before, the studio, and the way from the one to the other."""

import contextlib
import difflib
import os
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from reconciler.engines import choose
from reconciler.engines.studio import Studio, Told
from reconciler.execution.blame import Ward
from reconciler.execution.journal import Journal
from reconciler.execution.objections import refused, stale
from reconciler.history.lock import Lock
from reconciler.history.record import Generation, Record, merge, revision
from reconciler.host.client import HostClient
from reconciler.host.place import servers
from reconciler.host.protocol import HostConfig
from reconciler.manifest.load import Source, load
from reconciler.model.actions import Action, Outcome, RestartEngine, RestartServer, StartServer
from reconciler.model.errors import StudioError, Unavailable, from_dict
from reconciler.model.resources import JackSettings, Link, Observed
from reconciler.planning.carrying import held
from reconciler.planning.plan import Baseline, Plan, Policy
from reconciler.planning.reconcile import reconcile
from reconciler.planning.renames import follow
from reconciler.planning.wiring import resolve
from reconciler.session.compile import compile_session
from reconciler.session.engine import settings
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
        self.ward = Ward(session, self.record, engine)
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
            asked = source.manifest.engine
            engine = choose.choose(asked.host, asked.mode, asked.attach)
        except StudioError as error:
            error.where = error.where or source.where("engine", "host", address="engine.host")
            raise
        known = choose.catalogue(engine, path.absolute().parent, settings(source).paths)
        session = compile_session(source, known)
        return cls(source, session, engine)

    @property
    def server(self) -> str | None:
        """The JACK server's name: the manifest's, else the environment's, else JACK's own default (None)."""
        asked = self.session.jack.server if self.session.jack else None
        return asked or os.environ.get("JACK_DEFAULT_SERVER") or None

    def studio(self) -> Studio:
        """Return the studio: the session's host process if it runs, else JACK (and an attached Carla) from here."""
        if self._studio is None:
            session = self.session
            with self._placing_attach():
                self._studio = HostClient.find(session.name) or choose.look(
                    self.engine,
                    prefix=session.prefix,
                    server=self.server,
                    servers=servers(),
                    settings=session.engine,
                    attach=session.attach,
                )
        return self._studio

    @property
    def host_runs(self) -> bool:
        """Whether there is a plugin host to ask, the session's or an attached one; without, JACK alone is observed."""
        self.studio()
        return not self._host_gone or self.session.attach is not None

    def start(self) -> None:
        """Start the session's host process unless it runs."""
        if not self._lent and not isinstance(self._studio, HostClient):
            self.close()
            session = self.session
            config = HostConfig(session.name, self.engine, session.prefix, self.server, session.engine, session.attach)
            with self._placing_attach():
                self._studio = HostClient.start(config)

    @contextlib.contextmanager
    def _placing_attach(self) -> Iterator[None]:
        """Give what keeps studio from attaching its place in the manifest."""
        try:
            yield
        except StudioError as error:
            if error.code.startswith("attach-"):
                error.where = error.where or self.source.where("engine", "attach", address="engine.attach")
            raise

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

    def retrying(self, names: Iterable[str]) -> frozenset[str]:
        """Return the names of plugins in quarantine that a person lets in again. Raises ``not-quarantined``."""
        self.studio()
        return self.ward.retrying(names, host_gone=self._host_gone)

    @property
    def _host_gone(self) -> bool:
        return not self._lent and not isinstance(self._studio, HostClient)

    def plan(
        self,
        released: Iterable[str] = (),
        retried: Iterable[str] = (),
        *,
        programs: bool = False,
        observed: Observed | None = None,
    ) -> Plan:
        """Return what differs between manifest and studio, as it is now unless ``observed`` says how it was.

        ``programs`` lets ``jack:`` plugins start theirs.
        """
        observed = observed or self.studio().observe()
        return self._plan(observed, frozenset(released), frozenset(retried), programs=programs)

    def drift(self) -> Plan | None:
        """Return what differs between the last apply and the studio, None if nothing was ever applied."""
        last = self.record.current()
        if last is None:
            return None
        wires = tuple(_wire(last, link) for link in sorted(last.links - last.session.links))
        declared = resolve(last.session, last.after.ports, server_up=True).declared
        places = {link: where for link, wire in declared.items() if (where := last.session.origin(wire))}
        session = msgspec.structs.replace(last.session, wires=wires, origins={**places, **last.session.origins})
        return reconcile(session, self.studio().observe(), last.baseline, self._policy(unmanaged="ignore"))

    def apply(
        self,
        plan: Plan,
        *,
        released: Iterable[str] = (),
        retried: Iterable[str] = (),
        programs: bool = False,
        told: Told = lambda _: None,
    ) -> Applied:
        """Run a plan and prove it. Call it under :meth:`locked`, with a plan that was made and approved under it.

        ``released`` and ``programs`` are to be those that it was made with.

        Raises
        ------
        Stale
            The studio moved since the plan was made.
        Unavailable
            JACK or the host is not there, or died on the way; the next apply goes on from what is there.
        """
        if plan.refused:
            raise refused(plan)
        allowed, again = frozenset(released), frozenset(retried)
        self._refuse_namesake()
        self.ward.settle(again, host_gone=self._host_gone)
        if plan.actions:
            self.start()
        before = self.studio().observe()
        now = self._plan(before, allowed, programs=programs)
        if now.fingerprint != plan.fingerprint:
            raise stale(plan, now)
        if not plan.actions:
            return Applied((), now, self._record(before, before))
        journal = Journal(self.record.folder, uuid.uuid4().hex[:12])
        try:
            ran, after = self._run(plan, before, journal, told)
            residual = self._plan(after, allowed, programs=programs)
            if plan.starts_server and residual.actions and not residual.refused:
                # Ports that nobody could know of are there now, so the rest of the plan can be made.
                more, after = self._run(residual, after, journal, told)
                ran, residual = ran + more, self._plan(after, allowed, programs=programs)
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
        try:
            outcomes = self.studio().execute(plan.actions, heard)
        except Unavailable as error:
            raise self.ward.blamed(error) from error
        self.ward.came_through()
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

    def _plan(
        self,
        observed: Observed,
        released: frozenset[str],
        retried: frozenset[str] = frozenset(),
        *,
        programs: bool = False,
    ) -> Plan:
        policy = self._policy(released, retried, programs=programs)
        return reconcile(self.session, observed, self.record.baseline(), policy)

    def _policy(
        self,
        released: frozenset[str] = frozenset(),
        retried: frozenset[str] = frozenset(),
        *,
        unmanaged: str | None = None,
        programs: bool = False,
    ) -> Policy:
        inside = self.ward.inside(host_gone=self._host_gone)
        left_out = {name: one for name, one in inside.items() if name not in retried}
        return Policy(unmanaged or self.source.manifest.policy.unmanaged, released, left_out, programs)

    def _links(self, observed: Observed) -> frozenset[Link]:
        """Return every link the manifest comes to, with the ports that are there."""
        return self.session.links | resolve(self.session, observed.ports, server_up=True).links

    def _claim(self, plan: Plan, observed: Observed) -> None:
        session = self.session
        ours = Baseline(session.plugins, self._links(observed), session.protected, engine=session.engine)
        baseline = self.record.baseline()
        followed = follow(baseline, plan, observed.plugins)
        claims = merge(merge(self.record.claims() or Baseline(), followed), ours)
        restarts = any(isinstance(action.call, RestartEngine) for action in plan.actions)
        carried = held(session, observed, baseline, self._policy(), restarts=restarts)
        self.record.claim(msgspec.structs.replace(claims, carried=carried))

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
