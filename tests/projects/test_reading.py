"""A project's file: what Carla writes is read as it is, anything else is one clear error."""

from pathlib import Path

import pytest

from reconciler.model.errors import StudioError
from reconciler.model.states import Saved, State
from reconciler.projects import reading
from reconciler.projects.document import Project
from reconciler.projects.reading import read
from reconciler.projects.writing import project_text
from tests.projects.made import lv2, value

CARLAS = b"""<?xml version='1.0' encoding='UTF-8'?>
<!DOCTYPE CARLA-PROJECT>
<CARLA-PROJECT VERSION='2.6'>
 <EngineSettings>
  <ForceStereo>false</ForceStereo>
  <PreferPluginBridges>true</PreferPluginBridges>
  <UIsAlwaysOnTop>true</UIsAlwaysOnTop>
 </EngineSettings>

 <Transport>
  <BeatsPerMinute>97</BeatsPerMinute>
 </Transport>

 <!-- Simple amplifier -->
 <Plugin>
  <Info>
   <Type>LADSPA</Type>
   <Name>Q &amp; A</Name>
   <Binary>/usr/lib/ladspa/amp_1181.so</Binary>
   <Label>amp</Label>
   <UniqueID>1181</UniqueID>
  </Info>

  <Data>
   <Active>Yes</Active>
   <Volume>0.8413951</Volume>
   <ControlChannel>N</ControlChannel>
   <Options>0x2</Options>

   <Parameter>
    <Index>0</Index>
    <Name>Amps gain</Name>
    <MidiChannel>5</MidiChannel>
    <MappedControlIndex>21</MappedControlIndex>
    <MappedMinimum>-70</MappedMinimum>
    <MappedMaximum>70</MappedMaximum>
    <MidiCC>21</MidiCC>
    <Value>3.29999995231628</Value>
   </Parameter>
  </Data>
 </Plugin>

 <ExternalPatchbay>
  <Connection>
   <Source>system:capture_1</Source>
   <Target>amp-01:Input</Target>
  </Connection>
  <Positions>
   <Position x1="1" y1="2" pluginId="0">
    <Name>amp-01</Name>
   </Position>
   <Position x1="1" y1="2">
    <Name>system</Name>
   </Position>
  </Positions>
 </ExternalPatchbay>
</CARLA-PROJECT>
"""


def test_what_carla_writes_is_read_as_it_is() -> None:
    amp = State(
        "LADSPA",
        "Q & A",
        "amp",
        "/usr/lib/ladspa/amp_1181.so",
        1181,
        mix={"volume": 0.8413951, "control_channel": -1.0},
        options=2,
        parameters=(Saved(0, "", "Amps gain", 3.29999995231628, 21, 4, (-70.0, 70.0)),),
    )
    clients, links = {0: "amp-01"}, (("system:capture_1", "amp-01:Input"),)
    assert read(CARLAS, "a.carxp") == Project((amp,), None, links, clients, 97.0, bridges=True)
    assert read(b"\xef\xbb\xbf" + CARLAS, "a.carxp").mode == "multiple-clients"


def test_what_we_write_we_read() -> None:
    long = "x" * 200
    plugin = lv2(
        "a <b> & 'c'",
        "gain",
        value("gain", 0.1, control=131, channel=15, range=(0.75, 0.25)),
        value("tiny", 1e-30),
        value("huge", 3.4028234663852886e38),
        value("mapped", None, control=130),
        active=False,
        mix={"dry_wet": 0.5, "balance_left": 0.25, "control_channel": 3.0},
        options=0x3FF,
        program=(3, "Warm & wide"),
        midi_program=(2, 7),
        custom_data=(("urn:type", "key", "a\nb"), ("urn:type", "long", long)),
        chunk="QUJD",
    )
    project = Project((plugin,), (("Audio Input:Left", "a:b"),), (("x:y", "z:é"),), {}, 87.5, True)
    assert read(project_text(project).encode(), "x") == project
    assert project.mode == "patchbay"


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"", "not-a-project", "it is empty"),
        (b"  \n ", "not-a-project", "it is empty"),
        (b"version: 1\n", "not-a-project", "it is no XML"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not-a-project", "it is no XML"),
        (b"<html><body/></html>", "not-a-project", "it begins with <html>"),
        (b"<CARLA-PRESET VERSION='2.0'/>", "not-a-project", "the state of a single plugin"),
        (CARLAS[:900], "project-corrupt", "line 37"),
        (CARLAS.replace(b"Amps", b"\xff\xfe"), "project-corrupt", "line 32"),
        (CARLAS.replace(b"3.29999995231628", b"loud"), "project-corrupt", "'loud'"),
        (CARLAS.replace(b"3.29999995231628", b"nan"), "project-corrupt", "nan"),
        (CARLAS.replace(b"<Index>0<", b"<Index>first<"), "project-corrupt", 'plugin 1 ("Q & A")'),
        (CARLAS.replace(b"0x2<", b"0xnothing<"), "project-corrupt", 'plugin 1 ("Q & A")'),
        (CARLAS.replace(b"<Type>LADSPA</Type>", b""), "project-corrupt", "plugin 1 has no type"),
        (CARLAS.replace(b"Info>", b"Inf>"), "project-corrupt", "plugin 1 is cut short"),
        (CARLAS.replace(b"amp-01:Input", b"nowhere"), "project-corrupt", 'to "nowhere" lacks a port'),
        (CARLAS.replace(b">97<", b">fast<"), "project-corrupt", 'its tempo is no number: "fast"'),
        (CARLAS.replace(b"'2.6'", b"'3.1'"), "project-version", "Carla's format 3.1, and studio knows 2.x"),
        (CARLAS.replace(b"'2.6'", b"'1.0'"), "project-version", "Carla's format 1.0"),
        (CARLAS.replace(b"VERSION='2.6'", b""), "project-corrupt", "it has no version"),
    ],
)
def test_what_is_no_project_or_a_damaged_one_says_what_is_wrong(content: bytes, code: str, says: str) -> None:
    with pytest.raises(StudioError) as refusal:
        read(content, "song.carxp")
    assert refusal.value.code == code
    assert says in refusal.value.message
    assert refusal.value.where is not None
    assert refusal.value.where.file == "song.carxp"
    assert refusal.value.hint


BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE CARLA-PROJECT [
 <!ENTITY a "aaaaaaaaaa">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<CARLA-PROJECT VERSION='2.6'>&b;</CARLA-PROJECT>
"""


@pytest.mark.parametrize(
    "content", [BOMB, BOMB.replace(b'b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"', b'b SYSTEM "file:///etc/passwd"')]
)
def test_entities_are_never_expanded(content: bytes) -> None:
    with pytest.raises(StudioError, match="declares entities") as refusal:
        read(content, "bomb.carxp")
    assert refusal.value.code == "project-corrupt"


def test_a_file_that_is_far_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.carxp"
    with path.open("wb") as file:
        file.truncate(reading.LARGEST + 1)  # a hole: it takes no room on the disk
    with pytest.raises(StudioError) as refusal:
        reading.load(path)
    assert refusal.value.code == "file-too-large"
    assert "a Carla project has 64 at most" in refusal.value.message


@pytest.mark.parametrize(("name", "code"), [("nowhere.carxp", "no-such-file"), (".", "not-a-file")])
def test_what_is_no_file_says_so(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(StudioError) as refusal:
        reading.load(tmp_path / name)
    assert refusal.value.code == code
