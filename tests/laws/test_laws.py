"""The laws, on any session and any studio. The same on jalv, a smaller run, in test_laws_on_jalv."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engines.memory import CAPABILITIES, LIKE_JALV, Effect
from reconciler.model.errors import Unavailable
from reconciler.model.resources import Capabilities, Plugin
from reconciler.planning.plan import Plan
from tests.laws.worlds import comparable, disturb, make_desk, make_world, manifests

HOSTS = [pytest.param(CAPABILITIES, id="like-carla"), pytest.param(LIKE_JALV, id="like-jalv")]
SEEDS = st.integers(0, 2**32)


def _both(capabilities: Capabilities) -> st.SearchStrategy[tuple[dict[str, Any], dict[str, Any]]]:
    return st.tuples(manifests(capabilities=capabilities), manifests(capabilities=capabilities))


def _forget(desk: Any) -> None:
    """Every example starts with no history."""
    import shutil

    shutil.rmtree(desk.record.folder, ignore_errors=True)


@pytest.mark.parametrize("capabilities", HOSTS)
@given(data=st.data(), seed=SEEDS)
def test_apply_then_the_plan_is_empty_and_a_second_apply_calls_nothing(
    capabilities: Capabilities, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(_both(capabilities))
    world = make_world(capabilities)
    disturb(world, seed)
    _forget(make_desk(first, world))
    for manifest in (first, second):
        desk = make_desk(manifest, world)
        applied = desk.apply(desk.plan())
        assert applied.proved, applied.residual.changes
        assert desk.plan().changes == ()
        before = len(world.calls.made)
        assert desk.apply(desk.plan()).proved
        assert len(world.calls.made) == before
        disturb(world, seed + 1)


@pytest.mark.parametrize("capabilities", HOSTS)
@given(data=st.data(), seed=SEEDS)
def test_a_plan_touches_nothing_that_session_and_baseline_do_not_name(
    capabilities: Capabilities, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(_both(capabilities))
    world = make_world(capabilities)
    _forget(make_desk(first, world))
    desk = make_desk(first, world)
    desk.apply(desk.plan())
    disturb(world, seed)
    desk = make_desk(second, world)
    baseline = desk.record.baseline()
    before = desk.studio().observe()
    plan = desk.plan()
    desk.apply(plan)
    after = desk.studio().observe()
    named = desk.session.plugins.keys() | baseline.plugins.keys()
    for name in before.plugins.keys() - named:
        assert after.plugins[name] == before.plugins[name]
    for name in desk.session.plugins.keys() & before.plugins.keys() & after.plugins.keys():
        if _kept(plan, name):
            _assert_only_declared_moved(
                before.plugins[name], after.plugins[name], desk.session.plugins[name], baseline.plugins.get(name)
            )
    declared = {change.address for change in plan.changes}
    for link in before.links ^ after.links:
        nodes = {link.source.partition(":")[0], link.target.partition(":")[0]}
        lost_with_a_plugin = any(f"plugins.{node}" in declared for node in nodes)
        assert link.address in declared or lost_with_a_plugin


def _kept(plan: Plan, name: str) -> bool:
    prefix = f"plugins.{name}"
    return not any(change.address in (prefix, f"{prefix}.program") for change in plan.changes)


def _assert_only_declared_moved(before: Plugin, after: Plugin, want: Plugin, ours: Plugin | None) -> None:
    mine = want.params.keys() | (ours.params.keys() if ours else set())
    for symbol, value in before.params.items():
        if symbol not in mine and after.params[symbol] != value:
            assert want.active != before.active, f"{symbol} of {want.name} is nobody's"  # the switch follows `active`


@pytest.mark.parametrize("capabilities", HOSTS)
@given(data=st.data(), seed=SEEDS)
def test_the_order_of_keys_changes_nothing(capabilities: Capabilities, data: st.DataObject, seed: int) -> None:
    manifest = data.draw(manifests(capabilities=capabilities))
    shuffled = _shuffle(manifest, random.Random(seed))
    ends = []
    for variant in (manifest, shuffled):
        world = make_world(capabilities)
        disturb(world, seed)
        desk = make_desk(variant, world)
        _forget(desk)
        plan = desk.plan()
        desk.apply(plan)
        ends.append((sorted(change.address for change in plan.changes), comparable(desk.studio().observe())))
    assert ends[0] == ends[1]


def _shuffle(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _shuffle(value[key], dice) for key in keys}
    return value


@pytest.mark.parametrize("capabilities", HOSTS)
@pytest.mark.parametrize("effect", [Effect.FAIL, Effect.LATE, Effect.LOSE, Effect.PLUGIN_DIES, Effect.HOST_DIES])
@given(data=st.data(), seed=SEEDS)
def test_a_failure_at_any_action_then_apply_again_ends_the_same(
    capabilities: Capabilities, effect: Effect, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(_both(capabilities))

    def world_after(fail_at: int | None) -> tuple[Any, int]:
        world = make_world(capabilities)
        _forget(make_desk(first, world))
        desk = make_desk(first, world)
        desk.apply(desk.plan())
        disturb(world, seed)
        desk = make_desk(second, world)
        plan = desk.plan()
        if fail_at is not None:
            world.calls.fail_nth(fail_at + 1, effect)
            if effect is Effect.HOST_DIES:
                with pytest.raises(Unavailable, match="died"):
                    desk.apply(plan)
                world.start_host()
            else:
                desk.apply(plan)
            desk = make_desk(second, world)
            again = desk.apply(desk.plan())
            assert again.proved, again.residual.changes
        else:
            assert desk.apply(plan).proved
        return comparable(desk.studio().observe()), len(plan.actions)

    whole, count = world_after(None)
    if count:
        end, _ = world_after(data.draw(st.integers(0, count - 1)))
        # What only a person had set goes with the plugin that died; what the manifest names is back (proved above).
        assert end == whole or effect in (Effect.PLUGIN_DIES, Effect.HOST_DIES)
