"""Adding, removing, order, links, and leaving nothing behind."""

from collections.abc import Callable

import pytest

from reconciler.engines.ports import PluginHost
from reconciler.model.errors import StudioError
from reconciler.model.resources import Link
from tests.conformance.rig import Rig
from tests.support.waiting import eventually


def test_the_host_says_what_it_is_and_can_do(rig: Rig) -> None:
    assert rig.host.kind
    assert rig.host.plugins() == []
    scheme = rig.roles.mono.uri.partition(":")[0]
    assert scheme in rig.host.capabilities.formats


def test_plugins_keep_the_order_in_which_they_came(rig: Rig) -> None:
    names = ["delta", "alpha", "charlie", "bravo"]
    for name in names:
        rig.host.add(name, rig.roles.mono.uri)
    assert rig.names() == names
    rig.host.remove("alpha")
    assert rig.names() == ["delta", "charlie", "bravo"]
    rig.host.add("alpha", rig.roles.mono.uri)
    assert rig.names() == ["delta", "charlie", "bravo", "alpha"]


def test_removing_one_leaves_the_values_of_those_behind_it(rig: Rig) -> None:
    """Where ids are positions, every one behind the removed one changes its id."""
    control = rig.roles.unit
    for number in range(4):
        rig.host.add(f"p{number}", control.uri)
        rig.host.set_param(f"p{number}", control.symbol, number / 8)
    rig.host.remove("p1")
    rig.host.set_param("p2", control.symbol, 0.75)
    assert {name: rig.value(name, control.symbol) for name in rig.names()} == {"p0": 0, "p2": 0.75, "p3": 0.375}


def test_removing_takes_ports_and_links_and_nobody_elses(rig: Rig) -> None:
    audio = rig.describe(rig.roles.mono.uri).ports
    into, out = audio[0].symbol, audio[1].symbol
    for name in ("a", "b", "c"):
        rig.host.add(name, rig.roles.mono.uri)
    rig.open_client("other")
    kept = {
        Link("other:out_1", rig.port("a", into)),
        Link(rig.port("a", out), "other:in_1"),
        Link(rig.port("a", out), rig.port("c", into)),
    }
    lost = {Link(rig.port("a", out), rig.port("b", into)), Link(rig.port("b", out), rig.port("c", into))}
    for link in sorted(kept | lost):
        rig.plug(link.source, link.target)
    assert kept | lost <= rig.graph.links()
    client = rig.hosted("b").client
    rig.host.remove("b")
    assert not rig.ports_of(client)
    links = rig.graph.links()
    assert kept <= links
    assert not lost & links


CALLS: list[Callable[[PluginHost], object]] = [
    lambda host: host.remove("nobody"),
    lambda host: host.rename("nobody", "somebody"),
    lambda host: host.set_active("nobody", active=True),
    lambda host: host.set_program("nobody", None),
    lambda host: host.set_param("nobody", "gain", 0),
]


@pytest.mark.parametrize("call", CALLS, ids=["remove", "rename", "set_active", "set_program", "set_param"])
def test_nothing_can_be_done_to_a_plugin_that_is_not_there(rig: Rig, call: Callable[[PluginHost], object]) -> None:
    rig.host.add("nobody2", rig.roles.mono.uri)
    before = rig.world()
    with pytest.raises(StudioError) as refusal:
        call(rig.host)
    assert refusal.value.code == "no-such-plugin"
    assert refusal.value.hint is not None
    assert "nobody2" in refusal.value.hint
    assert rig.world() == before


def test_closing_leaves_nothing(rig: Rig) -> None:
    before = dict(rig.graph.ports())
    for number in range(3):
        rig.host.add(f"p{number}", rig.roles.stereo)
    rig.host.close()
    assert rig.leftovers() == []
    eventually(lambda: dict(rig.graph.ports()) == before)
    rig.host.close()
