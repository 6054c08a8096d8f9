"""The laws, on any session and any studio. The same on jalv, a smaller run, in test_laws_on_jalv."""

import random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.engines.memory import CAPABILITIES, LIKE_CARLA, LIKE_JALV, Effect, MemoryStudio
from reconciler.execution.desk import Applied, Desk
from reconciler.model.errors import Refused, Unavailable
from reconciler.model.resources import Capabilities, Link, Plugin
from reconciler.planning.plan import Act, Plan
from tests.laws.worlds import NAMES, ONE_CLIENT, comparable, disturb, make_desk, make_world, manifests, pairs

HOSTS = [
    pytest.param(CAPABILITIES, id="able-to-all"),
    pytest.param(LIKE_CARLA, id="like-carla"),
    pytest.param(LIKE_JALV, id="like-jalv"),
    pytest.param(ONE_CLIENT, id="in-patchbay"),
]
SEEDS = st.integers(0, 2**32)


def _forget(desk: Any) -> None:
    """Every example starts with no history."""
    import shutil

    shutil.rmtree(desk.record.folder, ignore_errors=True)


def _planned(desk: Desk, world: MemoryStudio) -> Plan:
    """Plan with every protected plugin released, having seen that without it nothing would be done."""
    plan = desk.plan()
    codes = {refusal.code for refusal in plan.refused}
    if plan.refused:
        assert codes <= {"protected", "does-not-fit"}
        before = list(world.calls.made)
        with pytest.raises(Refused):
            desk.apply(plan)
        assert world.calls.made == before
        assume("does-not-fit" not in codes)
        plan = desk.plan(NAMES)
    assert plan.refused == ()
    return plan


def _apply(desk: Desk, world: MemoryStudio) -> Applied:
    return desk.apply(_planned(desk, world), released=NAMES)


@pytest.mark.parametrize("capabilities", HOSTS)
@given(data=st.data(), seed=SEEDS)
def test_apply_then_the_plan_is_empty_and_a_second_apply_calls_nothing(
    capabilities: Capabilities, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(pairs(capabilities=capabilities))
    world = make_world(capabilities)
    disturb(world, seed)
    _forget(make_desk(first, world))
    for manifest in (first, second):
        desk = make_desk(manifest, world)
        applied = _apply(desk, world)
        assert applied.proved, applied.residual.changes
        assert desk.plan().changes == ()
        before = len(world.calls.made)
        assert desk.apply(desk.plan()).proved
        assert len(world.calls.made) == before
        disturb(world, seed + 1)


@pytest.mark.parametrize("capabilities", HOSTS)
@given(data=st.data(), seed=SEEDS)
def test_what_is_there_afterwards_is_what_the_manifest_says(
    capabilities: Capabilities, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(pairs(capabilities=capabilities))
    world = make_world(capabilities)
    _forget(make_desk(first, world))
    _apply(make_desk(first, world), world)
    disturb(world, seed)
    desk = make_desk(second, world)
    _apply(desk, world)
    session, after = desk.session, desk.studio().observe()
    for name, want in session.plugins.items():
        have = after.plugins[name]
        assert have.plugin == want.plugin
        ignored = session.ignored.get(name, ())
        for word in ("params", "mix", "midi", "options", "custom_data"):
            declared = getattr(want, word)
            assert {key: getattr(have, word).get(key) for key in declared} == declared
        assert (have.bridge, have.state) == (want.bridge, want.state)
        assert have.active == want.active or "active" in ignored
    assert session.links <= after.links
    dropped = set(first["plugins"]) - set(second["plugins"])
    assert not dropped & set(after.plugins), "what left the manifest is gone"
    if second["policy"]["unmanaged"] == "prune":
        assert after.plugins.keys() == session.plugins.keys()
        generation = desk.record.current()
        assert generation is not None
        touching = {link for link in after.links if _nodes(link) & session.plugins.keys()}
        assert touching <= generation.links


@pytest.mark.parametrize("capabilities", HOSTS)
@given(data=st.data(), seed=SEEDS)
def test_a_plan_touches_nothing_that_session_and_baseline_do_not_name(
    capabilities: Capabilities, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(pairs(capabilities=capabilities))
    world = make_world(capabilities)
    _forget(make_desk(first, world))
    _apply(make_desk(first, world), world)
    disturb(world, seed)
    desk = make_desk(second, world)
    baseline = desk.record.baseline()
    before = desk.studio().observe()
    plan = _planned(desk, world)
    desk.apply(plan, released=NAMES)
    after = desk.studio().observe()
    named = desk.session.plugins.keys() | baseline.plugins.keys() | desk.session.moved.keys()
    prunes = second["policy"]["unmanaged"] == "prune"
    for name in before.plugins.keys() - named:
        assert after.plugins.get(name) == (None if prunes else before.plugins[name])
    for name in desk.session.plugins.keys() & before.plugins.keys() & after.plugins.keys():
        if _kept(plan, name):
            _assert_only_declared_moved(
                before.plugins[name], after.plugins[name], desk.session.plugins[name], baseline.plugins.get(name)
            )
    declared = {change.address for change in plan.changes}
    changed = {address.removeprefix("plugins.") for address in declared if address.startswith("plugins.")}
    renamed = {change.before for change in plan.changes if change.action is Act.RENAME}
    for link in before.links ^ after.links:
        assert link.address in declared or _nodes(link) & (changed | renamed)


def _nodes(link: Link) -> set[str]:
    return {link.source.partition(":")[0], link.target.partition(":")[0]}


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
        plan = _planned(desk, world)
        desk.apply(plan, released=NAMES)
        ends.append((sorted(change.address for change in plan.changes), comparable(desk.studio().observe())))
    assert ends[0] == ends[1]


def _shuffle(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _shuffle(value[key], dice) for key in keys}
    return value


def _without(world: Any, spared: set[tuple[str, str]]) -> Any:
    """Return what :func:`comparable` gave, without some parameters, each by its plugin and symbol."""
    plugins, *rest = world
    kept = {
        name: {
            **plugin,
            "params": {symbol: value for symbol, value in plugin["params"].items() if (name, symbol) not in spared},
        }
        for name, plugin in plugins.items()
    }
    return kept, *rest


@pytest.mark.parametrize("capabilities", HOSTS)
@pytest.mark.parametrize("effect", [Effect.FAIL, Effect.LATE, Effect.LOSE, Effect.PLUGIN_DIES, Effect.HOST_DIES])
@given(data=st.data(), seed=SEEDS)
def test_a_failure_at_any_action_then_apply_again_ends_the_same(
    capabilities: Capabilities, effect: Effect, data: st.DataObject, seed: int
) -> None:
    first, second = data.draw(pairs(capabilities=capabilities))

    def world_after(fail_at: int | None) -> tuple[Any, Plan]:
        world = make_world(capabilities)
        _forget(make_desk(first, world))
        _apply(make_desk(first, world), world)
        disturb(world, seed)
        desk = make_desk(second, world)
        plan = _planned(desk, world)
        if fail_at is not None:
            world.calls.fail_nth(fail_at + 1, effect)
            if effect is Effect.HOST_DIES:
                with pytest.raises(Unavailable, match="died"):
                    desk.apply(plan, released=NAMES)
                world.start_host()
            else:
                desk.apply(plan, released=NAMES)
            desk = make_desk(second, world)
            again = _apply(desk, world)
            assert again.proved, again.residual.changes
        else:
            assert desk.apply(plan, released=NAMES).proved
        return comparable(desk.studio().observe()), plan

    whole, plan = world_after(None)
    if plan.actions:
        end, _ = world_after(data.draw(st.integers(0, len(plan.actions) - 1)))
        # What only a person had set goes with the plugin that died, and where a host that cannot rename fails to hand
        # it over; what the manifest names is back (proved above).
        dies = effect in (Effect.PLUGIN_DIES, Effect.HOST_DIES)
        hands_over = not capabilities.rename and any(change.action is Act.RENAME for change in plan.changes)
        # What the manifest ignores is somebody else's again as soon as a plugin is there in another's place.
        spared = {
            (change.address.removeprefix("plugins."), word.removeprefix("params."))
            for change in plan.changes
            if change.action in (Act.REPLACE, Act.RENAME)
            for word in second["plugins"].get(change.address.removeprefix("plugins."), {}).get("ignore", ())
        }
        assert _without(end, spared) == _without(whole, spared) or dies or hands_over
