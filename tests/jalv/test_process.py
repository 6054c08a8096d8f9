"""jalv's processes: how they start, hang, end, and what they do to each other."""

import os
import signal
import subprocess
import sys
import threading
from io import FileIO
from pathlib import Path

import msgspec
import psutil
import pytest

from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jalv import JalvHost, Limits
from reconciler.engines.memory import MemoryStudio
from reconciler.host.client import ends_within
from reconciler.model.catalogue import Catalogue, Direction, Kind, PluginType, PortInfo
from reconciler.model.errors import StudioError, Unavailable
from tests.jalv.plugins import AMP, BALANCE, Known, bundle, known
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.jalv]

HOST = """
import sys
from reconciler.engines.jalv import JalvHost
from reconciler.engines.lv2.catalogue import Lv2Catalogue
host = JalvHost(Lv2Catalogue(), sys.argv[1], "orphan ")
for number in range(5):
    host.add(f"p{number}", sys.argv[2])
print(*[host.pid(f"p{number}") for number in range(5)], flush=True)
sys.stdin.read()
"""
HANGS = "lv2:urn:studio:test:hangs"


def _gone(pids: list[int]) -> bool:
    return all(ends_within(pid, 0) for pid in pids)


def _children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name() == "jalv"]


def test_plugins_end_with_a_host_that_is_killed_and_jack_goes_on(jack_server: str, graph: JackGraph) -> None:
    before = dict(graph.ports())
    command = [sys.executable, "-c", HOST, jack_server, BALANCE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 5
        assert not _gone(pids)
        process.kill()
    eventually(lambda: _gone(pids), within_s=15)
    eventually(lambda: dict(graph.ports()) == before)
    graph.connect("system:capture_1", "system:playback_1")
    graph.disconnect("system:capture_1", "system:playback_1")


def test_a_name_that_is_just_becoming_free_is_waited_for(
    jack_server: str, graph: JackGraph, host: JalvHost, real_catalogue: Catalogue
) -> None:
    """A new host's plugins meet those of one that was killed a moment ago."""
    command = [sys.executable, "-c", HOST, jack_server, BALANCE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.kill()
    for number in range(5):
        host.add(f"orphan p{number}", AMP)
    assert len(host.plugins()) == 5
    eventually(lambda: {f"orphan p{number}:output" for number in range(5)} <= graph.ports().keys())


def test_plugins_end_when_their_keeper_is_killed(host: JalvHost, graph: JackGraph) -> None:
    for number in range(2):
        host.add(f"p{number}", AMP)
    pids = [host.pid(f"p{number}") for number in range(2)]
    psutil.Process(pids[0]).parent().kill()  # type: ignore[union-attr]
    eventually(lambda: _gone(pids))
    assert host.plugins() == []
    assert [crash.name for crash in host.crashes()] == ["p0", "p1"]
    host.add("p0", AMP)
    assert [one.plugin.name for one in host.plugins()] == ["p0"]


def test_a_ctrl_c_in_the_terminal_is_not_for_the_plugins(host: JalvHost) -> None:
    host.add("one", AMP)
    assert os.getsid(host.pid("one")) != os.getsid(0)
    assert os.getpgid(host.pid("one")) != os.getpgid(0)


def test_descriptors_are_given_back(host: JalvHost) -> None:
    host.add("first", AMP)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        host.add("one", AMP)
        host.remove("one")
        with pytest.raises(StudioError):
            host.add("first", AMP)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_plugin_that_hangs_on_load_is_given_up(
    jack_server: str, graph: JackGraph, real_catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = bundle(
        tmp_path,
        "hangs",
        """<urn:studio:test:hangs> a lv2:Plugin ; lv2:binary <fifo.so> ; doap:name "Hangs" ;
           lv2:port [ a lv2:InputPort , lv2:AudioPort ; lv2:index 0 ; lv2:symbol "in" ; lv2:name "In" ] .""",
    )
    os.mkfifo(made / "fifo.so")  # opening it waits for a writer, for ever
    monkeypatch.setenv("LV2_PATH", f"/usr/lib/lv2:{tmp_path}")
    hanging = PluginType(HANGS, "Hangs", ports=(PortInfo("in", "In", 0, Kind.AUDIO, Direction.IN),))
    host = JalvHost(Known(real_catalogue, [hanging]), jack_server, graph=graph, limits=Limits(start=0.5, leave=0.2))
    try:
        with pytest.raises(StudioError) as refusal:
            host.add("one", HANGS)
        assert refusal.value.code == "plugin-failed"
        assert "stopped answering" in refusal.value.message
        assert _children() == []
        assert host.plugins() == []
    finally:
        host.close()


def test_a_plugin_that_stops_answering_is_taken_off_and_the_others_go_on(
    jack_server: str, graph: JackGraph, real_catalogue: Catalogue
) -> None:
    host = JalvHost(real_catalogue, jack_server, graph=graph, limits=Limits(answer=0.5, leave=0.5))
    try:
        for name in ("one", "two", "three"):
            host.add(name, AMP)
        pid = host.pid("two")
        os.kill(pid, signal.SIGSTOP)
        assert [one.plugin.name for one in host.plugins()] == ["one", "three"]
        (crash,) = host.crashes()
        assert (crash.name, crash.plugin, crash.reason) == ("two", AMP, "it stopped answering")
        assert _gone([pid])
        assert host.set_param("three", "gain", 3.0) == 3.0
    finally:
        host.close()


def _stderr(host: JalvHost, name: str) -> FileIO:
    """Open the stderr of a plugin's process, to print there as the plugin itself may at any time."""
    return Path(f"/proc/{host.pid(name)}/fd/2").open("wb", buffering=0)


@pytest.mark.parametrize(
    "words", [b"a line\n", b"no newline", b"\n> ", b"gain = 7.5", b"\x1b[0;31merror: red\n\x1b[0m"]
)
def test_a_plugin_that_never_stops_printing_is_set_and_read_all_the_same(host: JalvHost, words: bytes) -> None:
    host.add("one", AMP)
    stderr = _stderr(host, "one")
    over = threading.Event()

    def chatter() -> None:
        with stderr:
            while not over.is_set():
                stderr.write(words)

    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        for number in range(20):
            assert host.set_param("one", "gain", number / 2) == number / 2
            assert host.plugins()[0].plugin.params == {"gain": number / 2}
    finally:
        over.set()
        thread.join()
    assert host.crashes() == []


def test_the_last_words_of_a_plugin_are_told(host: JalvHost) -> None:
    host.add("one", AMP)
    with _stderr(host, "one") as stderr:
        stderr.write(b"model.bin: cannot allocate memory\n")
        host.set_param("one", "gain", 3.0)
        stderr.write(b"out of order\n")
    os.kill(host.pid("one"), signal.SIGSEGV)
    eventually(lambda: host.plugins() == [])
    (crash,) = host.crashes()
    assert crash.reason == (
        "it was killed by a memory fault (SIGSEGV); its last words: model.bin: cannot allocate memory | out of order"
    )


def test_a_plugin_whose_ports_come_under_another_name_is_refused(jack_server: str, real_catalogue: Catalogue) -> None:
    """On PipeWire only the graph tells. Here the graph is another studio's, in which no such client appears."""
    host = JalvHost(real_catalogue, jack_server, graph=MemoryStudio().graph, limits=Limits(settle=0.2))
    try:
        with pytest.raises(StudioError) as refusal:
            host.add("one", AMP)
        assert refusal.value.code == "name-taken"
        assert _children() == []
    finally:
        host.close()


def test_without_a_graph_jalv_is_taken_at_its_word(jack_server: str, real_catalogue: Catalogue) -> None:
    host = JalvHost(real_catalogue, jack_server, limits=Limits(settle=0.2))
    try:
        host.add("one", AMP)
        assert [(one.plugin.name, one.client) for one in host.plugins()] == [("one", "one")]
        with pytest.raises(StudioError) as refusal:
            host.add("system", AMP)
        assert refusal.value.code == "name-taken"
        assert len(_children()) == 1
    finally:
        host.close()


def test_clients_are_named_with_the_prefix(jack_server: str, graph: JackGraph, real_catalogue: Catalogue) -> None:
    host = JalvHost(real_catalogue, jack_server, "pre ", graph)
    try:
        host.add("system", AMP)
        assert [(one.plugin.name, one.client) for one in host.plugins()] == [("system", "pre system")]
        assert "pre system:output" in graph.ports()
        with pytest.raises(StudioError) as refusal:
            host.add("x" * 60, AMP)
        assert refusal.value.code == "bad-name"
    finally:
        host.close()


def test_a_plugin_that_only_the_catalogue_knows_is_not_found(
    jack_server: str, graph: JackGraph, real_catalogue: Catalogue
) -> None:
    """The catalogue may be older than a removal."""
    removed = msgspec.structs.replace(known(real_catalogue, AMP), uri="lv2:urn:studio:test:removed")
    host = JalvHost(Known(real_catalogue, [removed]), jack_server, graph=graph)
    try:
        with pytest.raises(StudioError) as refusal:
            host.add("one", removed.uri)
        assert refusal.value.code == "plugin-not-found"
    finally:
        host.close()


def test_without_a_server_nothing_is_started(real_catalogue: Catalogue) -> None:
    host = JalvHost(real_catalogue, "nobody-is-here")
    try:
        with pytest.raises(Unavailable) as refusal:
            host.add("one", AMP)
        assert refusal.value.code == "jack-gone"
        assert "nobody-is-here" in refusal.value.message
    finally:
        host.close()


def test_without_jalv_its_package_is_named(
    jack_server: str, real_catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    host = JalvHost(real_catalogue, jack_server)
    try:
        with pytest.raises(Unavailable) as refusal:
            host.add("one", AMP)
        assert refusal.value.code == "host-not-installed"
        assert refusal.value.hint is not None
        assert "package jalv" in refusal.value.hint
    finally:
        host.close()


def test_the_environment_starts_no_server_and_knows_no_decimal_comma(
    host: JalvHost, jack_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    host.add("one", AMP)
    environment = psutil.Process(host.pid("one")).environ()
    assert environment["LC_ALL"] == "C"
    assert environment["JACK_NO_START_SERVER"] == "1"
    assert environment["JACK_DEFAULT_SERVER"] == jack_server
    assert host.set_param("one", "gain", 0.5) == 0.5
