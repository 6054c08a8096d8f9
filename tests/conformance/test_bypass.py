"""``active``: by the plugin's own bypass where it has one, else by the host, else not at all."""

import pytest

from reconciler.model.errors import StudioError
from tests.conformance.rig import Rig


def test_the_plugins_own_bypass_is_used_where_there_is_one(rig: Rig) -> None:
    enabled = rig.describe(rig.roles.bypass).enabled
    assert enabled is not None
    rig.host.add("one", rig.roles.bypass)
    assert rig.value("one", enabled.symbol) == 1
    for active in (False, False, True):
        rig.host.set_active("one", active)
        assert rig.plugin("one").active is active
        assert rig.value("one", enabled.symbol) == float(active)


def test_active_follows_the_control(rig: Rig) -> None:
    enabled = rig.describe(rig.roles.bypass).enabled
    assert enabled is not None
    rig.host.add("one", rig.roles.bypass)
    rig.host.set_param("one", enabled.symbol, 0)
    assert not rig.plugin("one").active


def test_without_one_the_host_bypasses_or_says_that_it_cannot(rig: Rig) -> None:
    assert rig.describe(rig.roles.mono.uri).enabled is None
    rig.host.add("one", rig.roles.mono.uri)
    before = rig.world()
    if rig.host.capabilities.bypass:
        rig.host.set_active("one", active=False)
        assert not rig.plugin("one").active
        rig.host.set_active("one", active=True)
    else:
        with pytest.raises(StudioError) as refusal:
            rig.host.set_active("one", active=False)
        assert refusal.value.code == "unsupported"
    assert rig.world() == before
