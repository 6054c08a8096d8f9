"""A whole session on the real Carla: all that plugins have, from the manifest to the engine and back."""

import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from reconciler.host.client import HostClient
from reconciler.model import states
from reconciler.model.actions import Action, Call, SetOption, SetParam
from tests.cli.studio import Done, put_everything_down, studio
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

EPIANO = "http://drobilla.net/plugins/mda/EPiano"
PROGRAM = """\
import time
import jack
client = jack.Client("inner")
client.inports.register("in")
client.activate()
time.sleep(600)
"""
MANIFEST = f"""\
version: 1
session: keeping
engine: {{ host: carla, mode: MODE }}
plugins:
  keys:
    plugin: lv2:{EPIANO}
    state: piano.carxs
    params: {{ hardness: 0.25 }}
    options: {{ send_pitchbend: false }}
    custom_data: {{ "urn:studio:owner": {{ type: property, value: me }} }}
    bridge: true
  eq:
    plugin: lv2:http://gareus.org/oss/lv2/fil4#mono
    custom_data:
      "http://gareus.org/oss/lv2/fil4#dbscale":
        {{ type: "http://lv2plug.in/ns/ext/atom#Float", value: AAAAQQ== }}
  amp:
    plugin: lv2:http://plugin.org.uk/swh-plugins/amp
    options: {{ force_stereo: true }}
  meter:
    plugin: jack:PYTHON program.py
    ports: {{ audio_in: 1, audio_out: 0 }}
chains:
  all: [keys, amp]
links:
  - amp:output -> eq
  - eq -> meter
"""


@pytest.fixture
def folder(
    fresh_jack_server: Jackd, isolated_xdg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The current folder, with all that the manifest speaks of."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", fresh_jack_server.name)
    monkeypatch.chdir(tmp_path)
    saved = (states.Saved(2, "hardness", "Hardness", 0.75), states.Saved(3, "treble_boost", "Treble Boost", 0.125))
    state = states.State(type="LV2", label=EPIANO, parameters=saved)
    (tmp_path / "piano.carxs").write_bytes(states.compose(state))
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    yield tmp_path
    put_everything_down()


def write(folder: Path, text: str, mode: str) -> None:
    text = text.replace("MODE", mode).replace("PYTHON program.py", f"{sys.executable} {folder / 'program.py'}")
    (folder / "studio.yaml").write_text(text, encoding="utf-8")


def in_sync() -> None:
    found = studio("plan", "--exit-code")
    assert found.code == 0, found.out


def applied(*arguments: str) -> Done:
    done = studio("apply", "--yes", *arguments)
    assert done.code == 0, done.out + done.err
    in_sync()
    return done


def host() -> HostClient:
    client = HostClient.find("keeping")
    assert client is not None
    return client


def bridges(client: HostClient) -> list[psutil.Process]:
    return [child for child in psutil.Process(client.pid).children() if child.name().startswith("carla-bridge")]


@pytest.mark.parametrize("mode", ["multiple-clients", "patchbay"])
def test_everything_a_plugin_has_is_applied_kept_and_given_back(folder: Path, mode: str) -> None:
    write(folder, MANIFEST, mode)
    refused = studio("apply", "--yes")
    assert refused.code == 5
    assert "program-needs-leave" in refused.err
    assert f"{sys.executable} {folder / 'program.py'}" in refused.out
    assert HostClient.find("keeping") is None

    applied("--allow-programs")
    client = host()
    observed = client.observe().plugins
    keys = observed["keys"]
    assert (keys.params["hardness"], keys.params["treble_boost"]) == (0.25, 0.125)
    assert (keys.bridge, keys.options["send_pitchbend"]) == (True, False)
    assert observed["amp"].options["force_stereo"]
    assert observed["eq"].custom_data["http://gareus.org/oss/lv2/fil4#dbscale"].value == "AAAAQQ=="
    assert observed["meter"].plugin.startswith("jack:1+0+0+0:")

    changes: tuple[Call, ...] = (SetOption("keys", "send_pitchbend", True), SetParam("keys", "hardness", 1.0))
    client.execute([Action(number, call, "by hand") for number, call in enumerate(changes)], lambda _: None)
    assert len(studio("plan", "--json").json["changes"]) == 2
    applied()

    (bridge,) = bridges(client)
    bridge.kill()
    eventually(lambda: "keys" not in client.observe().plugins)
    assert "keys" in studio("plan").out
    applied()
    assert client.observe().plugins["keys"].params == keys.params

    less = MANIFEST.replace("    state: piano.carxs\n", "").replace("    bridge: true\n", "")
    less = less.replace("    options: { send_pitchbend: false }\n", "")
    less = less.replace("    options: { force_stereo: true }\n", "")
    write(folder, less, mode)
    applied()
    keys = client.observe().plugins["keys"]
    assert (keys.bridge, keys.state, keys.options["send_pitchbend"]) == (False, None, True)
    assert (keys.params["hardness"], keys.params["treble_boost"]) == (0.25, 0.5)
    assert not client.observe().plugins["amp"].options["force_stereo"]
    assert bridges(client) == []
    client.close()


def test_a_state_file_that_changed_is_loaded_again(folder: Path) -> None:
    write(folder, MANIFEST.partition("  meter:")[0].partition("  eq:")[0], "multiple-clients")
    applied()
    path = folder / "piano.carxs"
    path.write_bytes(path.read_bytes().replace(b"0.125", b"0.875"))
    assert "plugins.keys.state" in studio("plan").out
    applied()
    with closing(host()) as client:
        keys = client.observe().plugins["keys"]
    assert (keys.params["treble_boost"], keys.params["hardness"]) == (0.875, 0.25)
