"""The server dies, hangs, comes back: nothing stale is ever told, and nothing hangs."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest

from reconciler.engines.jack import client as jack_client
from reconciler.engines.jack.client import JackClient
from reconciler.engines.jack.graph import JackGraph
from reconciler.model.errors import Unavailable
from tests.support.crowd import crowd
from tests.support.jackd import Jackd, jackd
from tests.support.waiting import eventually

pytestmark = pytest.mark.jack


def code_of(graph: JackGraph, call: str) -> str:
    calls: dict[str, Callable[[], object]] = {
        "ports": graph.ports,
        "links": graph.links,
        "settings": graph.settings,
        "connect": lambda: graph.connect("system:capture_1", "system:playback_1"),
        "disconnect": lambda: graph.disconnect("system:capture_1", "system:playback_1"),
        "missing": lambda: graph.connect("no:such", "port:here"),
    }
    with pytest.raises(Unavailable) as caught:
        calls[call]()
    return caught.value.code


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_death_is_noticed_and_nothing_stale_is_told(fresh_jack_server: Jackd, how: int) -> None:
    told = threading.Event()
    graph = JackGraph(on_change=told.set)
    assert graph.alive
    assert len(graph.ports()) == 4
    fresh_jack_server.end(how)
    eventually(lambda: not graph.alive, within_s=1, what="the death is told")
    assert told.is_set()
    for call in ("ports", "links", "settings", "connect", "disconnect", "missing"):
        assert code_of(graph, call) == "jack-gone"
    graph.close()
    graph.close()


def test_a_call_into_a_dying_server_blames_the_server(fresh_jack_server: Jackd) -> None:
    """The connect fails some 10 ms before the shutdown callback tells why."""
    graph = JackGraph()
    with crowd("big", pairs=100):
        fresh_jack_server.kill()

        def connect_all() -> None:
            for number in range(1, 101):
                graph.connect(f"big:out_{number}", f"big:in_{number}")

        with pytest.raises(Unavailable) as caught:
            connect_all()
    assert caught.value.code == "jack-gone"
    graph.close()


def test_a_restarted_server_is_seen_anew(fresh_jack_server: Jackd) -> None:
    """A client on a dead server, left open, would make libjack show the old server's ports."""
    old = JackGraph()
    with crowd("before", pairs=2):
        assert "before:in_1" in old.ports()
        fresh_jack_server.kill()
        eventually(lambda: not old.alive, within_s=1)
    fresh_jack_server.period = 512
    fresh_jack_server.restart()
    new = JackGraph()
    assert new.alive
    assert new.settings().period == 512
    assert "before:in_1" not in new.ports()
    new.connect("system:capture_1", "system:playback_1")
    assert len(new.links()) == 1
    assert not old.alive
    old.close()
    new.close()


def test_no_server_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "studio-test-nobody")
    start = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        JackGraph()
    assert caught.value.code == "jack-not-running"
    assert "studio-test-nobody" in caught.value.message
    assert "manage: start" in (caught.value.hint or "")
    assert time.monotonic() - start < 0.5


def test_a_server_that_hangs_is_given_up_on(fresh_jack_server: Jackd) -> None:
    os.kill(fresh_jack_server.pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable) as caught:
            JackGraph(limit_s=0.3)
        assert caught.value.code == "jack-stuck"
        with pytest.raises(Unavailable) as caught:
            JackGraph(limit_s=0.3)
        assert caught.value.code == "jack-stuck", "no second client waits behind the first"
    finally:
        os.kill(fresh_jack_server.pid, signal.SIGCONT)
    eventually(lambda: not any(thread.is_alive() for thread in jack_client._stuck), what="the late client is let in")
    graph = JackGraph()
    eventually(lambda: len(graph.ports()) == 4)
    graph.close()


def test_two_servers_at_once_are_refused(fresh_jack_server: Jackd) -> None:
    """Libjack would show the ports and period of the first under the name of the second."""
    graph = JackGraph()
    with jackd(period=1024) as other:
        with pytest.raises(Unavailable) as caught:
            JackGraph(other.name)
        assert caught.value.code == "jack-other-server"
        graph.close()
        second = JackGraph(other.name)
        assert second.settings().period == 1024
        second.close()


def test_a_client_is_never_named_like_its_server(fresh_jack_server: Jackd) -> None:
    """Closing such a client deletes the server's socket (jackd2)."""
    client = JackClient(fresh_jack_server.name, fresh_jack_server.name)
    assert client.name != fresh_jack_server.name
    client.close()
    graph = JackGraph()
    assert graph.alive
    graph.close()


def test_a_forgotten_client_leaves_the_server(fresh_jack_server: Jackd) -> None:
    def forget() -> None:
        JackClient("forgotten", prepare=lambda raw: raw.outports.register("here"))

    graph = JackGraph()
    forget()
    eventually(lambda: "forgotten:here" not in graph.ports())
    graph.close()


@pytest.mark.parametrize("death", [False, True])
def test_a_process_that_forgets_to_close_ends_all_the_same(fresh_jack_server: Jackd, death: bool) -> None:
    """On PipeWire it would hang for ever at its end; on a dead server closing may."""
    code = (
        "import sys\n"
        "from reconciler.engines.jack.graph import JackGraph\n"
        "graph = JackGraph()\n"
        "graph.ports()\n"
        "print('open', flush=True)\n"
        "sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        if death:
            fresh_jack_server.kill()
        _, printed = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert printed == ""
