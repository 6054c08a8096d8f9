"""An engine that restarts brings everything back, also when the apply breaks off on the way and is made again."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.engines.memory import LIKE_CARLA, Effect, MemoryCatalogue, MemoryStudio
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.load import parse
from reconciler.model.actions import RestartEngine
from reconciler.model.errors import Unavailable
from reconciler.model.resources import Link, MidiMap, Plugin
from reconciler.session.compile import compile_session

MANIFEST = """
version: 1
session: restart
engine: {{ mode: {mode} }}
hardware: {{ jack: {{ period: {period}, manage: start }} }}
plugins:
  fx: {{ plugin: "lv2:urn:studio:memory:equalizer", params: {{ gain: 3 dB }}, program: Warm }}
  hall: {{ plugin: "lv2:urn:studio:memory:reverb", bridge: true }}
chains: {{ voice: [system:capture_1, fx, hall, "system:playback_*"] }}
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryStudio:
    """A studio in which a person has turned knobs and loaded a plugin of their own since the last apply."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    world = MemoryStudio(capabilities=LIKE_CARLA)
    desk = _desk(world)
    assert desk.apply(desk.plan()).proved
    host = world.host
    host.set_param("fx", "q", 5.0)
    host.set_mix("fx", "volume", 0.5)
    host.map_midi("fx", "q", MidiMap("cc", 1.0, 2.0, 21, 3))
    host.add("own", "lv2:urn:studio:memory:gain")
    host.set_param("own", "gain", 0.5)
    host.set_active("own", active=False)
    world.graph.connect("own:out", "system:playback_1")
    return world


def _desk(world: MemoryStudio, mode: str = "multiple-clients", period: int = 256) -> Desk:
    source = parse(MANIFEST.format(mode=mode, period=period), Path("restart.yaml"))
    studio = LocalStudio(world.host, world.open_graph, world.hardware)
    return Desk(source, compile_session(source, MemoryCatalogue()), "memory", studio)


def _seen(world: MemoryStudio) -> tuple[dict[str, Plugin], frozenset[Link]]:
    observed = LocalStudio(world.host, world.open_graph, world.hardware).observe()
    return dict(observed.plugins), observed.links


CHANGES = [pytest.param({"mode": "patchbay"}, id="mode"), pytest.param({"period": 512}, id="period")]


@pytest.mark.parametrize("change", CHANGES)
def test_everything_comes_back(world: MemoryStudio, change: dict[str, Any]) -> None:
    before = _seen(world)
    desk = _desk(world, **change)
    plan = desk.plan()
    assert [change.address for change in plan.changes] in (["engine.mode"], ["hardware.jack"])
    assert "the engine restarts and everything comes back" in str(plan.changes[0].reason)
    applied = desk.apply(plan)
    assert applied.proved, applied.residual.changes
    assert _seen(world) == before
    assert desk.plan().changes == ()
    assert desk.record.claims() is None


@pytest.mark.parametrize("effect", [Effect.FAIL, Effect.HOST_DIES])
@pytest.mark.parametrize("change", CHANGES)
def test_an_apply_that_breaks_off_anywhere_is_taken_up_again_without_loss(
    world: MemoryStudio, change: dict[str, Any], effect: Effect
) -> None:
    before = _seen(world)
    steps = len(_desk(world, **change).plan().actions)
    assert steps > 10
    for step in range(1, steps + 1):
        desk = _desk(world, **change)
        plan = desk.plan()
        assert isinstance(plan.actions[0].call, RestartEngine)
        world.calls.fail_nth(step, effect)
        if effect is Effect.HOST_DIES:
            with pytest.raises(Unavailable, match="died"):
                desk.apply(plan)
            world.start_host()
        else:
            desk.apply(plan)
        world.calls.mend()
        desk = _desk(world, **change)
        applied = desk.apply(desk.plan())
        assert applied.proved, (step, applied.residual.changes)
        assert _seen(world) == before, (step, plan.actions[step - 1])
        back = _desk(world)
        assert back.apply(back.plan()).proved
        assert _seen(world) == before
