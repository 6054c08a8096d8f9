"""What a plan costs when nothing changed, against comparing the same resources with ``==``."""

import timeit

import msgspec
import pytest

from reconciler.model.resources import Capabilities, Engine, JackSettings, Link, Observed, Plugin
from reconciler.planning.plan import Baseline, Policy
from reconciler.planning.reconcile import reconcile
from reconciler.session.session import Session

pytestmark = pytest.mark.benchmark

PLUGINS, VALUES = 500, 20
LIMIT = 2.0
CAN = Capabilities(frozenset({"lv2"}), bypass=True, programs=True, rename=True)


def _plugins() -> dict[str, Plugin]:
    return {
        f"p{one}": Plugin(f"p{one}", "lv2:urn:x", params={f"v{n}": float(n) + one for n in range(VALUES)})
        for one in range(PLUGINS)
    }


def _links() -> frozenset[Link]:
    return frozenset(Link(f"p{one}:out", f"p{one + 1}:in") for one in range(PLUGINS - 1))


def _best_ms(call: object) -> float:
    return min(timeit.repeat(call, number=10, repeat=15)) / 10 * 1e3  # type: ignore[arg-type]


@pytest.mark.parametrize("undeclared", [0, 1], ids=["all declared", "one value undeclared"])
def test_a_plan_without_changes_costs_little_more_than_comparing(
    undeclared: int, capsys: pytest.CaptureFixture[str]
) -> None:
    desired, same, links, same_links = _plugins(), _plugins(), _links(), _links()
    seen = {
        name: msgspec.structs.replace(plugin, params=plugin.params | {"extra": 1.0} if undeclared else plugin.params)
        for name, plugin in _plugins().items()
    }
    session = Session(
        "bench",
        plugins=desired,
        declares="same",
        rest={name: dict(p.params) for name, p in desired.items()},
        links=links,
    )
    observed = Observed(Engine("memory", CAN), JackSettings(), plugins=seen, links=same_links)
    baseline = Baseline(_plugins(), _links(), frozenset(), "same")
    assert reconcile(session, observed, baseline, Policy()).empty

    plan_ms = _best_ms(lambda: reconcile(session, observed, baseline, Policy()))
    equal_ms = _best_ms(lambda: all(same[name] == plugin for name, plugin in desired.items()) and links == same_links)
    with capsys.disabled():
        print(f"\nreconcile, {PLUGINS} plugins, {PLUGINS * VALUES} values, nothing changed"
              f" ({'one more value undeclared each' if undeclared else 'all declared'}):"
              f" {plan_ms:.2f} ms, == {equal_ms:.2f} ms, ratio {plan_ms / equal_ms:.2f} (limit {LIMIT})")  # fmt: skip
    assert plan_ms <= LIMIT * equal_ms
