"""The plugin host's own settings: changed while it runs where it can, else by a restart that brings all back."""

from typing import Any

import msgspec

from reconciler.model.actions import RestartEngine, SetEngine, SetPeriod
from reconciler.model.resources import EngineSettings, Observed
from reconciler.model.settings import DEFAULTS
from reconciler.planning.builder import PlanBuilder, Stage
from reconciler.planning.plan import Act, Baseline, Interrupts

RESTARTS = "the engine restarts and everything comes back"
DROPPED = "no longer in the manifest"


def plan(observed: Observed, baseline: Baseline, builder: PlanBuilder) -> str | None:
    """Plan what differs; return the address of the first setting that takes a restart of the engine."""
    runs, can = observed.engine.settings, observed.engine.capabilities
    restarts_for: str | None = None
    for key, asks, reason in _asked(builder.session.engine, baseline.engine, runs):
        address = f"engine.{key}"
        before = getattr(runs, key)
        if key not in can.settings:
            if address in builder.session.origins and not (key == "mode" and asks == (before or "multiple-clients")):
                message = f"{observed.engine.kind} has no {key} to set"
                hint = "Carla can: `engine: { host: carla }`; or take the line out"
                if observed.engine.attach is not None:
                    message = f"the {key} of an attached Carla is its user's to choose"
                    hint = "take the line out; or take engine.attach out, and studio runs a Carla of its own"
                builder.refuse("unsupported", address, message, hint)
            continue
        if before is None or before == asks:
            continue  # what is not known yet will be as asked when the engine starts
        if key == "paths" and before.get("lv2", ()) != asks.get("lv2", ()):
            message = "Carla reads the folders of LV2 plugins once, when the session's host starts"
            builder.refuse("host-differs", address, message, "`studio down` stops it, the next apply starts it anew")
            continue
        if key not in can.live_settings:
            restarts_for = restarts_for or address
            why = f"{reason}; {RESTARTS}" if reason else RESTARTS
            builder.change(address, Act.REPLACE, before, asks, reason=why, interrupts=Interrupts.ENGINE)
            continue
        unit = "bpm" if key == "tempo" else None
        builder.change(address, Act.UPDATE, before, asks, unit=unit, reason=reason)
        # Folders first of all: the plugins that are about to be loaded may lie there.
        stage = Stage.PREPARE if key == "paths" else Stage.SETTINGS
        for part, value in _parts(key, before, asks):
            builder.step(stage, SetEngine(part, value), address)
    return restarts_for


def restart(builder: PlanBuilder, observed: Observed, cause: str, *, period: int | None = None) -> None:
    """Stop the engine and let it start with what is asked, and otherwise as it was; with a new period in between.

    Carla in multiple-clients mode aborts when the period changes under its plugins.
    """
    asks = msgspec.structs.asdict(builder.session.engine)
    settings = msgspec.structs.replace(
        observed.engine.settings, **{key: value for key, value in asks.items() if value is not None}
    )
    stopped = builder.step(Stage.SERVER, RestartEngine(settings), cause)
    if period is not None:
        builder.aside(SetPeriod(period), "hardware.jack", (stopped,))


def _parts(key: str, before: Any, asks: Any) -> list[tuple[str, Any]]:
    """Return the calls for one setting; folders are set for each scheme (``paths.sf2``), with colons between."""
    if key != "paths":
        return [(key, asks)]
    schemes = sorted(scheme for scheme in before | asks if before.get(scheme) != asks.get(scheme))
    return [(f"paths.{scheme}", ":".join(asks.get(scheme, ()))) for scheme in schemes]


def _asked(asks: EngineSettings, ours: EngineSettings, runs: EngineSettings) -> list[tuple[str, Any, str | None]]:
    """Return each setting to have: what the manifest says, and Carla's default for what it said before."""
    found: list[tuple[str, Any, str | None]] = []
    for key, value in msgspec.structs.asdict(asks).items():
        if value is not None:
            found.append((key, value, None))
        elif getattr(ours, key) is not None and getattr(runs, key) is not None:
            found.append((key, getattr(DEFAULTS, key), DROPPED))
    return found
