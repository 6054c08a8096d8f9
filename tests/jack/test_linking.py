"""Connecting and disconnecting: done, done already, or refused with the reason."""

import subprocess
import time
from collections.abc import Iterator

import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.model.errors import EngineError
from reconciler.model.resources import Link
from tests.support.crowd import crowd

pytestmark = pytest.mark.jack


@pytest.fixture
def graph(jack_server: str) -> Iterator[JackGraph]:
    graph = JackGraph()
    with crowd("eq", pairs=3) as eq:
        eq.do("add midi-in notes")
        yield graph
    graph.close()


def test_a_link_is_there_once_asked_for(graph: JackGraph) -> None:
    graph.connect("eq:out_1", "eq:in_2")
    assert graph.links() == {Link("eq:out_1", "eq:in_2")}
    graph.disconnect("eq:out_1", "eq:in_2")
    assert graph.links() == frozenset()


def test_every_asked_change_shows_in_the_next_read(graph: JackGraph) -> None:
    """JACK shows a change with the next period only; a read that does not wait for it would report a failure."""
    for _ in range(30):
        graph.connect("eq:out_1", "eq:in_1")
        assert Link("eq:out_1", "eq:in_1") in graph.links()
        graph.disconnect("eq:out_1", "eq:in_1")
        assert graph.links() == frozenset()


def test_a_link_that_is_there_counts_as_done(graph: JackGraph) -> None:
    graph.connect("eq:out_1", "system:playback_1")
    graph.connect("eq:out_1", "system:playback_1")
    assert graph.links() == {Link("eq:out_1", "system:playback_1")}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("eq:out_1", "eq:in_3"),
        ("eq:out_1", "gone:in"),
        ("gone:out", "eq:in_1"),
        ("gone:out", "gone:in"),
        ("", "eq:in_1"),
        ("eq:out_1", ""),
    ],
)
def test_a_link_that_is_not_there_counts_as_removed(graph: JackGraph, source: str, target: str) -> None:
    graph.connect("eq:out_1", "eq:in_1")
    graph.disconnect(source, target)
    assert graph.links() == {Link("eq:out_1", "eq:in_1")}


@pytest.mark.parametrize(
    ("source", "target", "missing", "hint"),
    [
        ("eq:out_1", "eq:in_l", "eq:in_l", "eq:in_1"),
        ("eq:ouput_2", "eq:in_1", "eq:ouput_2", "eq:out_2"),
        ("eq:out_1", "eq:sidechain", "eq:sidechain", "eq has in_1, in_2, in_3"),
        ("piano:out", "eq:in_1", "piano:out", "studio ports"),
        ("nonsense", "eq:in_1", "nonsense", "studio ports"),
        ("", "eq:in_1", "", "studio ports"),
        ("eq:out_1\0x", "eq:in_1", "eq:out_1\0x", "eq:out_1"),
    ],
)
def test_a_port_that_is_not_there_is_named_with_a_hint(
    graph: JackGraph, source: str, target: str, missing: str, hint: str
) -> None:
    with pytest.raises(EngineError) as caught:
        graph.connect(source, target)
    error = caught.value
    assert error.code == "no-such-port"
    assert repr(missing) in error.message
    assert hint in (error.hint or "")
    assert error.where is not None
    assert error.where.address == f"links.{source}->{target}"
    assert graph.links() == frozenset()


@pytest.mark.parametrize(
    ("source", "target", "reason"),
    [
        ("eq:in_1", "eq:in_2", "eq:in_1 is an input"),
        ("eq:in_1", "eq:out_1", "eq:in_1 is an input"),
        ("eq:out_1", "eq:out_2", "eq:out_2 is an output"),
        ("eq:out_1", "system:capture_1", "system:capture_1 is an output"),
        ("eq:out_1", "eq:notes", "one carries audio, the other midi"),
    ],
)
def test_a_link_that_cannot_be_says_why(graph: JackGraph, source: str, target: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason) as caught:
        graph.connect(source, target)
    assert caught.value.code == "connect-failed"
    assert graph.links() == frozenset()


def test_the_empty_name_is_no_port(graph: JackGraph) -> None:
    """jackd2 takes it for the first port without a second alias, which is a microphone."""
    graph.connect("system:capture_1", "eq:in_1")
    with pytest.raises(EngineError, match="no port"):
        graph.connect("", "eq:in_2")
    graph.disconnect("", "eq:in_1")
    assert graph.links() == {Link("system:capture_1", "eq:in_1")}


def test_an_alias_is_a_name_too(graph: JackGraph) -> None:
    graph.connect("dummy_pcm:dummy:out2", "eq:in_1")
    assert graph.links() == {Link("system:capture_2", "eq:in_1")}
    graph.disconnect("dummy_pcm:dummy:out2", "eq:in_1")
    assert graph.links() == frozenset()


def test_a_stranger_who_undoes_a_link_does_not_hold_the_reader_up(graph: JackGraph) -> None:
    graph.connect("eq:out_1", "eq:in_1")
    subprocess.run(["jack_disconnect", "eq:out_1", "eq:in_1"], check=True, timeout=10)
    start = time.monotonic()
    assert graph.links() == frozenset()
    assert time.monotonic() - start < 3
    start = time.monotonic()
    assert graph.links() == frozenset()
    assert time.monotonic() - start < 0.5, "waited for once only"


def test_a_port_that_goes_after_linking_does_not_hold_the_reader_up(graph: JackGraph) -> None:
    with crowd("guest", pairs=1):
        graph.connect("guest:out_1", "eq:in_1")
    start = time.monotonic()
    assert graph.links() == frozenset()
    assert time.monotonic() - start < 0.5
