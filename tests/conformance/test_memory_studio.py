"""What the memory studio offers beyond a host: failures on request, the record, JACK's rules, deaths."""

from collections.abc import Callable

import pytest

from reconciler.engines.memory import PLUGINS, PREFIX, Effect, MemoryCatalogue, MemoryStudio, StopServer
from reconciler.engines.memory.engine import RawEngine
from reconciler.engines.memory.server import MemoryServer
from reconciler.model.actions import AddPlugin, Connect, Disconnect, RemovePlugin, SetParam, SetPeriod, StartServer
from reconciler.model.catalogue import Kind
from reconciler.model.conform import conform
from reconciler.model.errors import EngineError, StudioError, Unavailable
from reconciler.model.resources import JackSettings, Link

GAIN = PREFIX + "gain"


@pytest.fixture
def studio() -> MemoryStudio:
    return MemoryStudio()


def _code(call: Callable[[], object]) -> str:
    with pytest.raises(StudioError) as refusal:
        call()
    return refusal.value.code


def test_every_changing_call_is_recorded_in_the_words_of_plans_and_no_reading(studio: MemoryStudio) -> None:
    studio.host.add("a", GAIN)
    studio.host.set_param("a", "gain", 0.5)
    studio.graph.connect("system:capture_1", "a:in")
    studio.host.plugins()
    studio.graph.ports()
    studio.graph.links()
    studio.graph.disconnect("system:capture_1", "a:in")
    studio.host.remove("a")
    assert studio.calls.made == [
        AddPlugin("a", GAIN),
        SetParam("a", "gain", 0.5),
        Connect("system:capture_1", "a:in"),
        Disconnect("system:capture_1", "a:in"),
        RemovePlugin("a"),
    ]
    studio.calls.clear()
    assert studio.calls.made == []


def test_the_nth_call_fails_and_nothing_happens(studio: MemoryStudio) -> None:
    studio.calls.fail_nth(2)
    studio.host.add("a", GAIN)
    assert _code(lambda: studio.host.set_param("a", "gain", 0.5)) == "injected"
    assert studio.host.plugins()[0].plugin.params["gain"] == 1
    assert studio.host.set_param("a", "gain", 0.5) == 0.5


def test_calls_that_match_fail_as_often_as_asked(studio: MemoryStudio) -> None:
    studio.calls.fail_when(lambda call: isinstance(call, Connect), times=None)
    for _ in range(3):
        assert _code(lambda: studio.graph.connect("system:capture_1", "system:playback_1")) == "injected"
    studio.host.add("a", GAIN)
    studio.calls.mend()
    studio.graph.connect("system:capture_1", "system:playback_1")
    assert studio.graph.links() == {Link("system:capture_1", "system:playback_1")}


def test_a_late_answer_did_what_was_asked(studio: MemoryStudio) -> None:
    studio.calls.fail_nth(1, Effect.LATE)
    assert _code(lambda: studio.host.add("a", GAIN)) == "injected"
    assert [one.plugin.name for one in studio.host.plugins()] == ["a"]


def test_a_call_that_is_lost_is_found_out_by_reading_back(studio: MemoryStudio) -> None:
    studio.host.add("a", GAIN)
    studio.host.add("gate", PREFIX + "gate")
    studio.calls.fail_when(lambda _: True, Effect.LOSE, times=None)
    assert _code(lambda: studio.host.add("b", GAIN)) == "plugin-failed"
    assert _code(lambda: studio.host.remove("a")) == "not-kept"
    assert _code(lambda: studio.host.rename("a", "c")) == "not-kept"
    assert _code(lambda: studio.host.set_active("gate", active=False)) == "not-kept"
    assert _code(lambda: studio.graph.connect("system:capture_1", "a:in")) == "connect-failed"
    assert studio.host.set_param("a", "gain", 0.5) == 1.0


def test_plugin_host_and_server_die_on_request() -> None:
    studio = MemoryStudio()
    studio.host.add("a", GAIN)
    studio.calls.fail_nth(1, Effect.PLUGIN_DIES)
    assert _code(lambda: studio.host.set_param("a", "gain", 0.5)) == "injected"
    assert studio.host.plugins() == []
    assert [crash.name for crash in studio.host.crashes()] == ["a"]

    studio.host.add("a", GAIN)
    studio.calls.fail_nth(1, Effect.HOST_DIES)
    assert _code(lambda: studio.host.set_param("a", "gain", 0.5)) == "host-gone"
    assert _code(studio.host.plugins) == "host-gone"
    assert "a:in" not in studio.graph.ports()
    assert studio.start_host().plugins() == []
    studio.host.add("a", GAIN)

    graph = studio.graph
    studio.calls.fail_nth(1, Effect.SERVER_DIES)
    assert _code(lambda: graph.connect("system:capture_1", "a:in")) == "jack-gone"
    assert not graph.alive
    assert studio.host.plugins() == []
    for read in (graph.ports, graph.links, graph.settings):
        assert _code(read) == "jack-gone"
    with pytest.raises(Unavailable):
        studio.open_graph()


def test_jacks_rules_of_connecting(studio: MemoryStudio) -> None:
    studio.host.add("keys", PREFIX + "synth")
    studio.host.add("lfo", PREFIX + "wobble")
    studio.host.add("a", GAIN)
    connect = studio.graph.connect
    connect("keys:out_l", "a:in")
    connect("keys:out_l", "a:in")
    connect("lfo:cv_out", "a:in")
    connect("a:out", "a:in")
    assert len(studio.graph.links()) == 3
    assert _code(lambda: connect("a:in", "keys:out_l")) == "connect-failed"
    assert _code(lambda: connect("a:out", "keys:out_l")) == "connect-failed"
    assert _code(lambda: connect("a:out", "keys:midi_in")) == "connect-failed"
    assert _code(lambda: connect("a:out", "nobody:in")) == "no-such-port"
    assert _code(lambda: connect("nobody:out", "a:in")) == "no-such-port"
    studio.graph.disconnect("keys:out_r", "a:in")
    studio.graph.disconnect("nobody:out", "a:in")
    assert len(studio.graph.links()) == 3


def test_foreign_clients_come_and_go_with_their_links(studio: MemoryStudio) -> None:
    assert studio.add_client("mic", outputs=["1", "2"]) == "mic"
    assert studio.add_client("mic", outputs=["1"]) == "mic-01"
    assert studio.add_client("keyboard", outputs=["midi_out"], kind=Kind.MIDI) == "keyboard"
    studio.host.add("a", GAIN)
    for source in ("mic:1", "mic:2", "mic-01:1"):
        studio.graph.connect(source, "a:in")
    studio.remove_port("mic:1")
    assert studio.graph.links() == {Link("mic:2", "a:in"), Link("mic-01:1", "a:in")}
    studio.remove_client("mic")
    assert studio.graph.links() == {Link("mic-01:1", "a:in")}
    assert not any(port.startswith("mic:") for port in studio.graph.ports())
    assert studio.calls.made[-1] == Connect("mic-01:1", "a:in")


def test_a_server_is_started_only_where_none_runs_and_stopped_only_if_it_is_ours(studio: MemoryStudio) -> None:
    asked = JackSettings(server="mine", period=128)
    assert studio.hardware.running() is None
    assert _code(lambda: studio.hardware.start(asked)) == "jack-not-started"
    assert _code(studio.hardware.stop) == "jack-not-ours"
    studio.hardware.die()
    studio.hardware.start(asked)
    running = studio.hardware.running()
    assert running is not None
    assert (running.server, running.period, running.sample_rate, running.driver) == ("mine", 128, 48000, "dummy")
    assert studio.graph.settings() == JackSettings(server="mine", sample_rate=48000, period=128, realtime=False)
    studio.hardware.set_period(64)
    assert studio.graph.settings().period == 64
    assert _code(lambda: studio.hardware.set_period(7)) == "period-refused"
    studio.host.add("a", GAIN)
    studio.hardware.stop()
    assert studio.host.plugins() == []
    assert studio.calls.made == [StartServer(asked), SetPeriod(64), AddPlugin("a", GAIN), StopServer()]


def test_a_studio_may_begin_without_a_server() -> None:
    studio = MemoryStudio(settings=None)
    assert studio.host.plugins() == []
    assert _code(lambda: studio.host.add("a", GAIN)) == "jack-gone"
    assert _code(lambda: studio.graph) == "jack-gone"
    studio.hardware.start(JackSettings())
    studio.host.add("a", GAIN)
    assert "a:in" in studio.graph.ports()


def test_what_lived_on_an_earlier_server_does_not_live_on_the_next(studio: MemoryStudio) -> None:
    studio.host.add("a", GAIN)
    studio.hardware.die()
    studio.hardware.start(JackSettings())
    assert studio.host.plugins() == []
    studio.host.add("a", GAIN)


def test_the_raw_engine_is_as_awkward_as_carlas() -> None:
    engine = RawEngine(MemoryCatalogue(), MemoryServer(JackSettings(), ours=False))
    for name in ("x (2)", "x", "x", "a:b/c"):
        assert engine.load(name, GAIN)
    assert [engine.get(plugin_id).name for plugin_id in range(4)] == ["x (2)", "x", "x (3)", "a.b.c"]
    engine.remove(0)
    assert engine.get(0).name == "x"
    engine.rename(0, "x")
    assert engine.get(0).name == "x (2)"
    engine.set_value(0, "gain", float("inf"))
    assert engine.get(0).values["gain"] == 4
    engine.set_value(0, "gain", float("nan"))
    assert engine.get(0).values["gain"] != engine.get(0).values["gain"]
    engine.set_value(9, "gain", 1)
    engine.set_value(0, "nothing", 1)
    engine.set_program(0, 99)
    engine.rename(9, "y")
    engine.remove(9)
    assert not engine.load("y", "lv2:urn:nobody")
    assert engine.last_error
    assert engine.count() == 3


def test_a_preset_that_names_the_bypass_leaves_it_as_it_was(studio: MemoryStudio) -> None:
    uri = PREFIX + "equalizer"
    preset = next(preset for preset in PLUGINS[uri].presets if "enabled" in preset.values)
    studio.host.add("eq", uri)
    for active in (True, False):
        studio.host.set_active("eq", active)
        studio.host.set_program("eq", preset.uri)
        plugin = studio.host.plugins()[0].plugin
        assert (plugin.active, plugin.params["gain"]) == (active, preset.values["gain"])


def test_the_catalogue_is_in_order_and_may_hold_another() -> None:
    ours = MemoryCatalogue()
    assert ours.uris() == sorted(PLUGINS)
    assert ours.describe("lv2:urn:nobody") is None
    assert MemoryCatalogue(ours).uris() == ours.uris()
    for uri, plugin in PLUGINS.items():
        assert plugin.uri == uri
        symbols = [port.symbol for port in plugin.ports] + [info.symbol for info in plugin.parameters]
        indexes = [port.index for port in plugin.ports] + [info.index for info in plugin.parameters]
        assert len(set(symbols)) == len(symbols)
        assert len(set(indexes)) == len(indexes)
        for info in plugin.parameters:
            assert conform(info, info.default) == info.default
        for preset in plugin.presets:
            for symbol, value in preset.values.items():
                known = plugin.parameter(symbol)
                assert known is not None
                assert conform(known, value) == value


def test_an_injected_failure_tells_which_call_it_was(studio: MemoryStudio) -> None:
    studio.calls.fail_nth(1)
    with pytest.raises(EngineError) as failure:
        studio.host.add("a", GAIN)
    assert failure.value.details == {"call": {"call": "add-plugin", "name": "a", "plugin": GAIN}}
