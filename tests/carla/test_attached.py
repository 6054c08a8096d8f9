"""A Carla that somebody runs and watches, driven beside its own window: what is theirs, what is ours, and its end."""

import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from reconciler.engines.carla import library
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.carla_osc import CAPABILITIES, AttachedHost, link, packets
from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jack.server import JackHardware
from reconciler.engines.ports import HostedPlugin
from reconciler.engines.studio import LocalStudio
from reconciler.model import attach as attach_address
from reconciler.model.actions import Action, AddPlugin, Call, MapMidi, Outcome, RemovePlugin, SetMix, SetParam
from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.resources import MidiMap
from reconciler.model.values import float32
from tests.carla.attached_carla import AttachedCarla, attached_carla
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
BALANCE = "lv2:http://gareus.org/oss/lv2/balance"
DELAY = "http://drobilla.net/plugins/mda/Delay"

Attach = Callable[..., AttachedHost]


@pytest.fixture
def theirs(carla: library.Installation, jack_server: str) -> Iterator[AttachedCarla]:
    """A Carla of somebody, empty."""
    with attached_carla() as running:
        yield running


@pytest.fixture
def attach(theirs: AttachedCarla, known: CarlaCatalogue, graph: JackGraph, tmp_path: Path) -> Iterator[Attach]:
    """Attach to it; let go with the test."""
    hosts: list[AttachedHost] = []

    def attach(prefix: str = "", *, visiting: bool = False, notes: str = "notes.json") -> AttachedHost:
        host = AttachedHost(
            known,
            theirs.url,
            prefix,
            graph,
            loading=known.loading,
            uri_of=known.uri_of,
            notes=tmp_path / notes,
            visiting=visiting,
        )
        hosts.append(host)
        return host

    yield attach
    for host in hosts:
        host.close()


def hosted(host: AttachedHost, name: str) -> HostedPlugin:
    return next(one for one in host.plugins() if one.plugin.name == name)


def refused(call: Callable[[], object]) -> StudioError:
    with pytest.raises(StudioError) as refusal:
        call()
    return refusal.value


class Client:
    """Another client of that Carla, as its own remote control is one."""

    def __init__(self, url: str, place: str = "/ctrl") -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(5)
        port = attach_address.parse(url).port
        self.going = socket.create_connection(("127.0.0.1", port))
        here = f"osc.tcp://127.0.0.1:{self.listener.getsockname()[1]}{place}"
        self.going.sendall(packets.encode("/register", "s", here))
        self.coming = self.listener.accept()[0]
        self.coming.settimeout(5)
        assert self.coming.recv(4)

    def close(self) -> None:
        for one in (self.coming, self.going, self.listener):
            one.close()


# -- whose place it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/ctrl", "/studio"])
def test_a_client_that_vanished_is_put_out(theirs: AttachedCarla, attach: Attach, place: str) -> None:
    Client(theirs.url, place).close()
    host = attach()
    host.add("one", AMP)
    assert theirs.names() == ["one"]


@pytest.mark.parametrize("place", ["/ctrl", "/studio"])
def test_another_live_client_is_left_alone_and_named(theirs: AttachedCarla, attach: Attach, place: str) -> None:
    other = Client(theirs.url, place)
    error = refused(attach)
    assert error.code == "attach-refused"
    assert psutil.Process().name() in error.message
    other.coming.setblocking(False)
    while True:
        try:
            other.coming.recv(1 << 16)
        except BlockingIOError:
            break
    other.coming.settimeout(5)
    theirs.add("theirs", DELAY)
    assert other.coming.recv(1 << 16), "it still hears what happens"
    other.close()
    attach()


def test_a_second_session_is_told_of_the_first(attach: Attach) -> None:
    attach("a-")
    assert refused(lambda: attach("b-")).code == "attach-refused"


def test_when_we_let_go_another_can_come(theirs: AttachedCarla, attach: Attach) -> None:
    attach().close()
    Client(theirs.url).close()


def test_nobody_there(known: CarlaCatalogue, graph: JackGraph) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"osc.tcp://127.0.0.1:{free.getsockname()[1]}/Carla"
    error = refused(lambda: AttachedHost(known, url, "", graph))
    assert error.code == "attach-not-there"
    assert "OSC" in str(error.hint)


def test_somebody_else_who_listens_there_is_no_carla(
    known: CarlaCatalogue, graph: JackGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"osc.tcp://127.0.0.1:{other.getsockname()[1]}/Carla"
        assert refused(lambda: AttachedHost(known, url, "", graph)).code == "attach-silent"


def test_a_carla_that_is_a_rack_is_refused(
    carla: library.Installation, known: CarlaCatalogue, graph: JackGraph
) -> None:
    with attached_carla("rack") as rack:
        error = refused(lambda: AttachedHost(known, rack.url, "", graph))
        assert error.code == "attach-mode"
        Client(rack.url).close()


# -- what is theirs ----------------------------------------------------------------------------------------------------


def test_their_plugins_are_seen_and_outlive_the_session(theirs: AttachedCarla, attach: Attach) -> None:
    theirs.add("theirs", DELAY)
    theirs.call("set_parameter_value", 0, 0, 0.125)
    host = attach()
    seen = hosted(host, "theirs")
    assert seen.plugin.plugin == f"lv2:{DELAY}"
    assert seen.plugin.params["l_delay"] == 0.125
    assert seen.port_names
    host.add("ours", AMP)
    theirs.add("late", DELAY)
    host.close()
    assert theirs.names() == ["theirs", "late"]


def test_a_plugin_of_another_format_is_known_by_its_file(
    theirs: AttachedCarla, attach: Attach, known: CarlaCatalogue
) -> None:
    kind = known.describe("ladspa:amp_1181.so#amp")
    if kind is None:
        pytest.skip("amp_1181.so is not installed (Debian: swh-plugins)")
    loading = known.loading(kind.uri)
    assert loading is not None
    theirs.call("add_plugin", 2, loading.number, loading.file, "theirs", loading.label, 0, None, 0x10000)
    host = attach()
    assert hosted(host, "theirs").plugin.plugin == kind.uri
    host.add("ours", kind.uri)
    ours, same = hosted(host, "ours").plugin, hosted(host, "theirs").plugin
    assert ours.params == same.params


def test_a_prefix_leaves_the_others_out_of_sight(theirs: AttachedCarla, attach: Attach) -> None:
    theirs.add("amp", DELAY)
    host = attach("live-")
    assert host.plugins() == []
    host.add("amp", AMP)
    assert [one.plugin.name for one in host.plugins()] == ["amp"]
    assert theirs.names() == ["amp", "live-amp"]
    host.remove("amp")
    assert theirs.names() == ["amp"]


def test_what_they_turn_is_seen(theirs: AttachedCarla, attach: Attach) -> None:
    host = attach()
    host.add("one", AMP)
    theirs.call("set_parameter_value", 0, 0, -6.0)
    theirs.call("set_volume", 0, 0.5)
    theirs.call("set_active", 0, False)
    plugin = hosted(host, "one").plugin
    assert (plugin.params["gain"], plugin.mix["volume"], plugin.active) == (-6.0, 0.5, False)


def test_values_go_to_the_right_plugin_when_they_change_the_order(theirs: AttachedCarla, attach: Attach) -> None:
    """Carla tells nobody of a switch of places."""
    host = attach()
    for name in ("one", "two"):
        host.add(name, AMP)
    theirs.call("switch_plugins", 0, 1)
    host.set_param("one", "gain", -6.0)
    assert [one.plugin.name for one in host.plugins()] == ["two", "one"]
    assert hosted(host, "two").plugin.params["gain"] == 0.0
    theirs.call("switch_plugins", 0, 1)
    host.remove("two")
    assert theirs.names() == ["one"]


def test_what_they_remove_and_rename_is_gone(theirs: AttachedCarla, attach: Attach) -> None:
    host = attach()
    for name in ("one", "two"):
        host.add(name, AMP)
    theirs.call("remove_plugin", 0)
    theirs.call("rename_plugin", 0, "mine")
    assert [one.plugin.name for one in host.plugins()] == ["mine"]
    assert refused(lambda: host.set_param("two", "gain", 0.0)).code == "no-such-plugin"


def test_ours_are_known_again_after_a_crash(theirs: AttachedCarla, attach: Attach) -> None:
    theirs.add("theirs", DELAY)
    attach(visiting=True).close()
    first = attach()
    first.add("ours", AMP)
    first._let_go()  # what a crash leaves: the plugin there, the connection gone
    second = attach()
    assert [one.plugin.name for one in second.plugins()] == ["theirs", "ours"]
    second.close()
    assert theirs.names() == ["theirs"]


def test_a_visitor_takes_nothing_out(theirs: AttachedCarla, attach: Attach) -> None:
    host = attach()
    host.add("ours", AMP)
    host._let_go()
    attach(visiting=True).close()
    assert theirs.names() == ["ours"]


# -- what can be done --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", sorted(CAPABILITIES.mix - {"pan"}))  # which no LV2 plugin has
def test_a_mix_value_reads_back_and_leaves_the_others(attach: Attach, key: str) -> None:
    host = attach()
    host.add("one", BALANCE)
    assert host.set_mix("one", key, 0.25) == 0.25
    expected = {name: info.default for name, info in MIX.items()} | {key: 0.25}
    assert hosted(host, "one").plugin.mix == expected


def test_what_osc_lacks_is_refused(attach: Attach) -> None:
    host = attach()
    host.add("one", BALANCE)
    before = host.plugins()
    assert refused(lambda: host.set_mix("one", "control_channel", 3.0)).code == "unsupported"
    assert refused(host.remove_all).code == "unsupported"
    assert refused(lambda: host.add("two", AMP, bridge=True)).code == "unsupported"
    assert host.plugins() == before


@pytest.mark.parametrize(
    "follows",
    [
        MidiMap("cc", -70.0, 70.0, 21, 3),
        MidiMap("cc", -70.0, 70.0, 0, 15),
        MidiMap("pitch-bend", -70.0, 70.0, None, 1),
        MidiMap("cv", -70.0, 70.0),
    ],
)
def test_a_parameter_follows_and_is_let_go(attach: Attach, follows: MidiMap) -> None:
    host = attach()
    host.add("one", AMP)
    host.map_midi("one", "gain", follows)
    assert hosted(host, "one").plugin.midi == {"gain": follows}
    host.map_midi("one", "gain", None)
    assert hosted(host, "one").plugin.midi == {}


def test_a_range_that_osc_cannot_set_is_refused_and_one_that_its_user_set_is_kept(
    theirs: AttachedCarla, attach: Attach
) -> None:
    host = attach()
    host.add("one", AMP)
    narrow = MidiMap("cc", -24.0, 6.0, 21, 3)
    before = host.plugins()
    assert refused(lambda: host.map_midi("one", "gain", narrow)).code == "unsupported"
    assert host.plugins() == before
    theirs.call("set_parameter_mapped_range", 0, 0, -24.0, 6.0)
    host.map_midi("one", "gain", narrow)
    assert hosted(host, "one").plugin.midi == {"gain": narrow}


def test_a_plugin_that_does_not_load_is_told_in_carlas_words(theirs: AttachedCarla, attach: Attach) -> None:
    host = attach()
    theirs.add("theirs", DELAY)
    engine = host._open()
    from reconciler.engines.carla.engine import Address

    assert engine.add("x", Address(4, "urn:nobody")) == "Failed to find the requested plugin"
    assert theirs.names() == ["theirs"]


def _studio(host: AttachedHost, graph: JackGraph, folder: Path) -> LocalStudio:
    return LocalStudio(host, lambda: graph, JackHardware(folder, graph.server), attach="x")


def _actions(*calls: Call) -> list[Action]:
    return [Action(number, call, "plugins.x") for number, call in enumerate(calls)]


def test_settings_in_a_row_are_read_back_at_once_and_told_one_by_one(
    attach: Attach, graph: JackGraph, tmp_path: Path
) -> None:
    host = attach()
    host.add("one", AMP)
    host.add("two", BALANCE)
    studio = _studio(host, graph, tmp_path)
    outcomes = studio.execute(
        _actions(
            SetParam("one", "gain", -6.0),
            SetParam("one", "gain", 5000.0),
            SetParam("one", "loudness", 1.0),
            SetMix("two", "volume", 0.5),
            SetParam("nobody", "gain", 1.0),
            MapMidi("one", "gain", MidiMap("cc", -70.0, 70.0, 7)),
        ),
        lambda _: None,
    )
    assert [outcome.error and outcome.error["code"] for outcome in outcomes] == [
        None,
        "not-kept",
        "no-such-parameter",
        None,
        "no-such-plugin",
        None,
    ]
    assert hosted(host, "two").plugin.mix["volume"] == 0.5
    assert hosted(host, "one").plugin.midi == {"gain": MidiMap("cc", -70.0, 70.0, 7)}


def test_a_hundred_settings_cost_two_readings(attach: Attach, graph: JackGraph, tmp_path: Path) -> None:
    host = attach()
    host.add("one", f"lv2:{DELAY}")
    symbols = list(hosted(host, "one").plugin.params)
    engine, readings = host._open(), 0
    read_anew = engine.link.read_anew

    def counted() -> None:
        nonlocal readings
        readings += 1
        read_anew()

    engine.link.read_anew = counted  # type: ignore[method-assign]
    studio = _studio(host, graph, tmp_path)
    outcomes = studio.execute(_actions(*(SetParam("one", symbol, float32(0.1)) for symbol in symbols)), lambda _: None)
    assert all(outcome.status == "done" for outcome in outcomes)
    assert readings <= 2


def test_looking_lets_carla_send_everything_only_when_something_changed(theirs: AttachedCarla, attach: Attach) -> None:
    """Whoever plays meanwhile is not asked to: reading anew while Carla's threads tell of notes can crash it."""
    host = attach()
    host.add("keys", "lv2:http://drobilla.net/plugins/mda/EPiano")
    before = host.plugins()
    engine, readings = host._open(), 0
    read_anew = engine.link.read_anew

    def counted() -> None:
        nonlocal readings
        readings += 1
        read_anew()

    engine.link.read_anew = counted  # type: ignore[method-assign]
    for velocity in (100, 0):
        theirs.call("send_midi_note", 0, 0, 60, velocity)
        assert host.plugins() == before
    assert readings == 0
    theirs.call("set_volume", 0, 0.5)
    assert hosted(host, "keys").plugin.mix["volume"] == 0.5
    assert readings == 1


def test_after_a_program_carla_is_let_tell_of_it_before_it_is_read_anew(attach: Attach) -> None:
    host = attach()
    host.add("keys", "lv2:http://drobilla.net/plugins/mda/EPiano")
    engine = host._open()
    begun = time.monotonic()
    engine.set_program(0, 1)
    assert engine.program(0) == 1
    assert time.monotonic() - begun >= link.RUNNER_SECONDS


# -- its end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["quit", "kill"])
def test_its_end_in_the_middle_of_an_apply_fails_all_that_follows(
    theirs: AttachedCarla, attach: Attach, graph: JackGraph, tmp_path: Path, how: str
) -> None:
    studio = _studio(attach(), graph, tmp_path)

    def told(outcome: Outcome) -> None:
        if outcome.id == 0:
            getattr(theirs, how)()

    calls = (
        AddPlugin("one", AMP),
        SetParam("one", "gain", -6.0),
        SetMix("one", "volume", 0.5),
        AddPlugin("two", AMP),
        RemovePlugin("one"),
    )
    outcomes = studio.execute(_actions(*calls), told)
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "failed", "failed", "failed"]
    codes = {str(outcome.error["code"]) for outcome in outcomes if outcome.error}
    assert codes <= {"attach-lost", "attach-not-there", "no-such-plugin"}
    assert refused(studio.observe).code == "attach-not-there"


def test_a_window_that_asks_its_user_something_is_waited_for_and_told(
    theirs: AttachedCarla, attach: Attach, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = attach()
    host.add("one", AMP)
    monkeypatch.setattr(link, "ANSWER_SECONDS", 0.3)
    theirs.process.send_signal(signal.SIGSTOP)
    try:
        assert refused(host.plugins).code == "attach-silent"
    finally:
        theirs.process.send_signal(signal.SIGCONT)
    monkeypatch.undo()
    eventually(lambda: [one.plugin.name for one in host.plugins()] == ["one"])


def test_what_two_threads_of_carla_garble_is_read_again(attach: Attach) -> None:
    host = attach()
    host.add("one", AMP)
    engine = host._open()
    connection = engine.link._coming
    assert connection is not None
    engine.link._arrived[True] += struct.pack(">i", 8) + b"\0" * 8  # as half of another message looks
    assert [one.plugin.name for one in host.plugins()] == ["one"]
