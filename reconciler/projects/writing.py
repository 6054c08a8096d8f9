"""A project as the XML that Carla loads, in the order and the words in which it saves."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from reconciler.model.values import text as shortest
from reconciler.projects.document import CHUNK, Project, SavedData, SavedParameter, SavedPlugin

VERSION = "2.6"
"""The format's version that we write; every Carla 2 reads it."""

_QUOTES = {"'": "&apos;", '"': "&quot;"}
_LINE = 120
_WRAPPED_FROM = 128  # characters, from which on Carla puts line breaks around a value
_ENTITIES = ("&lt;", "&gt;", "&apos;", "&quot;", "&amp;")


def project_text(project: Project) -> str:
    """Return a project file's text."""
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<!DOCTYPE CARLA-PROJECT>",
        f"<CARLA-PROJECT VERSION='{VERSION}'>",
        " <EngineSettings>",
        f"  <ForceStereo>{_bool(project.force_stereo)}</ForceStereo>",
        f"  <PreferPluginBridges>{_bool(project.bridges)}</PreferPluginBridges>",
        " </EngineSettings>",
    ]
    if project.tempo is not None:
        lines += ["", " <Transport>", f"  <BeatsPerMinute>{shortest(project.tempo)}</BeatsPerMinute>", " </Transport>"]
    for plugin in project.plugins:
        lines += ["", " <Plugin>", *_plugin(plugin), " </Plugin>"]
    if project.internal is not None:
        lines += ["", " <Patchbay>", *_connections(project.internal), " </Patchbay>"]
    lines += ["", " <ExternalPatchbay>", *_connections(project.external), " </ExternalPatchbay>"]
    return "\n".join([*lines, "</CARLA-PROJECT>"]) + "\n"


def state_text(plugin: SavedPlugin) -> str:
    """Return a plugin's state file's text, which Carla calls a preset."""
    head = ("<?xml version='1.0' encoding='UTF-8'?>", "<!DOCTYPE CARLA-PRESET>", "<CARLA-PRESET VERSION='2.0'>")
    return "\n".join([*head, *_plugin(plugin), "</CARLA-PRESET>"]) + "\n"


def _plugin(plugin: SavedPlugin) -> Iterator[str]:
    yield "  <Info>"
    for tag, value in (("Type", plugin.type), ("Name", plugin.name), *_info(plugin)):
        yield f"   <{tag}>{_escaped(value)}</{tag}>"
    yield "  </Info>"
    yield ""
    yield "  <Data>"
    yield f"   <Active>{'Yes' if plugin.active else 'No'}</Active>"
    for tag, value, default in (
        ("DryWet", plugin.dry_wet, 1.0),
        ("Volume", plugin.volume, 1.0),
        ("Balance-Left", plugin.balance_left, -1.0),
        ("Balance-Right", plugin.balance_right, 1.0),
        ("Panning", plugin.panning, 0.0),
    ):
        if value != default:
            yield f"   <{tag}>{_number(value)}</{tag}>"
    channel = "N" if plugin.control_channel < 0 else plugin.control_channel + 1
    yield f"   <ControlChannel>{channel}</ControlChannel>"
    if plugin.options is not None:
        yield f"   <Options>0x{plugin.options:x}</Options>"
    for parameter in plugin.parameters:
        yield from ("", "   <Parameter>", *_parameter(plugin, parameter), "   </Parameter>")
    if plugin.program is not None:
        yield ""
        yield f"   <CurrentProgramIndex>{plugin.program + 1}</CurrentProgramIndex>"
        yield f"   <CurrentProgramName>{_escaped(plugin.program_name)}</CurrentProgramName>"
    if plugin.midi_bank is not None and plugin.midi_program is not None:
        yield ""
        yield f"   <CurrentMidiBank>{plugin.midi_bank + 1}</CurrentMidiBank>"
        yield f"   <CurrentMidiProgram>{plugin.midi_program + 1}</CurrentMidiProgram>"
    for data in plugin.custom_data:
        yield from ("", "   <CustomData>", *_custom(data), "   </CustomData>")
    if plugin.chunk:
        pieces = [plugin.chunk[at : at + _LINE] for at in range(0, len(plugin.chunk), _LINE)]
        yield from ("", "   <Chunk>", *pieces, "   </Chunk>")
    yield "  </Data>"


def _info(plugin: SavedPlugin) -> tuple[tuple[str, str], ...]:
    match plugin.scheme:
        case "lv2":
            return (("URI", plugin.label),)
        case "internal":
            return (("Label", plugin.label),)
        case "ladspa":
            return (("Binary", plugin.binary), ("Label", plugin.label), ("UniqueID", str(plugin.unique_id)))
        case "vst2":
            return (("Binary", plugin.binary), ("UniqueID", str(plugin.unique_id)))
        case "clap":
            return (("Binary", plugin.binary), ("Identifier", plugin.label))
        case "sf2":
            return (("Filename", plugin.binary), ("Label", plugin.label))
        case "sfz":
            return (("Filename", plugin.binary),)
        case _:
            return (("Binary", plugin.binary), ("Label", plugin.label))


def _parameter(plugin: SavedPlugin, parameter: SavedParameter) -> Iterator[str]:
    yield f"    <Index>{parameter.index}</Index>"
    yield f"    <Name>{_escaped(parameter.name)}</Name>"
    if parameter.symbol:
        tag = "Identifier" if plugin.scheme == "clap" else "Symbol"
        yield f"    <{tag}>{_escaped(parameter.symbol)}</{tag}>"
    if parameter.control is not None:
        yield f"    <MidiChannel>{parameter.channel + 1}</MidiChannel>"
        yield f"    <MappedControlIndex>{parameter.control}</MappedControlIndex>"
        if parameter.low is not None and parameter.high is not None:
            yield f"    <MappedMinimum>{_number(parameter.low)}</MappedMinimum>"
            yield f"    <MappedMaximum>{_number(parameter.high)}</MappedMaximum>"
    if parameter.value is not None:
        yield f"    <Value>{_number(parameter.value)}</Value>"


def _custom(data: SavedData) -> Iterator[str]:
    yield f"    <Type>{_escaped(data.type)}</Type>"
    yield f"    <Key>{_escaped(data.key)}</Key>"
    if data.type == CHUNK or len(data.value) >= _WRAPPED_FROM:
        yield from ("    <Value>", _escaped(data.value), "    </Value>")
    else:
        yield f"    <Value>{_escaped(data.value)}</Value>"


def _connections(connections: Iterable[tuple[str, str]]) -> Iterator[str]:
    for source, target in connections:
        yield "  <Connection>"
        yield f"   <Source>{_escaped(source)}</Source>"
        yield f"   <Target>{_escaped(target)}</Target>"
        yield "  </Connection>"


def _escaped(text: str) -> str:
    """Escape for XML; what looks like an escape itself twice, as Carla resolves escapes once more than XML does."""
    if any(entity in text for entity in _ENTITIES):
        text = text.replace("&", "&amp;")
    return escape(text, _QUOTES)


def _number(value: float) -> str:
    """Return enough digits for the very float32, without an exponent: Carla's reader takes either, people do not."""
    short = shortest(value)
    return f"{value:.20f}".rstrip("0").rstrip(".") if "e" in short else short


def _bool(value: bool) -> str:
    return "true" if value else "false"
