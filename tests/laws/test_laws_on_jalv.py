"""The laws again, a smaller run, on real plugins in real jalv processes on a real JACK server."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.engines import choose
from reconciler.engines.jalv import CAPABILITIES
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Applied, Desk
from reconciler.model.actions import Action, Outcome
from reconciler.model.catalogue import Catalogue, PluginType
from reconciler.planning.plan import Plan
from tests.laws.worlds import NAMES, disturb, make_desk, pairs
from tests.support.crowd import crowd

pytestmark = [pytest.mark.jack, pytest.mark.jalv]

PLUGINS = (
    "lv2:http://plugin.org.uk/swh-plugins/amp",
    "lv2:http://gareus.org/oss/lv2/balance",
    "lv2:http://gareus.org/oss/lv2/fil4#mono",
    "lv2:http://drobilla.net/plugins/mda/EPiano",
    "lv2:http://drobilla.net/plugins/mda/Delay",
    "lv2:http://lsp-plug.in/plugins/lv2/gate_mono",
)
"""Mono and stereo, an instrument with presets, one with a switch of its own, one with forty parameters."""
SEEDS = st.integers(0, 2**32)
SMALLER = settings(max_examples=6)


class Stage(NamedTuple):
    """The studio, and every call it was asked to make."""

    studio: LocalStudio
    catalogue: Catalogue
    calls: list[Action]

    def desk(self, manifest: dict[str, Any]) -> Desk:
        """Sit down with a manifest."""
        return make_desk(manifest, self.studio, self.catalogue)

    def clear(self, manifest: dict[str, Any]) -> None:
        """Begin anew: no plugins, no history."""
        for hosted in reversed(self.studio.host.plugins()):
            self.studio.host.remove(hosted.plugin.name)
        shutil.rmtree(self.desk(manifest).record.folder, ignore_errors=True)

    def loadable(self) -> dict[str, PluginType]:
        """The plugins to choose from; their first four presets are choice enough."""
        found = {uri: self.catalogue.describe(uri) for uri in PLUGINS}
        return {uri: kind for uri, kind in found.items() if kind is not None}


@pytest.fixture
def stage(jack_server: str, tmp_path: Path) -> Iterator[Stage]:
    """Real JACK with a microphone and a recorder, and a host that has no plugins yet."""
    calls: list[Action] = []
    studio = choose.build("jalv", prefix="", server=jack_server, servers=tmp_path, before=calls.append)
    with crowd("mic", server=jack_server) as mic, crowd("recorder", server=jack_server) as recorder:
        for number in (1, 2):
            mic.do(f"add out out_{number}")
            recorder.do(f"add in in_{number}")
        try:
            yield Stage(studio, choose.catalogue("jalv"), calls)
        finally:
            studio.close()


def _draw(data: st.DataObject, stage: Stage) -> tuple[dict[str, Any], dict[str, Any]]:
    loadable = stage.loadable()
    assert len(loadable) == len(PLUGINS), "the packages that docs/ names are installed"
    return data.draw(pairs(capabilities=CAPABILITIES, loadable=loadable, most=3))


def _plan(desk: Desk) -> Plan:
    plan = desk.plan(NAMES)
    assert plan.refused == ()
    return plan


def _apply(desk: Desk) -> Applied:
    return desk.apply(_plan(desk), released=NAMES)


@SMALLER
@given(data=st.data(), seed=SEEDS)
def test_apply_then_the_plan_is_empty_and_a_second_apply_calls_nothing(
    stage: Stage, data: st.DataObject, seed: int
) -> None:
    first, second = _draw(data, stage)
    stage.clear(first)
    disturb(stage.studio, seed, PLUGINS)
    for manifest in (first, second):
        desk = stage.desk(manifest)
        applied = _apply(desk)
        assert applied.proved, (applied.failures, applied.residual.changes)
        assert desk.plan().changes == ()
        stage.calls.clear()
        assert desk.apply(desk.plan()).proved
        assert stage.calls == []


@SMALLER
@given(data=st.data(), seed=SEEDS)
def test_a_plan_touches_nothing_that_session_and_baseline_do_not_name(
    stage: Stage, data: st.DataObject, seed: int
) -> None:
    first, second = _draw(data, stage)
    second["policy"]["unmanaged"] = "warn"
    stage.clear(first)
    _apply(stage.desk(first))
    disturb(stage.studio, seed, PLUGINS)
    desk = stage.desk(second)
    baseline = desk.record.baseline()
    named = desk.session.plugins.keys() | baseline.plugins.keys() | desk.session.moved.keys()
    before = stage.studio.observe()
    stage.calls.clear()
    plan = _plan(desk)
    assert desk.apply(plan, released=NAMES).proved
    assert [action.call for action in stage.calls] == [action.call for action in plan.actions]
    after = stage.studio.observe()
    for name in before.plugins.keys() - named:
        assert after.plugins[name] == before.plugins[name]
    foreign = {
        link for link in before.links if not any(end.partition(":")[0] in named for end in (link.source, link.target))
    }
    assert foreign - after.links <= baseline.links


@SMALLER
@given(data=st.data(), seed=SEEDS)
def test_a_plugin_killed_at_any_action_then_apply_again_ends_as_the_manifest_says(
    stage: Stage, data: st.DataObject, seed: int
) -> None:
    first, second = _draw(data, stage)
    stage.clear(first)
    _apply(stage.desk(first))
    desk = stage.desk(second)
    plan = _plan(desk)
    moment = data.draw(st.integers(0, max(len(plan.actions) - 1, 0)))

    def told(outcome: Outcome) -> None:
        processes = [child for child in psutil.Process().children(recursive=True) if child.name() == "jalv"]
        if outcome.id == moment and processes:
            processes[seed % len(processes)].kill()

    desk.apply(plan, released=NAMES, told=told)
    again = _apply(stage.desk(second))
    assert again.proved, (again.failures, again.residual.changes)
    after = stage.studio.observe()
    for name, want in desk.session.plugins.items():
        assert after.plugins[name].plugin == want.plugin
        assert {symbol: after.plugins[name].params[symbol] for symbol in want.params} == want.params
    assert not (set(first["plugins"]) - set(second["plugins"])) & set(after.plugins)
