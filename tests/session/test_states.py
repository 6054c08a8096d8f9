"""State files: what is read of them, whose they are, and what is refused."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engines.memory import PLUGINS, PREFIX
from reconciler.model import states
from reconciler.model.catalogue import ParameterInfo, PluginType
from reconciler.model.custom import CHUNK, STRING
from reconciler.model.errors import StudioError
from reconciler.model.states import Saved, State

HEAD = "<?xml version='1.0' encoding='UTF-8'?>\n<!DOCTYPE CARLA-PRESET>\n<CARLA-PRESET VERSION='2.0'>\n"
AS_CARLA_WRITES = (
    HEAD
    + """  <Info>
   <Type>LADSPA</Type>
   <Name>amp &amp; more</Name>
   <Binary>/usr/lib/ladspa/amp_1181.so</Binary>
   <Label>amp</Label>
   <UniqueID>1181</UniqueID>
  </Info>

  <Data>
   <Active>Yes</Active>
   <DryWet>0.5</DryWet>
   <Volume>0.7500000</Volume>
   <ControlChannel>N</ControlChannel>
   <Options>0x3f0</Options>

   <Parameter>
    <Index>0</Index>
    <Name>Amps gain (dB)</Name>
    <MidiChannel>2</MidiChannel>
    <MappedControlIndex>21</MappedControlIndex>
    <MappedMinimum>-6.000000000000000</MappedMinimum>
    <MappedMaximum>6.000000000000000</MappedMaximum>
    <MidiCC>21</MidiCC>
    <Value>-3.299999952316284</Value>
   </Parameter>

   <CurrentProgramIndex>4</CurrentProgramIndex>
   <CurrentProgramName>Warm</CurrentProgramName>

   <CurrentMidiBank>1</CurrentMidiBank>
   <CurrentMidiProgram>13</CurrentMidiProgram>

   <CustomData>
    <Type>http://kxstudio.sf.net/ns/carla/string</Type>
    <Key>bank</Key>
    <Value> spaces kept </Value>
   </CustomData>

   <CustomData>
    <Type>http://kxstudio.sf.net/ns/carla/chunk</Type>
    <Key>State</Key>
    <Value>
AAAA
    </Value>
   </CustomData>

   <Chunk>
QUJD
   </Chunk>
  </Data>
</CARLA-PRESET>
"""
)
READ = State(
    type="LADSPA",
    name="amp & more",
    label="amp",
    file="/usr/lib/ladspa/amp_1181.so",
    unique_id=1181,
    active=True,
    mix={"dry_wet": 0.5, "volume": 0.75, "control_channel": -1.0},
    options=0x3F0,
    program=(3, "Warm"),
    midi_program=(0, 12),
    parameters=(Saved(0, "", "Amps gain (dB)", -3.299999952316284, 21, 1, (-6.0, 6.0)),),
    custom_data=((STRING, "bank", " spaces kept "), (CHUNK, "State", "AAAA")),
    chunk="QUJD",
)


def test_a_state_is_read_as_carla_writes_it() -> None:
    assert states.parse(AS_CARLA_WRITES.encode()) == READ


def test_what_is_written_reads_back_the_same() -> None:
    assert states.parse(states.compose(READ)) == READ


TEXT = st.text(st.characters(exclude_categories=["C"], exclude_characters="\r\n\t"), min_size=1, max_size=200).filter(
    lambda text: text == text.strip()
)


@given(
    st.lists(st.tuples(TEXT, st.floats(-1e30, 1e30)), max_size=4),
    st.lists(st.tuples(st.sampled_from([STRING, CHUNK, "urn:x"]), TEXT, TEXT), max_size=4),
    st.sampled_from(["LV2", "LADSPA", "DSSI", "VST2", "VST3", "CLAP", "SF2", "INTERNAL"]),
)
def test_any_state_survives_being_written(
    parameters: list[tuple[str, float]], custom: list[tuple[str, str, str]], type_: str
) -> None:
    saved = tuple(Saved(number, name, name, value) for number, (name, value) in enumerate(parameters))
    state = State(type=type_, mix={"control_channel": 3.0}, parameters=saved, custom_data=tuple(custom))
    assert states.parse(states.compose(state)) == state


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b"\x00\xff\xfe", "damaged"),
        (b"version: 1\n", "damaged"),
        (AS_CARLA_WRITES.encode()[:300], "damaged"),
        (b"<CARLA-PROJECT/>", "no plugin state"),
        (f"{HEAD}<Info/></CARLA-PRESET>".encode(), "cut short"),
        (AS_CARLA_WRITES.replace("-3.299999952316284", "nan").encode(), "number"),
        (AS_CARLA_WRITES.replace("-3.299999952316284", "1e999").encode(), "number"),
        (AS_CARLA_WRITES.replace("0x3f0", "many").encode(), "number"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><CARLA-PRESET>&a;</CARLA-PRESET>', "entities"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><CARLA-PRESET>&a;</CARLA-PRESET>', "entities"),
        (b"<a>" * 100 + b"</a>" * 100, "deep"),
    ],
)
def test_what_is_no_state_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(StudioError) as refusal:
        states.parse(content, "piano.carxs")
    assert refusal.value.code == "bad-state"
    assert words in refusal.value.message
    assert "piano.carxs" in refusal.value.message


def test_a_file_is_read_with_its_digest_and_never_one_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "piano.carxs"
    path.write_text(AS_CARLA_WRITES, encoding="utf-8")
    assert states.read(path) == (READ, hashlib.sha256(AS_CARLA_WRITES.encode()).hexdigest())
    with path.open("r+b") as file:
        file.truncate(states.LARGEST + 1)
    with pytest.raises(StudioError, match="more than 64 MiB"):
        states.read(path)


@pytest.mark.parametrize(
    ("state", "uri", "bundle", "other"),
    [
        (State(type="LV2", label="urn:a"), "lv2:urn:a", None, None),
        (State(type="LV2", label="urn:b"), "lv2:urn:a", None, "LV2 urn:b"),
        (READ, "ladspa:amp_1181.so#amp", "/opt/ladspa/amp_1181.so", None),
        (READ, "ladspa:amp_1181.so#mono", "/usr/lib/ladspa/amp_1181.so", "LADSPA amp"),
        (READ, "lv2:amp", None, "LADSPA amp"),
        (State(type="VST2", file="/a/x.so", unique_id=7), "vst2:x.so", "/b/x.so", None),
        (State(type="VST2", file="/a/x.so", unique_id=7), "vst2:x.so#8", "/b/x.so", "VST2 x.so"),
        (State(type="SF2", file="/a/x.sf2", label="x"), "sf2:x.sf2#16", "/b/x.sf2", None),
        (State(type="SFZ", file="/a/y.sfz"), "sfz:x.sfz", "/b/x.sfz", "SFZ y.sfz"),
        (State(type="INTERNAL", label="lfo"), "internal:lfo", None, None),
        (State(type="CLAP", file="/a/t.clap", label="org.x"), "clap:t.clap#org.x", "/b/t.clap", None),
        (State(type="JACK", file="jack_metro -b 99", label="010000"), "jack:0+1+0+0:jack_metro -b 99", None, None),
        (State(type="JACK", file="rm -r", label="010000"), "jack:0+1+0+0:jack_metro -b 99", None, "JACK 010000"),
    ],
)
def test_a_state_of_another_plugin_is_told_by_its_name(
    state: State, uri: str, bundle: str | None, other: str | None
) -> None:
    assert states.stranger(state, PluginType(uri, "X", bundle=bundle)) == other


def test_values_are_those_of_the_plugin_within_their_ranges() -> None:
    kind = PLUGINS[PREFIX + "equalizer"]
    saved = (Saved(0, "gain", "", 3.0), Saved(1, "freq", "", 1e9), Saved(2, "q", "", None), Saved(3, "gone", "", 1.0))
    freq = kind.parameter("freq")
    assert freq is not None
    found = states.values(State(type="LV2", parameters=saved), kind, 48000)
    assert found == {"gain": 3.0, "freq": freq.maximum}
    rated = PluginType(
        "lv2:urn:x", "X", parameters=(ParameterInfo("f", "F", 0, 10.0, 0.0, 24000.0, per_sample_rate=True),)
    )
    assert states.values(State(type="LV2", parameters=(Saved(0, "f", "", 0.25),)), rated, 44100) == {"f": 11025.0}


def test_other_formats_go_by_number() -> None:
    kind = PluginType("ladspa:x.so#x", "X", parameters=(ParameterInfo("amps_gain", "Amps gain", 0, 0.0, -70.0, 70.0),))
    assert states.values(READ, kind, 48000) == {"amps_gain": pytest.approx(-3.3)}
