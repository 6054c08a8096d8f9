"""A session with every field that Carla has, what it stands on, and a reader of what Carla saved that is not ours."""

import os
import struct
import subprocess
import sys
import wave
import xml.etree.ElementTree as ET
from base64 import b64decode, b64encode
from pathlib import Path

from reconciler.model import states
from tests.carla import plugin_files

SESSION = "whole"
PROJECT = "STUDIO_TEST_PROJECT"
"""Environment variable: where Carla saves its project when ``saving/sitecustomize.py`` hears SIGUSR1."""

FIL4 = "http://gareus.org/oss/lv2/fil4#mono"
EPIANO = "http://drobilla.net/plugins/mda/EPiano"
AMP = "http://plugin.org.uk/swh-plugins/amp"
NEEDED = (
    *(f"lv2:{FIL4}", f"lv2:{EPIANO}", f"lv2:{AMP}", "ladspa:amp_1181.so#amp", "dssi:hexter.so#hexter"),
    *("vst2:Nekobi-vst.so", "sf2:TimGM6mb.sf2"),
)
PACKAGES = "x42-plugins mda-lv2 swh-lv2 swh-plugins hexter dpf-plugins-vst timgm6mb-soundfont"

BEFORE = f"""\
version: 1
session: {SESSION}
engine: {{ host: carla, mode: MODE, prefix: all- }}
plugins:
  old-eq: {{ plugin: "lv2:{FIL4}", params: {{ gain: 2 }} }}
  gone: {{ plugin: "ladspa:amp_1181.so#amp" }}
  drive: {{ plugin: "ladspa:amp_1181.so#amp", mix: {{ volume: -6 dB }} }}
chains:
  voice: [system:capture_1, old-eq, gone, drive, system:playback_1]
"""

EVERYTHING = f"""\
version: 1
session: {SESSION}
hardware: {{ jack: {{ sample_rate: 48000, period: 256 }} }}
engine:
  host: carla
  mode: MODE
  prefix: all-
  tempo: 97.5 bpm
  transport: TRANSPORT
  paths: {{ sfz: [sounds] }}
plugins:
  eq:
    plugin: "lv2:{FIL4}"
    params: {{ gain: -4.25 dB, Highpass Frequency: 80 Hz, "#8": 0.5 }}
    mix: {{ dry_wet: 40%, volume: -1.5 dB, pan: 0, control_channel: 4 }}
    midi:
      gain: {{ cc: 21, channel: 5, range: [6 dB, -6 dB] }}
      HPfreq: {{ pitch_bend: true, channel: 16, range: [20 Hz, 200 Hz] }}
    protect: true
    ignore: [params.peakreset]
  drive: {{ plugin: "lv2:{AMP}", params: {{ gain: 3 dB }}, midi: {{ gain: {{ cv: true, range: [-3, 3] }} }} }}
  trim:
    plugin: ladspa:amp_1181.so#amp
    params: {{ Amps gain: -6 }}
    options: {{ force_stereo: true }}
  fm: {{ plugin: dssi:hexter.so#hexter, program: 3, custom_data: {{ polyphony: "3" }} }}
  bass: {{ plugin: vst2:Nekobi-vst.so, params: {{ cutoff: 0.25 }}, active: false, mix: {{ control_channel: off }} }}
  tilt: {{ plugin: clap:org.example.tilt, state: tilt.carxs }}
  font: {{ plugin: sf2:TimGM6mb.sf2, program: 5, mix: {{ control_channel: 2 }}, params: {{ "#3": 0.5 }} }}
  sine: {{ plugin: sfz:Sine_Wave.sfz }}
  player:
    plugin: internal:audiofile
    params: {{ loop_mode: 0 }}
    custom_data: {{ file: {{ type: path, value: sounds/tone.wav }} }}
  keys:
    plugin: "lv2:{EPIANO}"
    mix: {{ balance: [-0.5, 0.75] }}
    program: Mellow
    options: {{ send_pitchbend: false, send_control_changes: true }}
    custom_data: {{ "urn:studio:owner": {{ type: property, value: me }} }}
  stage:
    plugin: "lv2:{EPIANO}"
    state: piano.carxs
    params: {{ hardness: 0.25 }}
    bridge: true
  meter:
    plugin: jack:PYTHON program.py
    ports: {{ audio_in: 1, audio_out: 0 }}
chains:
  voice: [system:capture_1, eq, drive, system:playback_1]
links:
  - drive -> trim
  - drive -> meter
  - {{ from: trim:output, to: system:playback_2 }}
  - keys -> tilt
  - stage:left_out -> tilt
  - player:events_out -> keys
moved: {{ old-eq: eq }}
policy: {{ unmanaged: prune }}
"""

PROGRAM = """\
import time
import jack
client = jack.Client("inner")
client.inports.register("in")
client.activate()
time.sleep(600)
"""


def prepare(folder: Path) -> dict[str, str]:
    """Make every file that the session speaks of; return the environment that finds the plugins among them."""
    sounds = folder / "sounds"
    sounds.mkdir()
    with wave.open(str(sounds / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(9600))
    (sounds / "Sine_Wave.sfz").write_text("<region> sample=tone.wav key=60\n", encoding="utf-8")
    clap = plugin_files.compiled(plugin_files.CLAP, folder / "clap" / "tilt.clap")
    chunk = b64encode(struct.pack("<d", -4.0)).decode()
    tilt = states.State("CLAP", "tilt", "org.example.tilt", str(clap), options=0x8, chunk=chunk)
    (folder / "tilt.carxs").write_bytes(states.compose(tilt))
    saved = (states.Saved(2, "hardness", "Hardness", 0.75), states.Saved(3, "treble_boost", "Treble Boost", 0.125))
    (folder / "piano.carxs").write_bytes(states.compose(states.State("LV2", label=EPIANO, parameters=saved)))
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    around = os.pathsep.join(filter(None, (str(Path(__file__).parent / "saving"), os.environ.get("PYTHONPATH"))))
    return {"CLAP_PATH": str(clap.parent), "PYTHONPATH": around, PROJECT: str(folder / "saved.carxp")}


def write(folder: Path, text: str, mode: str) -> None:
    """Write the manifest of a mode."""
    transport = "internal" if mode == "patchbay" else "jack"
    text = text.replace("MODE", mode).replace("TRANSPORT", transport)
    text = text.replace("PYTHON program.py", f"{sys.executable} {folder / 'program.py'}")
    (folder / "studio.yaml").write_text(text, encoding="utf-8")


USUAL = {"Active": "Yes", "DryWet": 1.0, "Volume": 1.0, "Balance-Left": -1.0, "Balance-Right": 1.0, "Panning": 0.0}
USUAL["ControlChannel"] = "1"
"""What Carla does not write because it is as usual. Its channels count from 1, and ``N`` is none."""

PLUGINS: dict[str, dict[str, object]] = {
    "eq": {"Type": "LV2", "URI": FIL4, "DryWet": 0.4, "Volume": 0.841395, "ControlChannel": "4"},
    "drive": {"Type": "LV2", "URI": AMP},
    "trim": {"Type": "LADSPA", "Label": "amp"},
    "fm": {"Type": "DSSI", "Label": "hexter"},
    "bass": {"Type": "VST2", "Active": "No", "ControlChannel": "N"},
    "tilt": {"Type": "CLAP", "Identifier": "org.example.tilt", "Chunk": struct.pack("<d", -4.0)},
    "font": {"Type": "SF2", "ControlChannel": "2"},
    "sine": {"Type": "SFZ"},
    "player": {"Type": "INTERNAL", "Label": "audiofile"},
    "keys": {"Type": "LV2", "URI": EPIANO, "Balance-Left": -0.5, "Balance-Right": 0.75},
    "stage": {"Type": "LV2", "URI": EPIANO},
    "meter": {"Type": "JACK"},
}
"""What each plugin is and how it is mixed, but for what is usual. Volume is a factor, -1.5 dB here."""

VALUES = {
    ("eq", "gain"): -4.25,
    ("eq", "HPfreq"): 80.0,
    ("eq", "HPQ"): 0.5,
    ("drive", "gain"): 3.0,
    ("trim", "Amps gain"): -6.0,
    ("bass", "Cutoff"): 0.25,
    ("font", "Reverb Level"): 0.5,
    ("player", "Loop Mode"): 0.0,
    ("keys", "hardness"): 0.0,
    ("keys", "random_tuning"): 0.246,
    ("stage", "hardness"): 0.25,
    ("stage", "treble_boost"): 0.125,
}
"""By plugin and symbol, or the name where Carla saves no symbol; those of keys are
its program's, the last one is of the state file alone."""

MAPPED = {
    ("eq", "gain"): (21, 5, 6.0, -6.0),
    ("eq", "HPfreq"): (131, 16, 20.0, 200.0),
    ("drive", "gain"): (130, 1, -3.0, 3.0),
}
"""Carla's number of the control (130 CV, 131 pitch bend), channel, both ends. Nothing else follows anything."""

OPTIONS = {
    "trim": (0x2, 0x2),
    "keys": (0x90, 0x10),
    "tilt": (0x8, 0x8),
}
"""Bits to look at, and what they are. 0x2 forces stereo, 0x8 keeps chunks, 0x10 sends controls, 0x80 pitch bend."""

PROPERTY, STRING, FILE = (f"http://kxstudio.sf.net/ns/carla/{kind}" for kind in ("property", "string", "path"))
DATA = {("keys", PROPERTY, "urn:studio:owner"): "me", ("fm", STRING, "polyphony"): "3"}

AMONG_PLUGINS = {
    ("eq:Out", "drive:Input"),
    ("drive:Output", "trim:Input"),
    ("drive:Output", "trim:Input_2"),
    ("drive:Output", "meter:audio_in"),
    ("keys:Left Out", "tilt:input_1"),
    ("keys:Right Out", "tilt:input_2"),
    ("stage:Left Out", "tilt:input_1"),
    ("stage:Left Out", "tilt:input_2"),
    ("player:events-out", "keys:events-in"),
}
IN_JACK = {
    "multiple-clients": {
        *AMONG_PLUGINS,
        ("system:capture_1", "eq:In"),
        ("drive:Output", "system:playback_1"),
        ("trim:Output", "system:playback_2"),
    },
    "patchbay": {
        ("system:capture_1", "studio.patchbay:audio-in1"),
        ("studio.patchbay:audio-out1", "system:playback_1"),
        ("studio.patchbay:audio-out2", "system:playback_2"),
    },
}
IN_CARLA = {
    *AMONG_PLUGINS,
    ("Audio Input:Left", "eq:In"),
    ("drive:Output", "Audio Output:Left"),
    ("trim:Output", "Audio Output:Right"),
}
"""In patchbay mode."""


class Saved:
    """A project that Carla saved, read by its elements alone."""

    def __init__(self, path: Path) -> None:
        self._root = ET.parse(path).getroot()
        self.found = [(_text(one, "Info/Name").removeprefix("all-"), one) for one in self._root.iterfind("Plugin")]
        self.names = [name for name, _ in self.found]

    def plugin(self, name: str) -> dict[str, object]:
        """What a plugin is and how it is mixed, the usual filled in; only the keys that :data:`PLUGINS` asks for."""
        element = dict(self.found)[name]
        told: dict[str, object] = dict(USUAL)
        for key in (*USUAL, *PLUGINS[name]):
            text = element.findtext(f"Info/{key}") or element.findtext(f"Data/{key}")
            if text is not None:
                number = isinstance(USUAL.get(key), float)
                told[key] = b64decode(text) if key == "Chunk" else round(float(text), 6) if number else text
        return told

    def values(self) -> dict[tuple[str, str], float]:
        """Every value, by plugin and symbol or name."""
        return {at: float(value) for at, one in self._parameters() if (value := one.findtext("Value")) is not None}

    def mapped(self) -> dict[tuple[str, str], tuple[int, int, float, float]]:
        """What follows a control; of a SoundFont Carla has some follow theirs by itself."""
        return {
            at: (
                int(_text(one, "MappedControlIndex")),
                int(_text(one, "MidiChannel")),
                float(_text(one, "MappedMinimum")),
                float(_text(one, "MappedMaximum")),
            )
            for at, one in self._parameters()
            if one.find("MappedControlIndex") is not None and at[0] != "font"
        }

    def options(self) -> dict[str, int]:
        """The bits that :data:`OPTIONS` asks for."""
        return {
            name: int(_text(one, "Data/Options"), 16) & OPTIONS[name][0] for name, one in self.found if name in OPTIONS
        }

    def program(self, name: str) -> tuple[str | None, ...]:
        """The number of its program, and bank and program of its MIDI program; numbers from 1 but the bank."""
        words = ("CurrentProgramIndex", "CurrentMidiBank", "CurrentMidiProgram")
        return tuple(dict(self.found)[name].findtext(f"Data/{word}") for word in words)

    def data(self) -> dict[tuple[str, str, str], str]:
        """Every named value, by plugin, type and key."""
        return {
            (name, _text(one, "Type"), _text(one, "Key")): _text(one, "Value")
            for name, element in self.found
            for one in element.iterfind("Data/CustomData")
        }

    def links(self) -> set[tuple[str, str]]:
        """The connections within Carla."""
        return {
            (_text(one, "Source").removeprefix("all-"), _text(one, "Target").removeprefix("all-"))
            for one in self._root.iterfind("Patchbay/Connection")
        }

    @property
    def tempo(self) -> float:
        """Beats per minute."""
        return float(_text(self._root, "Transport/BeatsPerMinute"))

    def _parameters(self) -> list[tuple[tuple[str, str], ET.Element]]:
        return [
            ((name, parameter.findtext("Symbol") or _text(parameter, "Name")), parameter)
            for name, element in self.found
            for parameter in element.iterfind("Data/Parameter")
        ]


def _text(element: ET.Element, path: str) -> str:
    text = element.findtext(path)
    assert text is not None, path
    return text


def jack_lsp() -> tuple[set[str], set[frozenset[str]]]:
    """Every port and every link of the server, as ``jack_lsp`` tells them, without the session's prefix."""
    told = subprocess.run(["jack_lsp", "-c"], capture_output=True, check=True, encoding="utf-8").stdout
    ports: list[str] = []
    pairs = set()
    for line in told.splitlines():
        name = line.strip().removeprefix("all-")
        if line.startswith("   "):
            pairs.add(frozenset((ports[-1], name)))
        else:
            ports.append(name)
    assert len(ports) == len(set(ports)), f"doubled: {ports}"
    return set(ports), pairs
