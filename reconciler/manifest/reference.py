"""``docs/reference/manifest.md``, generated from the models, so that it cannot say anything else than they do."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reconciler.manifest import publish
from reconciler.manifest.models import PLANNED, SECTIONS
from reconciler.manifest.names import LONGEST_NAME, SCHEMES
from reconciler.manifest.yaml12 import MOST_LEVELS, MOST_NODES
from reconciler.model.catalogue import Unit
from reconciler.model.units import SPELLINGS

EXAMPLES: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        (): """\
version: 1
session: voice

plugins:
  eq:
    plugin: lv2:http://gareus.org/oss/lv2/fil4#mono
    params: { HighPass: true, HPfreq: 80 Hz, gain: -3 dB }

chains:
  voice: [system:capture_1, eq, system:playback_1]

links:
  - eq -> system:playback_2

moved: { old-eq: eq }
""",
        ("hardware",): """\
hardware:
  jack: { sample_rate: 48000 }
""",
        ("hardware", "jack"): """\
hardware:
  jack: { driver: alsa, device: "hw:USB", sample_rate: 48000, period: 128, periods: 2, manage: start }
""",
        ("engine",): """\
engine: { host: jalv, prefix: live- }
""",
        ("plugins", "*"): """\
plugins:
  gate:
    plugin: lv2:http://lsp-plug.in/plugins/lv2/gate_mono
    params:
      gt: -32 dB                # a symbol; dB onto a linear gain
      Attack: 2 ms              # a name
      "#4": 1                   # a port number; quoted, because # begins a comment
    protect: true
    ignore: [params.g_out]      # the fader of a control surface
""",
        ("plugins", "*", "mix"): """\
plugins:
  echo:
    plugin: lv2:http://drobilla.net/plugins/mda/Delay
    mix: { dry_wet: 40%, volume: -1.5 dB, balance: [-1, 1] }
""",
        ("plugins", "*", "midi", "*"): """\
plugins:
  echo:
    plugin: lv2:http://drobilla.net/plugins/mda/Delay
    midi:
      fx_mix: { cc: 21, channel: 1, range: [0, 0.5] }
""",
        ("plugins", "*", "options"): """\
plugins:
  keys:
    plugin: lv2:http://drobilla.net/plugins/mda/EPiano
    options: { send_pitchbend: false, send_program_changes: false }
""",
        ("plugins", "*", "custom_data", "*"): """\
plugins:
  rain:
    plugin: internal:audiofile
    custom_data:
      file: { type: path, value: sounds/rain.wav }
""",
        ("plugins", "*", "ports"): """\
plugins:
  metro:
    plugin: jack:jack_metro --bpm 120
    ports: { audio_in: 0, audio_out: 1 }
""",
        ("links", "*"): """\
links:
  - keyboard:midi_out -> keys
  - { from: "mic:out_l", to: "eq:in" }
""",
        ("policy",): """\
policy: { unmanaged: prune }
""",
    }
)
"""An example for each section, whole at the top and a part elsewhere; a test loads them all."""

_TITLES = {
    section: ".".join(section).replace("*", "NAME" if section[0] == "plugins" else "N")
    for section in SECTIONS
    if section
}
_LINKS = {
    SECTIONS[section].__name__: f"[`{title}`](#{title.replace('.', '').lower()})" for section, title in _TITLES.items()
}

_HEAD = """\
# The manifest

<!-- Generated from the models; `python -m reconciler.manifest.reference` writes it anew. -->

A manifest is a YAML file that says what a studio session is: which plugins, which values, which connections. Editors
that use yaml-language-server complete and check it, given this first line:

```yaml
# yaml-language-server: $schema=../schemas/session.schema.json
```
"""

_BECOMES = {
    Unit.DB: "itself, or the amplitude factor on a linear gain (`10^(dB/20)`; `-inf dB` is 0)",
    **dict.fromkeys((Unit.HZ, Unit.KHZ), "Hz or kHz"),
    **dict.fromkeys((Unit.MS, Unit.S, Unit.MIN), "ms, s or min"),
    Unit.PERCENT: "itself, or a fraction where a gain or a plain number runs from 0 to 1",
    **dict.fromkeys((Unit.SEMITONE, Unit.CENT, Unit.OCTAVE), "semitones, cents or octaves"),
    **dict.fromkeys((Unit.BPM, Unit.DEGREE), "itself"),
}

_VALUES = """\
## Values and units

A bare number is in the plugin's own unit (`studio plugins describe` shows it). Text is, in this order: the label of a
value (`RMS`, any case), `on` or `off` for a switch, or a number with a unit, converted to what the parameter takes. A
unit that cannot be converted is refused: dB onto a plain 0 to 1 means nothing, for nobody but the plugin knows its
curve. NaN and infinity are refused everywhere.

| unit (any case) | becomes |
|---|---|
{rows}
| the plugin's own symbol for its unit | itself |
| a note name: `A4`, `C#3`, `Bb-1` | a MIDI note or its frequency; C4 is note 60, A4 is 440 Hz |

The decimal mark is a point, and nothing stands between thousands. A program is a preset's label (any case), its URI,
or its number from 0.
"""

_NAMES = f"""\
## Names, ports and links

- A **plugin's name** is its identity and its JACK client's name: any letters of any script, digits, spaces within,
  dashes and underscores; not `: / . * ? [ ] >`; with the prefix at most {LONGEST_NAME} bytes; not `system`.
- A **plugin** is written as `KIND:WHAT`; the kinds are {", ".join(f"`{scheme}:`" for scheme in SCHEMES)}. What the
  host cannot load is refused before anything changes.
- A **node** is a plugin of the manifest, else a JACK client. `node:port` is one port: everything after the first
  colon is the port's name, symbol, number (`in1`, `out2`) or a pattern with `*`. `node` alone means its main audio
  (or MIDI) ports; sidechain ports are never among them.
- A port that is not there yet (a keyboard not plugged in) is waited for; it is no error.
"""

_YAML = f"""\
## How the YAML is read

- YAML 1.2: `yes`, `no`, `on` and `off` are text, `true` and `false` are not; `017` is seventeen.
- What YAML programs do not agree on is refused, with the way to write it: `1_000`, `0b11`, an unquoted date.
- Two equal keys, unknown keys, unknown tags, tabs between values, several documents in one file and unresolved merge
  conflicts are errors, each with its line and column.
- Anchors, aliases and merge keys (`<<: *base`) work, up to {MOST_NODES} values and {MOST_LEVELS} levels once unfolded.
- A section with nothing in it (`links:`) is empty, not an error.
"""


def text() -> str:
    """Return the page."""
    schema = publish.schema()
    parts = [_HEAD]
    for section, model in SECTIONS.items():
        definition = schema if not section else schema["definitions"][model.__name__]
        parts.append(_section(section, definition, schema["definitions"]))
    later = sorted({key for keys in PLANNED.values() for key in keys})
    parts += [_values(), _NAMES, _YAML]
    parts.append(
        "## Keys of later versions\n\nRefused by name, so that nobody thinks them at work: "
        + ", ".join(f"`{key}`" for key in later)
        + ".\n"
    )
    return "\n".join(parts)


def write(path: Path) -> None:
    """Write the page to ``path``; its folder must be there."""
    path.write_text(text(), encoding="utf-8")


def _section(section: tuple[str, ...], definition: dict[str, Any], definitions: dict[str, Any]) -> str:
    title = (
        f"`{'.'.join(section).replace('*', 'NAME' if section[0] == 'plugins' else 'N')}`" if section else "Top level"
    )
    required = definition.get("required", [])
    rows = ["| key | what it takes | left out | meaning |", "|---|---|---|---|"]
    for key, field in definition["properties"].items():
        default = "**required**" if key in required else _default(field)
        meaning = field["description"].replace("|", "\\|")
        rows.append(f"| `{key}` | {_takes(field, definitions)} | {default} | {meaning} |")
    table = "\n".join(rows)
    return f"## {title}\n\n{definition['description']}\n\n{table}\n\n```yaml\n{EXAMPLES[section]}```\n"


def _default(field: dict[str, Any]) -> str:
    match field.get("default"):
        case None:
            return ""
        case "":
            return "nothing"
        case list() | dict() as empty if not empty:
            return "nothing"
        case dict():
            return "see there"
        case bool(value):
            return f"`{str(value).lower()}`"
        case value:
            return f"`{value}`"


def _takes(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    match field:
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return " or ".join(f"`{value}`" for value in values)
        case {"$ref": str(reference)} | {"allOf": [{"$ref": str(reference)}]}:
            target = definitions[reference.rpartition("/")[2]]
            return _takes(target, definitions) if "enum" in target else _LINKS[reference.rpartition("/")[2]]
        case {"anyOf": list(choices)}:
            takes = [_takes(choice, definitions) for choice in choices if choice != {"type": "null"}]
            return " or ".join(dict.fromkeys(takes))
        case {"type": "array", "minItems": 2, "maxItems": 2}:
            return "two values"
        case {"type": "array"} | {"type": ["array", "null"]}:
            return f"a list of {_takes(field['items'], definitions)}"
        case {"type": "object", "additionalProperties": dict(each)}:
            return f"by name: {_takes(each, definitions)}"
        case {"type": ["object", "null"], "additionalProperties": dict(each)}:
            return f"by name: {_takes(each, definitions)}"
        case {"type": "integer", "minimum": low, "maximum": high}:
            return f"a whole number, {low} to {high}"
        case {"type": kind}:
            kinds = kind if isinstance(kind, list) else [kind]
            words = {
                "string": "text",
                "integer": "a whole number",
                "boolean": "`true` or `false`",
                "number": "a number",
            }
            return " or ".join(words[each] for each in kinds if each != "null")
        case _:
            raise AssertionError(field)


def _values() -> str:
    spelled: dict[Unit, list[str]] = {}
    for word, unit in SPELLINGS.items():
        spelled.setdefault(unit, []).append(str(unit) if word == unit.casefold() else word)
    rows = [f"| {', '.join(f'`{word}`' for word in words)} | {_BECOMES[unit]} |" for unit, words in spelled.items()]
    return _VALUES.format(rows="\n".join(rows))


if __name__ == "__main__":
    write(Path("docs/reference/manifest.md"))
