"""The JACK server: start it, restart it, change its period, or say why not."""

import enum

import msgspec

from reconciler.model.actions import RestartServer, SetPeriod, StartServer
from reconciler.model.errors import Unavailable
from reconciler.model.resources import JackSettings, Observed
from reconciler.planning import engine
from reconciler.planning.builder import PlanBuilder, Stage
from reconciler.planning.plan import Act, Interrupts
from reconciler.session.session import Session

ADDRESS = "hardware.jack"


class Effect(enum.Enum):
    """What becomes of everything on the server."""

    STAYS = "stays"
    STARTS_ANEW = "starts-anew"
    """Nothing of before is there any more."""
    STOPS_ENGINE = "stops-engine"
    """The engine has to stop for a change of the period, see :attr:`Capabilities.live_period`."""


def plan(session: Session, observed: Observed, builder: PlanBuilder) -> Effect:
    """Plan the server; return what becomes of everything on it.

    Raises
    ------
    Unavailable
        ``jack-not-running``.
    """
    asked = session.jack or JackSettings()
    running = observed.jack
    if running is None:
        if session.manage == "never":
            hint = "start JACK, or let studio do it: `hardware: { jack: { driver: dummy, manage: start } }`"
            origin = session.origin(ADDRESS)
            raise Unavailable("jack-not-running", "no JACK server is running", where=origin, hint=hint)
        if asked.driver is None:
            message = "no JACK server is running, and the manifest does not say which driver to start it with"
            hint = "`driver: alsa` and its `device`, or `driver: dummy` to run without a sound card"
            builder.refuse("jack-driver-missing", ADDRESS, message, hint)
        builder.change(ADDRESS, Act.CREATE, None, _said(asked), interrupts=Interrupts.SERVER)
        builder.step(Stage.SERVER, StartServer(asked), ADDRESS)
        return Effect.STARTS_ANEW
    differs = {key: value for key, value in _said(asked).items() if getattr(running, key) not in (None, value)}
    if not differs:
        return Effect.STAYS
    before = {key: getattr(running, key) for key in differs}
    if session.manage != "never" and differs.keys() == {"period"} and asked.period is not None:
        live = observed.engine.capabilities.live_period
        stops = bool(observed.plugins) and not live
        reason = engine.RESTARTS if stops else None
        builder.change(ADDRESS, Act.UPDATE, before, differs, reason=reason, interrupts=Interrupts.SERVER)
        if stops:
            return Effect.STOPS_ENGINE
        if live:
            builder.step(Stage.SETTINGS, SetPeriod(asked.period), ADDRESS)
        else:  # before any plugin comes
            builder.aside(SetPeriod(asked.period), ADDRESS)
        return Effect.STAYS
    if session.manage == "restart" and observed.jack_ours:
        builder.change(ADDRESS, Act.REPLACE, before, differs, interrupts=Interrupts.SERVER)
        builder.step(Stage.SERVER, RestartServer(asked), ADDRESS)
        return Effect.STARTS_ANEW
    asks = ", ".join(f"{key} {value}" for key, value in differs.items())
    runs = ", ".join(f"{key} {value}" for key, value in before.items())
    message = f"JACK runs with {runs}; the manifest asks for {asks}"
    builder.refuse("jack-differs", ADDRESS, message, _hint(session, observed))
    return Effect.STAYS


def _said(settings: JackSettings) -> dict[str, object]:
    """What the settings say; what JACK does not tell of itself (None) is taken as it is."""
    return {
        key: value for key, value in msgspec.structs.asdict(settings).items() if key != "server" and value is not None
    }


def _hint(session: Session, observed: Observed) -> str:
    match session.manage:
        case "restart" if not observed.jack_ours:
            return "somebody else started this server: stop it and apply again, or change the manifest"
        case "never":
            return "change the server yourself, or let studio do it with `manage: restart`"
        case _:
            return "this takes a restart of JACK: `manage: restart` allows it"
