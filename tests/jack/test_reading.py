"""What the graph says is there, against what JACK's own tools say."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator

import jack
import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jack.ports import natural
from reconciler.model.catalogue import Direction, Kind
from reconciler.model.resources import Link, Port
from tests.support.crowd import crowd
from tests.support.waiting import eventually

pytestmark = pytest.mark.jack


@pytest.fixture
def graph(jack_server: str) -> Iterator[JackGraph]:
    graph = JackGraph()
    yield graph
    graph.close()


def lsp(*options: str) -> list[str]:
    done = subprocess.run(
        ["jack_lsp", *options], capture_output=True, check=True, encoding="utf-8", env=os.environ, timeout=10
    )
    return done.stdout.splitlines()


def lsp_links() -> frozenset[Link]:
    """Links as ``jack_lsp -c`` prints them: each port, its partners below it, indented, on both sides."""
    outputs = {port for port in lsp() if "out" in port or "capture" in port}
    links = set()
    port = ""
    for line in lsp("-c"):
        if not line.startswith("   "):
            port = line
        elif port in outputs:
            links.add(Link(port, line.strip()))
    return frozenset(links)


def test_ports_and_links_are_those_of_jack_lsp(graph: JackGraph) -> None:
    with crowd("mixer desk (1/2)", pairs=30):
        for number in range(1, 31):
            graph.connect(f"mixer desk (1/2):out_{number}", f"mixer desk (1/2):in_{31 - number}")
        graph.connect("system:capture_1", "mixer desk (1/2):in_7")
        graph.connect("mixer desk (1/2):out_7", "system:playback_2")
        assert list(graph.ports()) == sorted(lsp(), key=natural)
        assert graph.links() == lsp_links()
        assert len(graph.links()) == 32


def test_kind_direction_hardware_and_aliases(graph: JackGraph) -> None:
    with crowd("keys") as keys:
        keys.do("add midi-out notes")
        keys.do("add midi-in clock")
        keys.do("add in left")
        keys.do("alias left KEYS:Left~In")
        ports = graph.ports()
    capture = ports["system:capture_1"]
    assert (capture.kind, capture.direction, capture.physical) == (Kind.AUDIO, Direction.OUT, True)
    assert capture.aliases == ("dummy_pcm:dummy:out1",), "what jackd's dummy driver calls it"
    assert ports["system:playback_2"].direction is Direction.IN
    assert ports["keys:notes"] == Port("keys:notes", Kind.MIDI, Direction.OUT)
    assert ports["keys:clock"] == Port("keys:clock", Kind.MIDI, Direction.IN)
    assert ports["keys:left"] == Port("keys:left", Kind.AUDIO, Direction.IN, aliases=("KEYS:Left~In",))


def test_an_alias_that_comes_late_is_seen(graph: JackGraph) -> None:
    with crowd("card", pairs=1) as card:
        assert graph.ports()["card:in_1"].aliases == ()
        card.do("alias in_1 usb:1")
        card.do("alias in_1 usb:one")
        assert graph.ports()["card:in_1"].aliases == ("usb:1", "usb:one")


def test_ports_are_in_natural_order(graph: JackGraph) -> None:
    with crowd("a", pairs=11):
        ours = [port for port in graph.ports() if port.startswith("a:out")]
    assert ours == [f"a:out_{number}" for number in range(1, 12)]


@pytest.mark.parametrize("name", ["Überklang", "鼓", "a b", "Émile's (loop) 2.1", "🎹"])
def test_names_in_any_script(graph: JackGraph, name: str) -> None:
    with crowd(name, pairs=1) as client:
        client.do("add out größe")
        link = Link(f"{name}:größe", f"{name}:in_1")
        graph.connect(link.source, link.target)
        assert link in graph.links()
        assert link.source in graph.ports()
        graph.disconnect(link.source, link.target)
        assert graph.links() == frozenset()


def test_a_name_that_is_no_text_is_readable_and_can_be_linked(graph: JackGraph) -> None:
    old = jack.Client("old", no_start_server=True)
    try:
        library, ffi = jack._lib, jack._ffi
        port = library.jack_port_register(
            old._ptr, b"caf\xe9", b"32 bit float mono audio", int(library.JackPortIsOutput), 0
        )
        assert port != ffi.NULL
        assert "old:caf\\xe9" in graph.ports()
        old.inports.register("in")
        old.activate()
        graph.connect("old:caf\\xe9", "old:in")
        assert Link("old:caf\\xe9", "old:in") in graph.links()
    finally:
        old.close()


def test_settings_are_those_of_the_server(graph: JackGraph, jack_server: str) -> None:
    settings = graph.settings()
    assert (settings.server, settings.sample_rate, settings.period) == (jack_server, 48000, 256)
    assert settings.realtime is False
    assert settings.driver is None, "JACK does not tell"


def test_a_port_that_moves_keeps_its_links_right(graph: JackGraph) -> None:
    """A port that goes and comes back under its name may get another place in the server's table."""
    with crowd("first", pairs=3) as first, crowd("second", pairs=3):
        for round_number in range(4):
            graph.ports()
            first.do("drop in_1")
            first.do(f"add in filler_{round_number}")
            first.do("add in in_1")
            graph.connect("second:out_1", "first:in_1")
            expected = frozenset({Link("second:out_1", "first:in_1")})
            assert graph.links() == expected == lsp_links()


def test_a_renamed_port_is_seen_under_its_new_name(graph: JackGraph) -> None:
    with crowd("desk", pairs=1) as desk:
        graph.connect("desk:out_1", "desk:in_1")
        assert graph.links() == {Link("desk:out_1", "desk:in_1")}
        desk.do("rename out_1 send")
        assert graph.links() == {Link("desk:send", "desk:in_1")}
        assert "desk:out_1" not in graph.ports()


def test_reading_while_ports_come_and_go(graph: JackGraph) -> None:
    """Never an error, never a link whose ends are unknown, and the truth once it is quiet."""
    ended = threading.Event()

    def commotion() -> None:
        with crowd("storm") as storm:
            for number in range(150):
                storm.do(f"add out port_{number}")
                if number >= 5:
                    storm.do(f"drop port_{number - 5}")
        ended.set()

    thread = threading.Thread(target=commotion)
    thread.start()
    reads = 0
    while not ended.is_set():
        reads += 1
        for link in graph.links():
            assert link.source.partition(":")[1]
        assert all(name == port.name for name, port in graph.ports().items())
    thread.join()
    assert reads > 10
    assert list(graph.ports()) == sorted(lsp(), key=natural)


def test_somebody_elses_changes_are_told_and_seen(jack_server: str) -> None:
    changed = threading.Event()
    graph = JackGraph(on_change=changed.set)
    try:
        with crowd("guest", pairs=1):
            assert changed.wait(2), "a port came"
            eventually(lambda: "guest:in_1" in graph.ports())
            changed.clear()
            subprocess.run(["jack_connect", "guest:out_1", "system:playback_1"], check=True, timeout=10)
            assert changed.wait(2), "a link came"
            assert graph.links() == {Link("guest:out_1", "system:playback_1")}
            changed.clear()
        assert changed.wait(2), "a client went"
        assert graph.links() == frozenset()
    finally:
        graph.close()


def test_two_thousand_ports_are_read_in_milliseconds(graph: JackGraph) -> None:
    with crowd("choir", pairs=1000):
        assert len(graph.ports()) == 2004
        spent = []
        for _ in range(5):
            start = time.perf_counter()
            graph.ports()
            graph.links()
            spent.append(time.perf_counter() - start)
    # Measured 6 ms; asking for each port by name, as is usual, takes 48 ms for the ports alone.
    assert min(spent) < 0.030


def test_reads_from_many_threads_are_safe(graph: JackGraph) -> None:
    with crowd("many", pairs=40):
        failures: list[BaseException] = []

        def work(first: int) -> None:
            try:
                for number in range(first, first + 10):
                    graph.connect(f"many:out_{number}", f"many:in_{number}")
                    graph.links()
            except AssertionError as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(first,)) for first in (1, 11, 21, 31)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads), "two threads in jack_connect hang for ever"
        assert not failures
        assert len(graph.links()) == 40
