"""Carla's project files: what Carla itself saved, and what it makes of those we write."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engines import choose
from reconciler.engines.carla import library
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.execution.desk import Desk
from reconciler.manifest.load import load
from reconciler.projects import reading, transfer
from reconciler.projects.document import Project
from reconciler.session.compile import compile_session
from tests.carla import alone
from tests.support.jackd import jackd

pytestmark = [pytest.mark.jack, pytest.mark.carla]

FIL4 = "http://gareus.org/oss/lv2/fil4#stereo"
PIANO = "http://drobilla.net/plugins/mda/EPiano"
AMP = "/usr/lib/ladspa/amp_1181.so"
SOUNDS = "/usr/share/sounds/sf2/TimGM6mb.sf2"
CarlaAlone = Callable[..., list[Any]]
MODES = {"multiple-clients": alone.MULTIPLE_CLIENTS, "patchbay": alone.PATCHBAY}

PLUGINS: tuple[list[Any], ...] = (
    ["add", alone.LV2, "eq", FIL4],
    ["add", alone.LV2, "stage. piano", PIANO],
    ["add", alone.LADSPA, "amp", "amp", AMP],
    ["add", alone.INTERNAL, "player", "audiofile"],
    ["add", alone.SF2, "font", "font", SOUNDS],
)
SETTINGS: tuple[list[Any], ...] = (
    ["set_parameter_value", 0, 1, -4.25],
    ["set_parameter_value", 0, 16, 0.123456789],
    ["set_option", 1, 0x80, False],
    ["set_parameter_value", 2, 0, 3.3],
    ["set_parameter_mapped_control_index", 2, 0, 21],
    ["set_parameter_midi_channel", 2, 0, 4],
    ["set_parameter_mapped_range", 2, 0, 12.0, -12.0],
    ["set_volume", 2, 0.84139514],
    ["set_balance_left", 0, -0.5],
    ["set_drywet", 0, 0.4],
    ["set_active", 3, False],
    ["set_ctrl_channel", 4, 3],
    ["set_midi_program", 4, 5],
)
INSIDE: tuple[list[Any], ...] = (
    ["link", "stage. piano:Left Out", "eq:In Left"],
    ["link", "stage. piano:Right Out", "eq:In Right"],
    ["link", "eq:Out Left", "amp:Input"],
)
OUTSIDE = {
    "multiple-clients": (
        *([*link, True] for link in INSIDE),
        ["link", "system:capture_1", "eq:In Left", True],
        ["link", "amp:Output", "system:playback_1", True],
        ["link", "amp:Output", "system:playback_2", True],
        ["link", "system:capture_2", "system:playback_2", True],
    ),
    "patchbay": (
        *INSIDE,
        ["link", "Audio Input:Left", "eq:In Left"],
        ["link", "amp:Output", "Audio Output:Left"],
        ["link", "system:capture_1", "Carla:audio-in1", True],
        ["link", "Carla:audio-out1", "system:playback_1", True],
        ["link", "Carla:audio-out1", "system:playback_2", True],
        ["link", "system:capture_2", "system:playback_2", True],
    ),
}

EXPECTED = """
plugins:
  eq: { params: { gain: -4.25 }, mix: { dry_wet: 40%, balance: [-0.5, 1] } }
  stage- piano: { options: { send_pitchbend: false } }
  amp:
    plugin: ladspa:amp_1181.so#amp
    params: { amps_gain: 3.3 }
    mix: { volume: -1.5 dB }
    midi: { amps_gain: { cc: 21, channel: 5, range: [12, -12] } }
  player: { plugin: internal:audiofile, active: false }
  font: { mix: { control_channel: 4 } }
links:
  - system:capture_1 -> eq:inL
  - eq:outL -> amp:input
  - stage- piano -> eq
  - amp:output -> system:playback_1
  - amp:output -> system:playback_2
  - system:capture_2 -> system:playback_2
"""


@pytest.fixture(scope="module")
def shared_jack_server() -> Iterator[str]:
    """A server for these tests alone: their projects link hardware to hardware, and such links outlive them."""
    with jackd() as server:
        yield server.name


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """One of Carla's modes that a project can be of."""
    assert isinstance(request.param, str)
    return request.param


@pytest.fixture
def carla_alone(carla: library.Installation, jack_server: str, mode: str) -> CarlaAlone:
    """Carla in that mode, on the server of all tests."""
    return functools.partial(alone.run, carla, jack_server, MODES[mode])


@pytest.fixture
def saved(carla_alone: CarlaAlone, known: CarlaCatalogue, mode: str, tmp_path: Path) -> Path:
    """A project that Carla made and saved by itself."""
    for uri in (f"lv2:{FIL4}", f"lv2:{PIANO}", f"ladspa:{AMP}#amp", f"sf2:{SOUNDS}"):
        if known.describe(uri) is None:
            pytest.skip(f"{uri} is not installed (Debian: x42-plugins mda-lv2 swh-plugins timgm6mb-soundfont)")
    path = tmp_path / "carlas.carxp"
    steps = (*PLUGINS, *SETTINGS, ["transport_bpm", 97.0], ["wait", 0.3], *OUTSIDE[mode], ["save_project", str(path)])
    carla_alone(*steps)
    return path


def importing(project: Path, known: CarlaCatalogue) -> tuple[Path, transfer.Transfer]:
    """Import a project beside itself, under the same session name always."""
    path = project.with_suffix(".yaml")
    return path, transfer.to_manifest(project, path, known, session="test")


def text(manifest: Path) -> str:
    """The manifest without the comments at its top."""
    lines = manifest.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def within(part: Any, whole: Any) -> bool:
    """Whether all that the part says is so in the whole."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and within(part[key], whole[key]) for key in part)
    return bool(part == whole)


def test_what_carla_saved_becomes_a_manifest(saved: Path, known: CarlaCatalogue, mode: str) -> None:
    manifest, done = importing(saved, known)
    data = yaml.safe_load(text(manifest))
    # Among JACK clients the tempo is that of JACK's clock, which stands.
    assert data["engine"] == {"host": "carla", "mode": mode, **({"tempo": 97} if mode == "patchbay" else {})}
    for name, spec in yaml.safe_load(EXPECTED)["plugins"].items():
        assert within(spec, data["plugins"][name]), (name, data["plugins"][name])
    assert data["links"] == yaml.safe_load(EXPECTED)["links"]
    assert data["plugins"]["font"]["program"]
    assert done.notes == ('"stage. piano" is called "stage- piano" here: its own name cannot stand in a manifest',)


def test_what_we_write_carla_loads_and_saves_again_as_it_was(
    saved: Path, carla_alone: CarlaAlone, known: CarlaCatalogue, tmp_path: Path
) -> None:
    first, _ = importing(saved, known)
    ours, again = tmp_path / "ours.carxp", tmp_path / "again.carxp"
    done = transfer.to_project(load(first), ours, known)
    assert done.notes == ()
    told = carla_alone(
        *alone.load(ours),
        ["names"],
        ["values", 0],
        ["values", 2],
        ["save_project", str(again)],
    )
    _, loaded, _, names, eq, amp, _ = told
    assert loaded is True
    assert names == ["eq", "stage- piano", "amp", "player", "font"], "Carla passes over what it cannot load"
    session = compile_session(load(first), known)
    kind = known.describe(session.plugins["eq"].plugin)
    assert kind is not None
    for info in kind.parameters:
        wanted = {**session.rest["eq"], **session.plugins["eq"].params}[info.symbol]
        assert eq[info.name] == pytest.approx(wanted, rel=1e-6), info.symbol
    assert amp["Amps gain"] == pytest.approx(3.3)
    second, _ = importing(again, known)
    assert text(second) == text(first)


def test_what_we_write_says_all_that_carla_s_own_file_says(saved: Path, known: CarlaCatalogue, tmp_path: Path) -> None:
    """Both read by one reader: the same plugins, in the same order, with the same connections."""
    manifest, _ = importing(saved, known)
    transfer.to_project(load(manifest), tmp_path / "ours.carxp", known)
    theirs, ours = reading.load(saved), reading.load(tmp_path / "ours.carxp")

    def ends(project: Project) -> set[tuple[str, str]]:
        pairs = (*project.external, *(project.internal or ()))
        return {(left.replace("stage. ", "stage- "), right.replace("stage. ", "stage- ")) for left, right in pairs}

    assert ends(ours) == ends(theirs)
    assert [(one.type, one.label, one.file) for one in ours.plugins if one.type != "SF2"] == [
        (one.type, one.label, one.file) for one in theirs.plugins if one.type != "SF2"
    ]
    assert (ours.tempo or 120.0) == theirs.tempo


def test_what_is_imported_and_applied_carla_saves_as_it_was(
    saved: Path, known: CarlaCatalogue, mode: str, jack_server: str, tmp_path: Path
) -> None:
    """The studio that the manifest makes is the one that was saved, says Carla."""
    manifest, _ = importing(saved, known)
    source = load(manifest)
    session = compile_session(source, known)
    studio = choose.build("carla", prefix="", server=jack_server, servers=tmp_path, settings=session.engine)
    again = tmp_path / "again.carxp"
    try:
        desk = Desk(source, session, "carla", studio)
        applied = desk.apply(desk.plan())
        assert applied.failures == []
        assert applied.proved, applied.residual
        assert desk.plan().empty
        assert library.load().host.save_project(str(again))
    finally:
        studio.close()
    second, done = importing(again, known)
    # Under JACK's clock, the default, Carla may save a tempo only once that rolls; the apply has proved it.
    assert text(second).replace(", tempo: 97", "") == text(manifest).replace(", tempo: 97", "")
    assert done.notes == ()
