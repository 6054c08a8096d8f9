"""The host process: outlives its starter, is found again, is one per session, and says how it died."""

import json
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reconciler.engines.memory import PREFIX
from reconciler.host.client import HostClient
from reconciler.host.place import Place
from reconciler.host.protocol import LIMIT_BYTES, HostConfig
from reconciler.host.recorder import FlightRecorder, last_action
from reconciler.model.actions import Action, AddPlugin, Connect, Outcome, SetParam
from reconciler.model.errors import Unavailable

GAIN = f"{PREFIX}gain"
CONFIG = HostConfig("hosted", "memory")


@pytest.fixture
def client(isolated_xdg: Path) -> Iterator[HostClient]:
    client = HostClient.start(CONFIG)
    yield client
    running = HostClient.find("hosted")
    if running is not None:
        running.shutdown()
    client.close()


def _kill(client: HostClient) -> None:
    victim = psutil.Process(client.status().pid)
    victim.kill()
    victim.wait(timeout=10)


def test_it_is_found_again_and_keeps_its_plugins(client: HostClient) -> None:
    outcomes = client.execute([Action(0, AddPlugin("voice", GAIN), "plugins.voice")], lambda _: None)
    assert [outcome.status for outcome in outcomes] == ["done"]
    client.close()
    again = HostClient.find("hosted")
    assert again is not None
    assert list(again.observe().plugins) == ["voice"]
    again.close()


def test_it_outlives_the_process_that_started_it(isolated_xdg: Path) -> None:
    code = (
        "from reconciler.host.client import HostClient; from reconciler.host.protocol import HostConfig;"
        "print(HostClient.start(HostConfig('orphan', 'memory')).status().pid)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    client = HostClient.find("orphan")
    assert client is not None
    assert client.status().pid == int(told.stdout)
    client.shutdown()
    assert HostClient.find("orphan") is None


def test_one_per_session_even_when_many_start_it_at_once(isolated_xdg: Path) -> None:
    pids: list[int] = []

    def start() -> None:
        client = HostClient.start(CONFIG)
        pids.append(client.status().pid)
        client.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(pids) == 6
    assert len(set(pids)) == 1
    client = HostClient.find("hosted")
    assert client is not None
    client.shutdown()


def test_only_its_user_can_reach_it(client: HostClient) -> None:
    place = Place("hosted")
    assert stat.S_IMODE(place.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


def test_a_failed_action_skips_what_needs_it_and_nothing_else(client: HostClient) -> None:
    heard: list[Outcome] = []
    actions = [
        Action(0, AddPlugin("voice", "lv2:urn:nowhere"), "plugins.voice"),
        Action(1, SetParam("voice", "gain", 0.5), "plugins.voice", (0,)),
        Action(2, AddPlugin("eq", GAIN), "plugins.eq"),
        Action(3, Connect("voice:out", "eq:in"), "links.voice:out->eq:in", (0, 2)),
    ]
    outcomes = client.execute(actions, heard.append)
    assert [outcome.status for outcome in outcomes] == ["failed", "skipped", "done", "skipped"]
    assert heard == outcomes
    assert outcomes[0].error is not None
    assert outcomes[0].error["code"] == "plugin-not-found"


def test_killed_it_is_reported_at_once_and_started_anew(client: HostClient) -> None:
    _kill(client)
    with pytest.raises(Unavailable, match="died") as caught:
        client.observe()
    assert caught.value.code == "host-died"
    assert HostClient.find("hosted") is None
    anew = HostClient.start(CONFIG)
    assert anew.observe().plugins == {}
    anew.close()


def test_the_flight_record_names_the_plugin_to_blame(client: HostClient) -> None:
    place = Place("hosted")
    _kill(client)
    recorder = FlightRecorder(place.flight)
    recorder.before(Action(3, AddPlugin("fuzz", GAIN), "plugins.fuzz"))
    with pytest.raises(Unavailable, match=r"died while loading fuzz"):
        client.observe()


def test_the_flight_record_is_blank_when_nothing_risky_is_under_way(tmp_path: Path) -> None:
    recorder = FlightRecorder(tmp_path / "flight")
    recorder.before(Action(0, Connect("a:b", "c:d"), "links"))
    assert last_action(tmp_path / "flight") is None
    recorder.before(Action(0, AddPlugin("a", GAIN), "plugins.a"))
    assert last_action(tmp_path / "flight") is not None
    recorder.clear()
    assert last_action(tmp_path / "flight") is None
    recorder.close()


def test_subscribers_hear_of_every_outcome(client: HostClient) -> None:
    listener = HostClient.find("hosted")
    assert listener is not None
    listener.subscribe()
    client.execute([Action(0, AddPlugin("voice", GAIN), "plugins.voice")], lambda _: None)
    event = listener.next_event()
    while event["event"] != "outcome":
        event = listener.next_event()
    assert event["outcome"] == {"id": 0, "status": "done"}
    listener.close()


def test_describe_answers_from_the_catalogue(client: HostClient) -> None:
    kind = client.describe(GAIN)
    assert kind is not None
    assert kind.uri == GAIN
    assert client.describe("lv2:urn:nowhere") is None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"junk\n", -32600),
        (b'{"id":1,"method":"no-such"}\n', -32601),
        (b'{"id":1,"method":"execute","params":{"actions":7}}\n', -32602),
        (b'{"id":1,"method":"execute","params":{"actions":[{"id":0,"cause":"","call":{"call":"rm"}}]}}\n', -32602),
    ],
)
def test_nonsense_is_answered_and_does_no_harm(client: HostClient, line: bytes, code: int) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(10)
        raw.connect(str(Place("hosted").socket))
        raw.sendall(line)
        answer = json.loads(raw.makefile("rb").readline())
    assert answer["error"]["code"] == code
    assert client.observe().plugins == {}


def test_a_client_that_sends_without_end_is_cut_off(client: HostClient) -> None:
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(30)
        raw.connect(str(Place("hosted").socket))
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            raw.sendall(b"x" * 3 * LIMIT_BYTES)
    assert client.observe().plugins == {}


def test_a_runtime_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "run"
    elsewhere.mkdir()
    (elsewhere / "studio").symlink_to(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(elsewhere))
    with pytest.raises(Unavailable) as caught:
        HostClient.start(CONFIG)
    assert caught.value.code == "runtime-folder"


def test_a_socket_path_that_is_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("deep" * 30)))
    with pytest.raises(Unavailable, match="too long"):
        HostClient.start(CONFIG)
