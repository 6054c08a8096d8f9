"""What one client for all plugins does not hold, told with its line."""

import json
from pathlib import Path

import pytest

from reconciler.engines import choose
from reconciler.engines.memory import IN_PATCHBAY, PREFIX, MemoryCatalogue, MemoryStudio
from reconciler.engines.studio import LocalStudio
from reconciler.manifest.load import parse
from reconciler.model.errors import StudioError
from reconciler.model.terminals import MOST_PLUGINS
from reconciler.planning.plan import Baseline, Plan, Policy
from reconciler.planning.reconcile import reconcile
from reconciler.session.compile import compile_session


def plan(world: MemoryStudio, count: int) -> Plan:
    plugins = {f"p{number}": {"plugin": f"{PREFIX}gain"} for number in range(count)}
    mode = world.host.settings.mode
    text = json.dumps({"version": 1, "session": "many", "engine": {"mode": mode}, "plugins": plugins}, indent=1)
    session = compile_session(parse(text, Path("many.yaml")), MemoryCatalogue())
    studio = LocalStudio(world.host, world.open_graph, world.hardware)
    return reconcile(session, studio.observe(), Baseline(), Policy("ignore"))


def test_the_first_plugin_beyond_the_most_is_named() -> None:
    world = MemoryStudio(engine=IN_PATCHBAY)
    assert plan(world, MOST_PLUGINS).refused == ()
    world.host.add("own", f"{PREFIX}gain")
    (refusal,) = plan(world, MOST_PLUGINS).refused
    assert (refusal.code, refusal.address) == ("does-not-fit", f"plugins.p{MOST_PLUGINS - 1}")
    assert refusal.origin is not None
    assert plan(MemoryStudio(), MOST_PLUGINS + 1).refused == (), "as many JACK clients as there may be"


def test_the_engine_itself_would_say_no_too() -> None:
    world = MemoryStudio(engine=IN_PATCHBAY)
    with pytest.raises(StudioError) as refusal:
        world.host.add("split", f"{PREFIX}split")
    assert refusal.value.code == "plugin-failed"
    assert "MIDI" in refusal.value.message


def test_an_engine_without_a_patchbay_is_not_taken_for_one() -> None:
    with pytest.raises(StudioError) as refusal:
        choose.choose("jalv", "patchbay")
    assert refusal.value.code == "mode-unsupported"
    assert refusal.value.hint is not None
    assert "carla" in refusal.value.hint
