"""Carla in its host process: what it says and where, what it listens to, how it dies, and how it comes back."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from reconciler.engines.carla import library
from reconciler.engines.choose import catalogue, choose
from reconciler.engines.jack.graph import JackGraph
from reconciler.host.client import HostClient
from reconciler.host.place import Place
from reconciler.model.actions import Action, AddPlugin, Call, Connect, Outcome, RenamePlugin, SetParam
from reconciler.model.errors import Unavailable
from tests.carla.conftest import Start
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
CRASHER = "lv2:http://lsp-plug.in/plugins/lv2/multisampler_x48_do"
"""Of lsp-plugins 1.2.5; takes the process down while Carla loads it (measured)."""


def run(client: HostClient, *calls: Call) -> list[Outcome]:
    return client.execute([Action(number, call, "test") for number, call in enumerate(calls)], lambda _: None)


def done(client: HostClient, *calls: Call) -> None:
    outcomes = run(client, *calls)
    assert [outcome.status for outcome in outcomes] == ["done"] * len(calls), outcomes


def test_it_listens_to_nobody_but_its_own_socket(start: Start) -> None:
    client = start()
    done(client, AddPlugin("amp", AMP))
    process = psutil.Process(client.pid)
    assert process.net_connections(kind="inet") == []


def test_carla_leaves_stdout_to_python(carla: library.Installation) -> None:
    code = (
        "from reconciler.engines.carla import library\n"
        "import os, sys\n"
        "print('before')\n"
        "loaded = library.load()\n"
        "loaded.host.get_engine_driver_count()\n"
        "assert library.load() is loaded\n"
        "os.system('echo a child of it')\n"
        "os.write(1, b'as C would print')\n"
        "print('after', loaded.version)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert re.fullmatch(r"before\nafter \S+\n", told.stdout)
    assert "as C would print" in told.stderr
    assert "a child of it" in told.stderr


def test_it_idles_by_itself(start: Start, fresh_jack_server: Jackd) -> None:
    """What is renamed shows at once, what JACK lost is noticed, without anybody asking."""
    client = start()
    client.subscribe()
    done(client, AddPlugin("amp", AMP))
    fresh_jack_server.kill()
    seen = []
    while {"event": "jack", "running": False} not in seen:
        seen.append(client.next_event())
    assert client.observe().plugins == {}


def test_it_comes_back_with_jack(start: Start, fresh_jack_server: Jackd) -> None:
    client = start()
    for _ in range(2):
        done(client, AddPlugin("a", AMP), AddPlugin("b", AMP), Connect("a:output", "b:input"))
        assert set(client.observe().plugins) == {"a", "b"}
        fresh_jack_server.kill()
        eventually(lambda: client.observe().jack is None)
        assert client.observe().plugins == {}
        (late,) = run(client, AddPlugin("a", AMP))
        assert late.error is not None
        assert late.error["code"] == "jack-gone"
        fresh_jack_server.restart()
        eventually(lambda: client.observe().jack is not None)


def test_a_prefix_stands_before_every_client_and_in_no_name(start: Start, fresh_jack_server: Jackd) -> None:
    client = start(prefix="live-")
    done(client, AddPlugin("a", AMP), AddPlugin("b", AMP), Connect("a:output", "b:input"), RenamePlugin("b", "c"))
    observed = client.observe()
    assert set(observed.plugins) == {"a", "c"}
    assert ("a:output", "c:input") in {(link.source, link.target) for link in observed.links}
    assert observed.ports["c:input"].aliases[0] == "live-c:Input"
    watcher = JackGraph(fresh_jack_server.name, "watcher")
    names = set(watcher.ports())
    watcher.close()
    assert {"live-a:Output", "live-c:Input"} <= names
    assert not any(name.startswith(("a:", "b:", "c:", "live-b:")) for name in names)


def test_two_sessions_share_a_server(start: Start) -> None:
    one, two = start("one", "one-"), start("two", "two-")
    for client in (one, two):
        done(client, AddPlugin("amp", AMP), SetParam("amp", "gain", 3.0))
    (taken,) = run(start("three", "one-"), AddPlugin("amp", AMP))
    assert taken.error is not None
    assert taken.error["code"] == "name-taken"
    assert [len(client.observe().plugins) for client in (one, two)] == [1, 1]


def test_a_plugin_that_takes_the_host_down_is_named(start: Start) -> None:
    if catalogue("carla").describe(CRASHER) is None:
        pytest.skip("lsp-plugins-lv2 is not installed (Debian: lsp-plugins-lv2)")
    client = start()
    done(client, AddPlugin("amp", AMP))
    victim = psutil.Process(client.pid)
    with pytest.raises(Unavailable) as death:
        run(client, AddPlugin("bomb", CRASHER))
    assert death.value.code == "host-died"
    assert f"while loading bomb ({CRASHER})" in death.value.message
    victim.wait(timeout=10)
    anew = start()
    assert anew.pid != victim.pid
    done(anew, AddPlugin("amp", AMP))


def test_a_host_that_is_told_to_end_leaves_jack_tidily(start: Start, fresh_jack_server: Jackd) -> None:
    client = start()
    done(client, AddPlugin("amp", AMP))
    client.shutdown()
    watcher = JackGraph(fresh_jack_server.name, "watcher")
    assert not [name for name in watcher.ports() if name.startswith("amp:")]
    watcher.close()
    log = Place("carla-test").log.read_text(encoding="utf-8")
    assert "assertion" not in log


def test_auto_is_carla_where_there_is_one(carla: library.Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose("auto") == choose("carla") == "carla"
    monkeypatch.setenv("PATH", "/nowhere")
    assert choose("auto") == "carla", "it needs no jalv"


def test_carla_is_found_where_its_prefix_says_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARLA_PREFIX", str(tmp_path))
    assert library.find() is None
    with pytest.raises(Unavailable) as refusal:
        choose("carla")
    assert refusal.value.code == "host-not-installed"
    assert str(tmp_path) in refusal.value.message
    for folder in ("lib64/carla", "share/carla"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lib64/carla/libcarla_standalone2.so").touch()
    (tmp_path / "share/carla/carla_backend.py").touch()
    found = library.find()
    assert found is not None
    assert found.binaries == tmp_path / "lib64/carla"


@pytest.mark.parametrize(
    ("wrapper", "code", "says"),
    [
        ("PARAMETER_PANNING = -7\n", "carla-too-old", "ENGINE_OPTION_OSC_ENABLED"),
        ("import nowhere_to_be_found\n", "carla-broken", "nowhere_to_be_found"),
        ("def (", "carla-broken", "syntax"),
    ],
)
def test_a_carla_that_is_too_old_or_broken_says_so(tmp_path: Path, wrapper: str, code: str, says: str) -> None:
    for folder in ("lib/carla", "share/carla"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lib/carla/libcarla_standalone2.so").touch()
    (tmp_path / "share/carla/carla_backend.py").write_text(wrapper, encoding="utf-8")
    script = (
        "from reconciler.engines.carla import library\nfrom reconciler.model.errors import Unavailable\n"
        "try: library.load()\nexcept Unavailable as error: print(error.code, error.message, flush=True)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={**os.environ, "CARLA_PREFIX": str(tmp_path)},
    )
    assert told.stdout.startswith(code)
    assert says in told.stdout
