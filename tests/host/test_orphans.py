"""A host that is killed leaves plugins for a second, or for longer: nobody is to build, or look, among them."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reconciler.host.client import HostClient, ends_within
from reconciler.host.place import Place
from reconciler.host.protocol import HostConfig
from tests.cli.studio import host, plugins_of, put_everything_down, studio
from tests.support.jackd import Jackd

pytestmark = [pytest.mark.jack, pytest.mark.jalv]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
NAMES = [f"amp{number}" for number in range(4)]
ROW = f"""\
version: 1
session: row
engine: {{ host: jalv }}
plugins:
{"".join(f"  {name}: {{ plugin: '{AMP}', params: {{ gain: -3 dB }} }}" + chr(10) for name in NAMES)}
chains:
  row: [system:capture_1, {", ".join(NAMES)}, system:playback_1]
"""


@pytest.fixture
def standing(
    tmp_path: Path, isolated_xdg: Path, fresh_jack_server: Jackd, monkeypatch: pytest.MonkeyPatch
) -> Iterator[psutil.Process]:
    """The host of a session that stands."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studio.yaml").write_text(ROW, encoding="utf-8")
    done = studio("apply", "--yes")
    assert done.code == 0, done.out + done.err
    process = host("row")
    assert process is not None
    assert len(plugins_of(process)) == len(NAMES)
    yield process
    put_everything_down()


@pytest.fixture
def killed(standing: psutil.Process) -> list[psutil.Process]:
    """The plugins that a host has just left behind."""
    plugins = plugins_of(standing)
    plugins[0].send_signal(signal.SIGSTOP)  # it takes some force, and so seconds, to end this one
    standing.kill()
    assert ends_within(standing.pid, 5)
    assert plugins[0].is_running()
    return plugins


def test_the_next_apply_succeeds_at_once(killed: list[psutil.Process]) -> None:
    done = studio("apply", "--yes", "--json")
    assert done.code == 0, done.out + done.err
    assert done.json["proved"] is True
    created = [change["address"] for change in done.json["plan"]["changes"]]
    assert len(created) == len(NAMES) + len(NAMES) + 1, "plugins and links, all of them anew"
    assert not any(plugin.is_running() for plugin in killed)
    process = host("row")
    assert process is not None
    assert len(plugins_of(process)) == len(NAMES)


def test_a_plan_does_not_see_them(killed: list[psutil.Process]) -> None:
    found = studio("plan", "--json").json
    assert {change["action"] for change in found["changes"]} == {"create"}
    assert not any(plugin.is_running() for plugin in killed)


def test_a_new_host_starts_when_the_last_of_them_has_gone(killed: list[psutil.Process]) -> None:
    assert Place("row").taken()
    client = HostClient.start(HostConfig("row", "jalv"))
    assert not any(plugin.is_running() for plugin in killed)
    client.shutdown()
    assert not Place("row").taken()


def test_the_keeper_holds_the_lock_and_no_plugin_does(standing: psutil.Process) -> None:
    lock = Place("row").lock.resolve()
    plugins = plugins_of(standing)
    (keeper,) = {plugin.ppid() for plugin in plugins}
    holders = [
        pid
        for pid in (standing.pid, keeper, *(plugin.pid for plugin in plugins))
        if lock in {path.resolve() for path in Path(f"/proc/{pid}/fd").iterdir()}
    ]
    assert holders == [standing.pid, keeper]
