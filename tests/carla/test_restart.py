"""Another mode, another period and another plugin in one's place on real Carla: nothing that was there is lost."""

from pathlib import Path

import pytest

from reconciler.engines import choose
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.execution.desk import Desk
from reconciler.manifest.load import parse
from reconciler.model.actions import ReplacePlugin, RestartEngine, SetPeriod
from reconciler.model.resources import Observed
from reconciler.session.compile import compile_session
from tests.support.jackd import Jackd

pytestmark = [pytest.mark.jack, pytest.mark.carla]

MANIFEST = """
version: 1
session: restart-carla
engine: {{ host: carla, mode: {mode}, tempo: {tempo} bpm }}
hardware: {{ jack: {{ period: {period}, manage: start }} }}
plugins:
  keys: {{ plugin: "lv2:http://drobilla.net/plugins/mda/EPiano", params: {{ hardness: 0.75 }} }}
  fx: {{ plugin: "lv2:{fx}" }}
chains: {{ voice: [keys, fx, "system:playback_*"] }}
"""
DELAY, BALANCE = "http://drobilla.net/plugins/mda/Delay", "http://gareus.org/oss/lv2/balance"


def _seen(observed: Observed) -> tuple[object, ...]:
    """What must be the same again; what a plugin saves of itself among its named values is its own."""
    return (
        {name: (one.plugin, one.active, one.params, one.mix, one.midi) for name, one in observed.plugins.items()},
        observed.links,
    )


def test_everything_comes_back_in_either_mode_and_after_a_new_period(
    fresh_jack_server: Jackd, known: CarlaCatalogue, tmp_path: Path
) -> None:
    studio = choose.build("carla", prefix="", server=fresh_jack_server.name, servers=tmp_path)

    def desk(mode: str = "multiple-clients", period: int = 256, tempo: float = 120, fx: str = DELAY) -> Desk:
        source = parse(MANIFEST.format(mode=mode, period=period, tempo=tempo, fx=fx), tmp_path / "restart.yaml")
        return Desk(source, compile_session(source, known), "carla", studio)

    try:
        first = desk()
        assert first.apply(first.plan()).proved
        studio.host.set_param("keys", "treble_boost", 0.25)
        studio.host.set_mix("fx", "volume", 0.5)
        studio.host.add("own", f"lv2:{BALANCE}")
        graph = studio.graph()
        assert graph is not None
        before = _seen(studio.observe())
        for change in ({"period": 512}, {"mode": "patchbay"}, {"mode": "patchbay", "period": 512}, {"period": 256}):
            there = desk(**change)
            plan = there.plan()
            if plan.changes:
                restarts = any(isinstance(action.call, RestartEngine) for action in plan.actions)
                only_period = all(isinstance(action.call, SetPeriod) for action in plan.actions)
                assert restarts or only_period
            assert there.apply(plan).proved
            assert _seen(studio.observe()) == before, change
        other = desk(tempo=97.5, fx=BALANCE)
        plan = other.plan()
        assert any(isinstance(action.call, ReplacePlugin) for action in plan.actions)
        assert other.apply(plan).proved
        after = studio.observe()
        assert list(after.plugins) == ["keys", "fx", "own"]
        assert after.plugins["fx"].mix["volume"] == 0.5, "nobody declared it, so it stays"
        assert after.engine.settings.tempo == 97.5
    finally:
        studio.close()
