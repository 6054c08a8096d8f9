"""Controls and presets where jalv has ways of its own."""

from pathlib import Path

import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jalv import JalvHost
from reconciler.model.catalogue import Catalogue, PresetInfo
from reconciler.model.errors import StudioError
from tests.jalv.plugins import FIL4, METER, RESONATOR, Known, bundle, known

pytestmark = [pytest.mark.jack, pytest.mark.jalv]


def test_a_control_that_jalv_does_not_list_is_set_and_remembered(host: JalvHost) -> None:
    host.add("meter", METER)
    assert host.plugins()[0].plugin.params == {"ref": -4.0}
    assert host.set_param("meter", "ref", 2.5) == 2.5
    assert host.plugins()[0].plugin.params == {"ref": 2.5}
    host.set_program("meter", None)
    assert host.plugins()[0].plugin.params == {"ref": -4.0}


def test_a_default_that_follows_the_sample_rate_is_put_right(host: JalvHost, real_catalogue: Catalogue) -> None:
    """jalv starts this filter at 0.34 Hz instead of 0.34 times 48000 Hz."""
    host.add("filter", RESONATOR)
    info = known(real_catalogue, RESONATOR).parameter("cutoff")
    assert info is not None
    assert info.per_sample_rate
    assert host.plugins()[0].plugin.params["cutoff"] == info.default > 1000


def test_a_preset_that_names_the_bypass_leaves_it_as_it_was(
    jack_server: str, graph: JackGraph, real_catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "urn:studio:test:off"
    bundle(
        tmp_path,
        "preset",
        f"""<{uri}> a pset:Preset ; lv2:appliesTo <{FIL4.removeprefix("lv2:")}> ; rdfs:label "Off" ;
            rdfs:seeAlso <manifest.ttl> ;
            lv2:port [ lv2:symbol "enable" ; pset:value 0.0 ] , [ lv2:symbol "gain" ; pset:value 3.3 ] .""",
    )
    monkeypatch.setenv("LV2_PATH", f"/usr/lib/lv2:{tmp_path}")
    preset = PresetInfo(uri, "Off", {"enable": 0.0, "gain": 3.3})
    host = JalvHost(Known(real_catalogue, [known(real_catalogue, FIL4, presets=(preset,))]), jack_server, graph=graph)
    try:
        host.add("eq", FIL4)
        host.set_program("eq", uri)
        plugin = host.plugins()[0].plugin
        assert (plugin.active, plugin.program) == (True, uri)
        assert plugin.params["gain"] == pytest.approx(3.3)
        host.set_active("eq", active=False)
        host.set_program("eq", uri)
        assert not host.plugins()[0].plugin.active
    finally:
        host.close()


def test_a_preset_that_jalv_does_not_find_is_no_success(
    jack_server: str, graph: JackGraph, real_catalogue: Catalogue
) -> None:
    """jalv says nothing; the values that did not come tell."""
    preset = PresetInfo("urn:studio:test:removed", "Removed", {"gain": 3.0})
    host = JalvHost(Known(real_catalogue, [known(real_catalogue, FIL4, presets=(preset,))]), jack_server, graph=graph)
    try:
        host.add("eq", FIL4)
        with pytest.raises(StudioError) as refusal:
            host.set_program("eq", preset.uri)
        assert refusal.value.code == "not-kept"
        plugin = host.plugins()[0].plugin
        assert (plugin.program, plugin.params["gain"]) == (None, 0.0)
    finally:
        host.close()


@pytest.mark.parametrize("uri", ["urn:a%20b", "urn:x y", "urn:x\nset gain 9", "urn:ä", "urn:" + "x" * 1020])
def test_a_preset_whose_uri_jalv_would_cut_is_refused(
    jack_server: str, graph: JackGraph, real_catalogue: Catalogue, uri: str
) -> None:
    preset = PresetInfo(uri, "Strange", {"gain": 3.0})
    host = JalvHost(Known(real_catalogue, [known(real_catalogue, FIL4, presets=(preset,))]), jack_server, graph=graph)
    try:
        host.add("eq", FIL4)
        before = host.plugins()
        with pytest.raises(StudioError) as refusal:
            host.set_program("eq", uri)
        assert refusal.value.code == "unsupported"
        assert host.plugins() == before
    finally:
        host.close()
