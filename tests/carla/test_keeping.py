"""What plugins of each format keep beside their values, in the real Carla: named values, states, chunks, processes."""

import base64
import hashlib
import os
import signal
import struct
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from reconciler.engines.carla import CarlaHost, engine
from reconciler.engines.carla import host as host_module
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.carla.describe import Loading
from reconciler.engines.carla.formats import Format
from reconciler.engines.jack.graph import JackGraph
from reconciler.model import applications, states
from reconciler.model.applications import Application
from reconciler.model.catalogue import PluginType
from reconciler.model.custom import PATH, PROPERTY, STRING
from reconciler.model.errors import StudioError
from reconciler.model.resources import CustomData, Plugin
from reconciler.model.values import float32
from tests.carla import plugin_files
from tests.carla.plugin_files import CLAP, CRASH, HANG, ladspa
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
FORMATS = {
    "lv2": "lv2:http://drobilla.net/plugins/mda/EPiano",
    "ladspa": "ladspa:amp_1181.so#amp",
    "dssi": "dssi:hexter.so#hexter",
    "vst2": "vst2:Nekobi-vst.so",
    "sf2": "sf2:TimGM6mb.sf2",
    "internal": "internal:lfo",
}
"""One of each that Debian has."""


class Also:
    """A catalogue that knows one more plugin."""

    def __init__(self, inner: CarlaCatalogue, kind: PluginType, loading: Loading) -> None:
        self._inner = inner
        self._kind = kind
        self._loading = loading
        self.formats = inner.formats

    def describe(self, uri: str) -> PluginType | None:
        return self._kind if uri == self._kind.uri else self._inner.describe(uri)

    def loading(self, uri: str) -> Loading | None:
        return self._loading if uri == self._kind.uri else self._inner.loading(uri)

    def uris(self) -> list[str]:
        return [self._kind.uri]

    def package(self, uri: str) -> str | None:
        return self._inner.package(uri)


def read(host: CarlaHost, name: str = "one") -> Plugin:
    return next(one.plugin for one in host.plugins() if one.plugin.name == name)


def refused(call: Callable[[], object]) -> StudioError:
    with pytest.raises(StudioError) as refusal:
        call()
    return refusal.value


def add(host: CarlaHost, known: CarlaCatalogue, scheme: str, name: str = "one", *, bridge: bool = False) -> PluginType:
    kind = known.describe(FORMATS[scheme])
    if kind is None:
        pytest.skip(f"{FORMATS[scheme]} is not installed; Debian has it in {known.package(FORMATS[scheme])}")
    host.add(name, kind.uri, bridge=bridge)
    return kind


def children() -> list[psutil.Process]:
    """Return the processes of plugins; the test's JACK server is a child too."""
    there = psutil.Process().children()
    return [child for child in there if child.name() != "jackd" and child.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("bridge", [False, True], ids=["inside", "bridged"])
@pytest.mark.parametrize(
    ("scheme", "type_", "key", "value", "kept"),
    [
        ("lv2", PROPERTY, "tag", "mine", True),
        ("lv2", PATH, "file", __file__, False),
        ("ladspa", PROPERTY, "tag", "mine", False),
        ("dssi", STRING, "polyphony", "3", True),
        ("dssi", "urn:x", "polyphony", "3", False),
        ("vst2", PROPERTY, "tag", "mine", True),
        ("vst2", STRING, "polyphony", "3", False),
        ("sf2", PROPERTY, "tag", "mine", True),
        ("sf2", STRING, "polyphony", "3", False),
        ("internal", STRING, "anything", "at all", True),
        ("internal", "urn:x", "anything", "at all", False),
    ],
)
def test_what_a_format_keeps_is_kept_and_all_else_refused(
    host: CarlaHost,
    known: CarlaCatalogue,
    *,
    scheme: str,
    type_: str,
    key: str,
    value: str,
    kept: bool,
    bridge: bool,
) -> None:
    if bridge and scheme not in host.capabilities.bridges:
        pytest.skip(f"Carla bridges no {scheme} plugins")
    add(host, known, scheme, bridge=bridge)
    before = read(host)
    data = CustomData(type_, value)
    if kept:
        host.set_custom_data("one", key, data)
        assert read(host) == msgspec.structs.replace(before, custom_data={key: data})
    else:
        assert refused(lambda: host.set_custom_data("one", key, data)).code == "unsupported"
        assert read(host) == before


def test_a_player_gets_its_file(host: CarlaHost, tmp_path: Path) -> None:
    sound = tmp_path / "a sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(9600))
    host.add("player", "internal:audiofile")
    data = CustomData(PATH, str(sound))
    host.set_custom_data("player", "file", data)
    assert read(host, "player").custom_data == {"file": data}
    sound.unlink()
    assert refused(lambda: host.set_custom_data("player", "file", data)).code == "no-such-file"


@pytest.mark.parametrize("bridge", [False, True], ids=["inside", "bridged"])
@pytest.mark.parametrize("scheme", FORMATS)
def test_a_state_that_carla_saved_brings_everything_back(
    host: CarlaHost, known: CarlaCatalogue, tmp_path: Path, scheme: str, *, bridge: bool
) -> None:
    if bridge and scheme not in host.capabilities.bridges:
        pytest.skip(f"Carla bridges no {scheme} plugins")
    kind = add(host, known, scheme, bridge=bridge)
    assert read(host).bridge is bridge
    info = next(info for info in kind.parameters if not info.toggled and info.minimum != info.maximum)
    value = info.maximum if info.maximum not in (None, info.default) else info.minimum
    assert value is not None
    fresh = read(host).params
    host.set_param("one", info.symbol, float32(value))
    path = tmp_path / "saved.carxs"
    host.save_state("one", path)
    saved = read(host).params
    assert states.stranger(states.read(path)[0], kind) is None
    host.set_param("one", info.symbol, float32(info.default))
    assert read(host).params == fresh
    host.load_state("one", str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    assert read(host).params == saved


def test_a_chunk_reaches_the_plugin(known: CarlaCatalogue, graph: JackGraph, tmp_path: Path) -> None:
    file = plugin_files.compiled(CLAP, tmp_path / "clap" / "tilt.clap")
    local = plugin_files.catalogue(tmp_path, CLAP_PATH=str(file.parent))
    kind = local.describe("clap:org.example.tilt")
    assert kind is not None
    host = CarlaHost(local, graph.server, graph=graph, loading=local.loading)
    try:
        host.add("one", kind.uri)
        assert read(host).options["use_chunks"] is True
        saved = tmp_path / "saved.carxs"
        host.save_state("one", saved)
        state = states.read(saved)[0]
        assert state.chunk is not None
        assert struct.unpack("<d", base64.b64decode(state.chunk)) == (1.5,)
        changed = msgspec.structs.replace(state, chunk=base64.b64encode(struct.pack("<d", -4.0)).decode())
        path = tmp_path / "changed.carxs"
        path.write_bytes(states.compose(changed))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        host.load_state("one", str(path), digest)
        assert read(host).params == {"slope": -4.0}
        host.set_option("one", "use_chunks", False)
        assert refused(lambda: host.load_state("one", str(path), digest)).code == "unsupported"
    finally:
        host.close()


def test_carla_has_no_bridge_for_some(host: CarlaHost, known: CarlaCatalogue) -> None:
    for uri in ("internal:lfo", FORMATS["sf2"], "jack:true"):
        with pytest.raises(StudioError) as caught:
            host.add("one", uri, bridge=True)
        refusal = caught.value
        assert refusal.code == "unsupported"
        assert uri.partition(":")[0] in str(refusal.hint)
    assert host.plugins() == []


def test_a_bridge_that_hangs_is_ended_and_its_plugin_missed(host: CarlaHost) -> None:
    host.add("there", AMP)
    host.add("one", AMP, bridge=True)
    (process,) = children()
    os.kill(process.pid, signal.SIGSTOP)
    eventually(lambda: [one.plugin.name for one in host.plugins()] == ["there"])
    (crash,) = host.crashes()
    assert (crash.name, crash.plugin) == ("one", AMP)
    assert "answer" in crash.reason
    assert children() == []
    host.add("one", AMP, bridge=True)
    assert read(host).active


def test_a_bridged_plugin_that_was_bypassed_is_not_taken_for_dead(host: CarlaHost) -> None:
    host.add("one", AMP, bridge=True)
    host.set_active("one", False)
    for _ in range(20):
        host.idle()
    assert not read(host).active
    assert host.crashes() == []
    host.set_active("one", True)
    assert read(host).active


@pytest.mark.parametrize(("deed", "limit_s"), [(CRASH, 5.0), (HANG, 0.5)], ids=["crashes", "hangs"])
def test_a_plugin_that_fails_in_its_bridge_leaves_carla_as_it_was(
    known: CarlaCatalogue,
    graph: JackGraph,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    deed: str,
    limit_s: float,
) -> None:
    for module in (engine, host_module):
        monkeypatch.setattr(module, "JOIN_SECONDS", limit_s)
    file = ladspa(tmp_path / "bad.so", deed)
    uri = f"ladspa:{file}#tiny"
    knows = Also(known, PluginType(uri, "Bad"), Loading(Format.LADSPA, str(file), "tiny"))
    host = CarlaHost(knows, graph.server, graph=graph, loading=knows.loading)
    try:
        host.add("there", AMP)
        before = host.plugins()
        refusal = refused(lambda: host.add("one", uri, bridge=True))
        assert refusal.code == "plugin-failed"
        assert "process of Bad ended" in refusal.message
        assert uri in refusal.message
        assert host.plugins() == before
        assert children() == []
        host.add("one", AMP, bridge=True)
    finally:
        host.close()


@pytest.fixture
def program(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], str]]:
    """Write a JACK program, and return its command."""

    def write(body: str) -> str:
        import sys

        path = tmp_path / "program.py"
        path.write_text("import sys, time\n" + body, encoding="utf-8")
        return f"{sys.executable} {path}"

    assert " " not in str(tmp_path), request.node.name
    yield write
    eventually(lambda: children() == [])


HALF = """
import jack
client = jack.Client("inner")
source, sink = client.inports.register("in"), client.outports.register("out")
client.set_process_callback(lambda frames: sink.get_array().__setitem__(slice(None), source.get_array() * 0.5))
client.activate()
time.sleep(60)
"""


def test_a_program_joins_with_the_ports_it_was_declared_with(
    host: CarlaHost, graph: JackGraph, program: Callable[[str], str]
) -> None:
    application = Application(program(HALF), 1, 1)
    host.add("half", application.uri)
    plugin = read(host, "half")
    assert (plugin.plugin, plugin.bridge, plugin.params) == (application.uri, False, {})
    hosted = host.plugins()[0]
    kind = applications.describe(application)
    names = hosted.port_names or {}
    assert {f"half:{names[port.symbol]}" for port in kind.ports} <= graph.ports().keys()
    assert [port.symbol for port in kind.ports] == ["audio_in", "audio_out"]
    (process,) = children()
    process.kill()
    eventually(lambda: host.plugins() == [])
    (crash,) = host.crashes()
    assert crash.plugin == application.uri
    host.add("half", application.uri)
    host.remove("half")


@pytest.mark.parametrize(
    ("body", "limit_s"),
    [("sys.exit(3)", 5.0), ("time.sleep(60)", 1.0)],
    ids=["ends", "never joins"],
)
def test_a_program_that_does_not_join_is_refused(
    host: CarlaHost,
    program: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    limit_s: float,
) -> None:
    for module in (engine, host_module):
        monkeypatch.setattr(module, "JOIN_SECONDS", limit_s)
    refusal = refused(lambda: host.add("one", Application(program(body)).uri))
    assert refusal.code == "plugin-failed"
    assert "did not report" in refusal.message
    assert host.plugins() == []


def test_a_program_that_is_not_installed_is_missed_before_anything_runs(host: CarlaHost) -> None:
    refusal = refused(lambda: host.add("one", Application("no-such-program --at all").uri))
    assert refusal.code == "plugin-not-found"


def test_no_shell_reads_a_command(host: CarlaHost, program: Callable[[str], str], tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    command = program(f"import pathlib; pathlib.Path({str(tmp_path / 'seen')!r}).write_text('|'.join(sys.argv[1:]))")
    refused(lambda: host.add("one", Application(f"{command} $(touch${{IFS}}{trap}) ; `id` > {trap}").uri))
    assert (tmp_path / "seen").read_text(encoding="utf-8") == f"$(touch${{IFS}}{trap})|;|`id`|>|{trap}"
    assert not trap.exists()
