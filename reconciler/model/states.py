"""A plugin's state as Carla keeps it in a file (``.carxs``): read, compared with a plugin, written.

The form is XML with a document type and never an entity, so one with entities is refused before anything of it is
expanded. Source: ``CarlaStateUtils.cpp`` of Carla 2.6, whose odd rules about blanks and numbers are kept.
"""

import hashlib
import math
import os
import stat
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat
from xml.sax.saxutils import escape

import msgspec

from reconciler.model.catalogue import PluginType
from reconciler.model.conform import conform
from reconciler.model.custom import CHUNK
from reconciler.model.errors import StudioError

LARGEST = 64 * 1024 * 1024
"""Bytes. A sampler's whole state is a few MiB; what is larger is something else."""

_DEEPEST = 16
_LONG = 128
"""Characters from which on Carla puts a value on a line of its own."""


class Saved(msgspec.Struct, frozen=True):
    """One parameter of a state. ``value`` is None where the state holds it in its chunk.

    ``index`` is Carla's number. ``control`` is Carla's number of what it follows (-1 nothing), ``channel`` is 0..15,
    ``range`` its ends. Values of a parameter whose bounds follow the sample rate are divided by that rate.
    """

    index: int
    symbol: str
    name: str
    value: float | None
    control: int = -1
    channel: int = 0
    range: tuple[float, float] | None = None


class State(msgspec.Struct, frozen=True):
    """What a state file holds."""

    type: str
    """``LV2``, ``LADSPA``…, as Carla writes it."""
    name: str = ""
    label: str = ""
    """URI, label, identifier, or setup of a JACK program."""
    file: str = ""
    unique_id: int = 0
    active: bool = True
    mix: dict[str, float] = {}
    """By the keys of :data:`reconciler.model.mix.MIX`; what is missing is as usual."""
    options: int = 0
    """Bits of :data:`reconciler.model.options.OPTIONS`."""
    program: tuple[int, str] | None = None
    """Number from 0, and name."""
    midi_program: tuple[int, int] | None = None
    """Bank and program."""
    parameters: tuple[Saved, ...] = ()
    custom_data: tuple[tuple[str, str, str], ...] = ()
    """Type, key and value of each."""
    chunk: str | None = None
    """The plugin's own block, in base64."""


def read(path: Path) -> tuple[State, str]:
    """Read a state file, and return what it holds and its SHA-256 in hex.

    Raises
    ------
    StudioError
        ``bad-state``: it is not there, is too large, or is no state.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise bad_state(f"{path.name} is no ordinary file")
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise bad_state(f"there is no file {path}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise bad_state(f"{path.name} cannot be read: {why}") from error
    if len(content) > LARGEST:
        raise bad_state(f"{path.name} has more than {LARGEST // 2**20} MiB")
    return parse(content, path.name), hashlib.sha256(content).hexdigest()


def parse(content: bytes, name: str = "it") -> State:
    """Return what the bytes of a state file say; ``name`` is what to call it. Raises ``bad-state``."""
    root = tree(content, name)
    if root.tag.upper() != "CARLA-PRESET":
        raise bad_state(f"{name} is no plugin state of Carla's")
    return of_element(root, name)


def tree(content: bytes, name: str = "it") -> Element:
    """Parse XML that came from anybody: no entities, nothing fetched, no endless depth. Raises ``bad-state``.

    Python's own parser is enough. A first look builds nothing and stops at whatever is dangerous, declarations and
    depth; the second one builds the tree, at the parser's own speed.
    """
    look = expat.ParserCreate(encoding="utf-8")

    def entity(*_declared: object) -> None:
        raise bad_state(f"{name} declares entities, as no file of Carla's does")

    depth = 0

    def start(*_element: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise bad_state(f"{name} is nested too deep")

    def end(_tag: str) -> None:
        nonlocal depth
        depth -= 1

    look.EntityDeclHandler = entity
    look.StartElementHandler = start
    look.EndElementHandler = end
    try:
        look.Parse(content, True)
        return ElementTree.fromstring(content, ElementTree.XMLParser(encoding="utf-8"))  # noqa: S314 -- see above
    except (expat.ExpatError, ElementTree.ParseError) as error:
        line = error.lineno if isinstance(error, expat.ExpatError) else error.position[0]
        why = expat.ErrorString(error.code)
        raise bad_state(f"{name} is damaged, or no XML: line {line}, {why}") from error


def texts(element: Element) -> dict[str, str]:
    """Return the trimmed text of each of an element's elements by its tag, the first of a tag."""
    return {child.tag: (child.text or "").strip() for child in reversed(element)}


def of_element(root: Element, name: str = "it") -> State:
    """Return the state within an element that has ``Info`` and ``Data``. Raises ``bad-state``."""
    info_of, data_of = root.find("Info"), root.find("Data")
    if info_of is None or data_of is None:
        raise bad_state(f"{name} is cut short: it says not of which plugin it is, or holds nothing")
    info, data = texts(info_of), texts(data_of)
    try:
        return State(
            type=info.get("Type", ""),
            name=info.get("Name", ""),
            label=_first(info, "Label", "URI", "Identifier", "Setup"),
            file=_first(info, "Binary", "Bundle", "Filename"),
            unique_id=int(info.get("UniqueID") or 0),
            active=data.get("Active") == "Yes",
            mix=_mix(data),
            options=int(data.get("Options") or "0", 16),
            program=_program(data),
            midi_program=_midi_program(data),
            parameters=tuple(_parameter(texts(each)) for each in data_of.findall("Parameter")),
            custom_data=tuple(filter(None, map(_custom, data_of.findall("CustomData")))),
            chunk=data.get("Chunk"),
        )
    except ValueError as error:
        raise bad_state(f"{name} has something else where a number belongs: {error}") from error


def _first(facts: dict[str, str], *tags: str) -> str:
    return next((facts[tag] for tag in tags if tag in facts), "")


def _mix(data: dict[str, str]) -> dict[str, float]:
    found = {key: _finite(data[tag]) for key, tag in _MIX_TAGS.items() if tag in data}
    channel = data.get("ControlChannel")
    if channel is not None:
        found["control_channel"] = -1.0 if channel.lower().startswith("n") else float(int(channel) - 1)
    return found


_MIX_TAGS = {
    "dry_wet": "DryWet",
    "volume": "Volume",
    "balance_left": "Balance-Left",
    "balance_right": "Balance-Right",
    "pan": "Panning",
}


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _program(data: dict[str, str]) -> tuple[int, str] | None:
    number = data.get("CurrentProgramIndex")
    return None if number is None else (int(number) - 1, data.get("CurrentProgramName", ""))


def _midi_program(data: dict[str, str]) -> tuple[int, int] | None:
    bank, number = data.get("CurrentMidiBank"), data.get("CurrentMidiProgram")
    return None if bank is None or number is None else (int(bank) - 1, int(number) - 1)


def _parameter(facts: dict[str, str]) -> Saved:
    value, low, high = facts.get("Value"), facts.get("MappedMinimum"), facts.get("MappedMaximum")
    return Saved(
        index=int(facts.get("Index") or 0),
        symbol=_first(facts, "Symbol", "Identifier"),
        name=facts.get("Name", ""),
        value=None if value is None else _finite(value),
        control=int(facts.get("MappedControlIndex") or facts.get("MidiCC") or -1),
        channel=int(facts.get("MidiChannel") or 1) - 1,
        range=None if low is None or high is None else (_finite(low), _finite(high)),
    )


def _custom(each: Element) -> tuple[str, str, str] | None:
    facts = texts(each)
    type_, key, value = facts.get("Type"), facts.get("Key"), each.find("Value")
    if not type_ or not key or value is None:
        return None
    text = value.text or ""
    if type_ == CHUNK or len(text) >= _LONG + 6:
        text = text[1:-5]  # the line end before it, and a line end and four blanks behind it
    return type_, key, text


def stranger(state: State, kind: PluginType) -> str | None:
    """Return of what other plugin a state is, None if it is of this one."""
    scheme, _, what = kind.uri.partition(":")
    own = f"{state.type} {state.label or Path(state.file).name}".strip()
    if state.type != scheme.upper():
        return own
    match scheme:
        case "lv2" | "internal":
            same = state.label == what
        case "jack":
            same = kind.uri.endswith(f":{state.file}")
        case _:
            label = what.rpartition("#")[2] if "#" in what else None
            same_file = Path(state.file).name == Path(kind.bundle or what.rpartition("#")[0] or what).name
            sounds = scheme in {"sf2", "sfz"}
            same = same_file and (label is None or sounds or label in {state.label, str(state.unique_id)})
    return None if same else own


def values(state: State, kind: PluginType, rate_hz: float) -> dict[str, float]:
    """Return the values that a state gives the plugin's parameters, by symbol, within their ranges.

    Parameters
    ----------
    rate_hz
        The server's sample rate, which some parameters' values follow.
    """
    by_symbol = {info.symbol: info for info in kind.parameters}
    by_index = {info.index: info for info in kind.parameters}
    is_lv2 = kind.uri.startswith("lv2:")
    found = {}
    for saved in state.parameters:
        info = by_symbol.get(saved.symbol) if is_lv2 else by_index.get(saved.index)
        if info is not None and saved.value is not None:
            value = saved.value * rate_hz if info.per_sample_rate else saved.value
            found[info.symbol] = conform(info, value, rate_hz)
    return found


def compose(state: State) -> bytes:
    """Return a state file's bytes, as Carla reads them."""
    lines = ["<?xml version='1.0' encoding='UTF-8'?>", "<!DOCTYPE CARLA-PRESET>", "<CARLA-PRESET VERSION='2.0'>"]
    return "\n".join([*lines, *elements(state), "</CARLA-PRESET>", ""]).encode()


def elements(state: State) -> list[str]:
    """Return the lines of ``Info`` and ``Data``."""
    info = [("Type", state.type), ("Name", state.name)]
    label, file = _TAGS.get(state.type, ("Label", "Binary"))
    info += [(tag, text) for tag, text in ((file, state.file), (label, state.label)) if tag and text]
    if state.type in {"LADSPA", "VST2"}:
        info.append(("UniqueID", str(state.unique_id)))
    channel = state.mix.get("control_channel", 0.0)
    data = [("Active", "Yes" if state.active else "No")]
    data += [(tag, _number(state.mix[key])) for key, tag in _MIX_TAGS.items() if key in state.mix]
    data += [("ControlChannel", "N" if channel < 0 else str(int(channel) + 1)), ("Options", hex(state.options))]
    lines = ["  <Info>", *(_line(3, *pair) for pair in info), "  </Info>", "", "  <Data>"]
    lines += [_line(3, *pair) for pair in data]
    for saved in state.parameters:
        lines += ["", "   <Parameter>", *_parameter_lines(saved, state.type), "   </Parameter>"]
    if state.program is not None:
        lines += ["", _line(3, "CurrentProgramIndex", str(state.program[0] + 1))]
        lines += [_line(3, "CurrentProgramName", state.program[1])]
    if state.midi_program is not None:
        lines += ["", _line(3, "CurrentMidiBank", str(state.midi_program[0] + 1))]
        lines += [_line(3, "CurrentMidiProgram", str(state.midi_program[1] + 1))]
    for type_, key, value in state.custom_data:
        long = type_ == CHUNK or len(value) >= _LONG
        text = f"\n{escape(value)}\n    " if long else escape(value)
        own = [_line(4, "Type", type_), _line(4, "Key", key), f"    <Value>{text}</Value>"]
        lines += ["", "   <CustomData>", *own, "   </CustomData>"]
    if state.chunk is not None:
        lines += ["", "   <Chunk>", state.chunk, "   </Chunk>"]
    return [*lines, "  </Data>"]


_TAGS = {
    "INTERNAL": ("Label", ""),
    "LV2": ("URI", ""),
    "CLAP": ("Identifier", "Binary"),
    "SF2": ("Label", "Filename"),
    "SFZ": ("", "Filename"),
    "JACK": ("Setup", "Filename"),
    "VST2": ("", "Binary"),
}
"""By type, the tags of label and file; empty for what it has not."""


def _parameter_lines(saved: Saved, type_: str) -> list[str]:
    pairs = [("Index", str(saved.index)), ("Name", saved.name)]
    if saved.symbol:
        pairs.append(("Identifier" if type_ == "CLAP" else "Symbol", saved.symbol))
    if saved.control >= 0:
        pairs += [("MidiChannel", str(saved.channel + 1)), ("MappedControlIndex", str(saved.control))]
        if saved.range is not None:
            pairs += [("MappedMinimum", _number(saved.range[0])), ("MappedMaximum", _number(saved.range[1]))]
    if saved.value is not None:
        pairs.append(("Value", _number(saved.value)))
    return [_line(4, *pair) for pair in pairs]


def _line(indent: int, tag: str, text: str) -> str:
    return f"{' ' * indent}<{tag}>{escape(text)}</{tag}>"


def _number(value: float) -> str:
    """Write every digit and no exponent."""
    return format(Decimal(repr(value)), "f")


def bad_state(why: str) -> StudioError:
    """Return the error of a state file that cannot be used."""
    return StudioError(
        "bad-state",
        f"The state file cannot be used: {why}.",
        hint="Save the plugin's state anew in Carla (right click, Save state), or take `state:` out.",
    )
