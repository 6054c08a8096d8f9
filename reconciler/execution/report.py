"""What ``studio status`` tells."""

import time

import msgspec

from reconciler.execution.desk import Desk
from reconciler.host.client import HostClient
from reconciler.model.resources import JackSettings
from reconciler.planning.plan import Quarantined
from reconciler.planning.text import headline


class Report(msgspec.Struct, frozen=True):
    """One look at a session. ``drift`` is None when nothing can be compared."""

    session: str
    engine: str
    pid: int | None
    jack: JackSettings | None
    jack_ours: bool
    plugins: tuple[str, ...]
    generation: int | None
    applied_at: str | None
    drift: str | None
    unfinished: bool
    crashes: tuple[str, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()


def report(desk: Desk) -> Report:
    """Look at a session, without changing or starting anything."""
    studio = desk.studio()
    status = studio.status() if isinstance(studio, HostClient) else None
    observed = studio.observe()
    last = desk.record.current()
    drift = None
    if last is not None and observed.jack is None:
        drift = "everything is gone: no JACK server is running"
    elif last is not None:
        found = desk.drift()
        assert found is not None
        drift = "nothing moved" if found.empty else headline(found) + " to get back there"
    return Report(
        session=desk.session.name,
        engine=desk.engine,
        pid=status.pid if status else None,
        jack=observed.jack,
        jack_ours=observed.jack_ours,
        plugins=tuple(observed.plugins),
        generation=last.number if last else None,
        applied_at=time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(last.applied_at)) if last else None,
        drift=drift,
        unfinished=desk.record.claims() is not None,
        crashes=status.crashes if status else (),
        quarantined=tuple(desk.ward.standing(host_gone=status is None).values()),
    )
