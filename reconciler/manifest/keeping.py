"""What a plugin is given beside its parameters: switches of its host, named values, ports of a JACK program."""

from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from reconciler.manifest.base import Strict
from reconciler.manifest.mistakes import Mistake
from reconciler.model.custom import TYPES


def _switch(description: str) -> object:
    return Field(default=None, description=description, examples=[True])


class OptionsSpec(Strict):
    """Carla's switches for one plugin. Which of them a plugin has depends on it; what is not written is nobody's."""

    fixed_buffers: Annotated[bool | None, _switch("Always process blocks of the server's period.")] = None
    force_stereo: Annotated[
        bool | None,
        _switch("Run a mono plugin twice, once for each side: `in` gets an `in_2` beside it. A change loads it anew."),
    ] = None
    map_program_changes: Annotated[bool | None, _switch("MIDI program changes choose the plugin's own programs.")] = (
        None
    )
    use_chunks: Annotated[bool | None, _switch("Keep its state as one block, as VST2 and CLAP plugins do.")] = None
    send_control_changes: Annotated[bool | None, _switch("Pass MIDI control changes on to it.")] = None
    send_channel_pressure: Annotated[bool | None, _switch("Pass MIDI channel pressure on to it.")] = None
    send_note_aftertouch: Annotated[bool | None, _switch("Pass MIDI note aftertouch on to it.")] = None
    send_pitchbend: Annotated[bool | None, _switch("Pass MIDI pitch bend on to it.")] = None
    send_all_sound_off: Annotated[bool | None, _switch("Pass MIDI all-sound-off and all-notes-off on to it.")] = None
    send_program_changes: Annotated[bool | None, _switch("Pass MIDI program changes on to it.")] = None
    skip_sending_notes: Annotated[bool | None, _switch("Keep MIDI notes from it.")] = None


def _type(text: str) -> str:
    if text not in TYPES and ":" not in text:
        raise Mistake("bad-type", f'"{text}" is no type of a value', f"write {', '.join(TYPES)} or a URI")
    return text


class CustomDataSpec(Strict):
    """One named value with its type."""

    type: Annotated[
        str,
        AfterValidator(_type),
        Field(
            description="`string`; `path`, a file (relative to this one) that must be there; `property`, which the "
            "host keeps for itself; or the URI of a type of the plugin's own.",
            examples=["path"],
        ),
    ] = "string"
    value: Annotated[str, Field(description="The value, as the plugin writes it.", examples=["sounds/rain.wav"])]


class _OrText:
    """In the schema, a named value is text or a mapping."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string", "description": "A value of type `string`."}, handler(core)]}


def _spelled_out(value: object) -> object:
    """Turn a value written as text alone into a mapping."""
    return {"value": value} if isinstance(value, str) else value


CustomValue: TypeAlias = Annotated[CustomDataSpec, BeforeValidator(_spelled_out), _OrText()]


class PortsSpec(Strict):
    """How many ports a JACK program gets from its host."""

    audio_in: Annotated[int, Field(ge=0, le=64, description="Audio inputs.", examples=[2])] = 2
    audio_out: Annotated[int, Field(ge=0, le=64, description="Audio outputs.", examples=[2])] = 2
    midi_in: Annotated[int, Field(ge=0, le=1, description="MIDI inputs.", examples=[1])] = 0
    midi_out: Annotated[int, Field(ge=0, le=1, description="MIDI outputs.", examples=[1])] = 0


def _key(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise Mistake("bad-key", "a name of a value is missing or has an invisible character", at_key=True)
    return text


CustomKey: TypeAlias = Annotated[str, AfterValidator(_key)]
