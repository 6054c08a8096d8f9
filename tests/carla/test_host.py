"""What is Carla's alone: the mix around a plugin, what a parameter follows, programs of other formats, ports."""

import math
import time
from collections.abc import Callable
from functools import partial

import pytest

from reconciler.engines.carla import CAPABILITIES, CarlaHost
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.ports import HostedPlugin
from reconciler.model.catalogue import Kind
from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.resources import MidiMap
from reconciler.model.values import float32
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
BALANCE = "lv2:http://gareus.org/oss/lv2/balance"
EPIANO = "lv2:http://drobilla.net/plugins/mda/EPiano"


def hosted(host: CarlaHost, name: str = "one") -> HostedPlugin:
    return next(one for one in host.plugins() if one.plugin.name == name)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(StudioError) as refusal:
        call()
    return refusal.value.code


def test_a_fresh_plugin_is_mixed_as_if_there_were_no_mixer(host: CarlaHost) -> None:
    host.add("one", BALANCE)
    assert hosted(host).plugin.mix == {key: info.default for key, info in MIX.items()}
    assert hosted(host).plugin.midi == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dry_wet", 0.25),
        ("volume", float32(10 ** (-6 / 20))),
        ("balance_left", -0.5),
        ("balance_right", 0.75),
        ("control_channel", 9.0),
        ("control_channel", -1.0),
    ],
)
def test_a_mix_value_reads_back_and_leaves_the_others(host: CarlaHost, key: str, value: float) -> None:
    host.add("one", BALANCE)
    assert host.set_mix("one", key, value) == value
    assert hosted(host).plugin.mix == {name: info.default for name, info in MIX.items()} | {key: value}


def test_a_mix_value_is_clamped_and_rounded_as_carla_would(host: CarlaHost) -> None:
    host.add("one", BALANCE)
    assert host.set_mix("one", "volume", 2.0) == float32(1.27)
    assert host.set_mix("one", "control_channel", 16.0) == 15.0
    assert host.set_mix("one", "control_channel", 3.6) == 4.0


def test_a_mix_value_that_would_do_nothing_is_refused(host: CarlaHost) -> None:
    host.add("keys", EPIANO)  # no inputs, so there is nothing dry
    before = host.plugins()
    assert refused(lambda: host.set_mix("keys", "dry_wet", 0.5)) == "unsupported"
    assert refused(lambda: host.set_mix("keys", "reverb", 0.5)) == "unsupported"
    assert refused(lambda: host.set_mix("keys", "volume", math.nan)) == "not-finite"
    assert host.plugins() == before
    assert host.set_mix("keys", "dry_wet", 1.0) == 1.0, "what it is already can be asked for"


@pytest.mark.parametrize(
    "follows",
    [
        MidiMap("cc", 0.0, 1.0, 21, 3),
        MidiMap("cc", 0.25, 0.5, 0),
        MidiMap("cc", 0.75, 0.125, 119, 15),
        MidiMap("pitch-bend", 0.0, 1.0, channel=1),
        MidiMap("cv", 0.0, 1.0),
    ],
    ids=["cc", "part of the range", "upside down", "pitch bend", "cv"],
)
def test_what_a_parameter_follows_reads_back_and_can_be_let_go(host: CarlaHost, follows: MidiMap) -> None:
    host.add("one", EPIANO)
    host.add("two", EPIANO)
    before = host.plugins()
    host.map_midi("one", "hardness", follows)
    assert hosted(host).plugin.midi == {"hardness": follows}
    assert hosted(host, "two").plugin.midi == {}
    host.map_midi("one", "hardness", None)
    assert host.plugins() == before


def test_one_source_takes_the_place_of_another(host: CarlaHost) -> None:
    host.add("one", EPIANO)
    for follows in (
        MidiMap("cc", 0.0, 0.5, 7),
        MidiMap("cv", 0.25, 1.0),
        MidiMap("pitch-bend", 1.0, 0.0, channel=2),
        MidiMap("cc", 0.5, 0.75, 8),
        MidiMap("cc", 0.5, 0.75, 8, 4),
    ):
        host.map_midi("one", "hardness", follows)
        assert hosted(host).plugin.midi == {"hardness": follows}


def test_a_mapping_that_carla_would_not_keep_is_refused(host: CarlaHost) -> None:
    host.add("one", EPIANO)
    before = host.plugins()
    for low, high in ((0.0, 1.5), (1.5, 0.0), (0.5, -0.5)):
        wrong = MidiMap("cc", low, high, 7)
        assert refused(partial(host.map_midi, "one", "hardness", wrong)) == "not-kept"
        assert host.plugins() == before
    for wrong in (MidiMap("cc", 0.0, 1.0, 120), MidiMap("cc", 0.0, 1.0), MidiMap("breath", 0.0, 1.0)):
        assert refused(partial(host.map_midi, "one", "hardness", wrong)) == "unsupported"
        assert host.plugins() == before
    assert refused(lambda: host.map_midi("one", "hardnes", MidiMap("cc", 0.0, 1.0, 7))) == "no-such-parameter"


def test_mix_and_mapping_survive_a_rename_and_a_neighbours_removal(host: CarlaHost) -> None:
    host.add("first", AMP)
    host.add("old", BALANCE)
    host.set_mix("old", "volume", 0.5)
    host.map_midi("old", "trim", MidiMap("cc", -20.0, 0.0, 7))
    was = hosted(host, "old").plugin
    host.rename("old", "new")
    host.remove("first")
    now = hosted(host, "new").plugin
    assert (now.mix, now.midi, now.params) == (was.mix, was.midi, was.params)


def test_ports_are_found_under_the_names_that_carla_gives_them(host: CarlaHost, graph: JackGraph) -> None:
    host.add("keys", EPIANO)
    names = hosted(host, "keys").port_names
    assert names == {"left_out": "Left Out", "right_out": "Right Out", "event_in": "events-in"}
    assert graph.ports()["keys:events-in"].kind is Kind.MIDI


@pytest.mark.parametrize("uri", ["internal:audiogain_s", "ladspa:amp_1181.so#amp", "sf2:TimGM6mb.sf2"])
def test_other_formats_load_and_keep_their_values(
    host: CarlaHost, known: CarlaCatalogue, graph: JackGraph, uri: str
) -> None:
    kind = known.describe(uri)
    if kind is None:
        pytest.skip(f"{uri} is not installed")
    host.add("one", uri)
    found = hosted(host)
    assert found.plugin.plugin == kind.uri
    assert found.plugin.params.keys() == {info.symbol for info in kind.parameters}
    for port in kind.ports:
        assert f"one:{(found.port_names or {})[port.symbol]}" in graph.ports()
    for info in kind.parameters:
        target = info.default if info.maximum is None else info.maximum
        assert host.set_param("one", info.symbol, target) == float32(target)
    host.set_program("one", None)
    assert hosted(host).plugin == found.plugin


def test_a_soundfonts_programs_are_chosen_by_bank_and_number(host: CarlaHost, known: CarlaCatalogue) -> None:
    kind = known.describe("sf2:TimGM6mb.sf2")
    if kind is None:
        pytest.skip("the soundfont TimGM6mb is not installed (Debian: timgm6mb-soundfont)")
    host.add("one", kind.uri)
    for preset in (kind.presets[5], kind.presets[0]):
        host.set_program("one", preset.uri)
        assert hosted(host).plugin.program == preset.uri
    assert refused(lambda: host.set_program("one", "midi:99:99")) == "no-such-program"
    host.set_mix("one", "control_channel", 1)
    assert hosted(host).plugin.program is None, "on another channel it plays another one"
    host.set_program("one", kind.presets[5].uri)
    assert hosted(host).plugin.program == kind.presets[5].uri
    host.set_mix("one", "control_channel", -1)
    assert refused(lambda: host.set_program("one", kind.presets[0].uri)) == "unsupported"


def test_a_foreign_format_is_named_in_the_refusal(host: CarlaHost) -> None:
    with pytest.raises(StudioError) as refusal:
        host.add("one", "au:thing")
    assert refusal.value.code == "unsupported"
    assert all(scheme in str(refusal.value.hint) for scheme in CAPABILITIES.formats)


def test_this_process_goes_on_calculating_with_subnormal_numbers(host: CarlaHost) -> None:
    for name, uri in (("a", "lv2:http://lsp-plug.in/plugins/lv2/gate_mono"), ("b", EPIANO), ("c", BALANCE)):
        host.add(name, uri)
    smallest_normal = 2.2250738585072014e-308
    assert smallest_normal / float(len(host.plugins())) > 0
    assert host.set_param("b", "hardness", float32(1e-40)) == float32(1e-40)


def test_what_was_removed_is_freed_by_idling_alone(host: CarlaHost, graph: JackGraph) -> None:
    for number in range(4):
        host.add(f"p{number}", AMP)
    host.close()
    eventually(lambda: not any(port.startswith("p") for port in graph.ports()))
    host.add("again", AMP)
    assert [one.plugin.name for one in host.plugins()] == ["again"]


def test_coming_and_going_never_waits_for_a_lock(host: CarlaHost) -> None:
    """Carla and jackd wait for each other for 4 s when Carla is idled at the wrong moment; it took 5 s to happen."""
    host.add("first", AMP)  # reads the catalogue and starts the engine
    slowest = 0.0
    for _ in range(25):
        for name in "abcd":
            begun = time.monotonic()
            host.add(name, AMP)
            slowest = max(slowest, time.monotonic() - begun)
        for name in "acbd":
            begun = time.monotonic()
            host.remove(name)
            host.plugins()
            slowest = max(slowest, time.monotonic() - begun)
    assert slowest < 1.5
