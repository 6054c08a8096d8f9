"""Types of single fields: what pydantic's own types do not say."""

import math
import re
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

from reconciler.manifest import names
from reconciler.manifest.mistakes import Mistake
from reconciler.model import attach
from reconciler.model.errors import StudioError


class Section:
    """Marks a section that may be written without content: ``plugins:`` alone means no plugins."""

    def __init__(self, kind: type[dict[Any, Any]] | type[list[Any]]) -> None:
        self.kind = kind

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        kind = self.kind

        def filled(value: object) -> object:
            return kind() if value is None else value

        return core_schema.no_info_before_validator_function(filled, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        if "type" in schema:
            return {**schema, "type": [schema["type"], "null"]}
        return {"anyOf": [schema, {"type": "null"}]}


def _value(value: object) -> object:
    match value:
        case float() if not math.isfinite(value):
            raise Mistake("not-finite", f"{value} is not a finite number", "write the value the plugin should have")
        case bool() | int() | float():
            return value
        case str() if value.strip():
            return value
        case None | str():
            raise Mistake("no-value", "a value is missing", "write one, or take the line out")
        case _:
            raise Mistake("wrong-type", "this must be one value: a number, true or false, or text")


def _pair(value: object) -> object:
    if not isinstance(value, list) or len(value) != 2:
        raise Mistake("wrong-type", "this must be two values", "write [FIRST, SECOND]")
    return [_value(one) for one in value]


def _channel(value: object) -> object:
    match value:
        case None | "off":
            return value
        case int() if not isinstance(value, bool) and 1 <= value <= 16:
            return value
        case _:
            raise Mistake("bad-channel", "this must be a MIDI channel, 1 to 16, or off")


def _program(value: object) -> object:
    match value:
        case bool():
            raise Mistake("wrong-type", "a program is a label, a URI or a number", "put a label in quotes")
        case int() if value >= 0:
            return value
        case str() if value.strip():
            return value
        case None:
            return None
        case _:
            raise Mistake("wrong-type", "a program is a label, a URI, or a whole number from 0")


def _tempo(value: object) -> object:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) *(?:bpm|BPM)?", value.strip()) if isinstance(value, str) else None
    if found is not None:
        value = float(found[1])
    if isinstance(value, bool) or not isinstance(value, int | float) or not 20 <= value <= 999:
        raise Mistake("bad-tempo", "this must be a tempo from 20 to 999 beats per minute", "write it as in `120 bpm`")
    return float(value)


def _file(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise Mistake("bad-file", f'"{text}" cannot be a file', "write its path, relative to this file")
    return text


def _word(text: str) -> str:
    if not text.strip() or text.startswith("-") or not text.isprintable():
        raise Mistake("bad-word", f'"{text}" cannot stand here', "it is handed to jackd as it is")
    return text


def _server(name: str) -> str:
    if re.fullmatch(names.SERVER_PATTERN, name) is None:
        hint = "use up to 63 letters (a-z), digits, dots, dashes and underscores"
        raise Mistake("bad-word", f'"{name}" cannot be a JACK server\'s name', hint)
    return name


def _attach(url: str) -> str:
    try:
        attach.parse(url)
    except StudioError as error:
        raise Mistake(error.code, error.message, error.hint) from error
    return url


def version(value: object) -> object:
    """Accept 1, and not what Python calls equal to it (true, 1.0)."""
    if type(value) is not int or value != 1:
        hint = "a newer studio may have written it" if isinstance(value, int) and value > 1 else "write `version: 1`"
        raise Mistake("unknown-version", f"version {value} of the format is not known", hint)
    return value


def link(value: object) -> object:
    """Turn a link written as text into a mapping."""
    if isinstance(value, str):
        return names.link(value)
    if value is None or isinstance(value, list | int | float):
        raise Mistake("bad-link", "this is not a link", "write `SOURCE -> TARGET`, each `node` or `node:port`")
    return value


Value: TypeAlias = Annotated[
    float | int | bool | str, PlainValidator(_value), WithJsonSchema({"type": ["number", "boolean", "string"]})
]
Program: TypeAlias = Annotated[
    str | int | None,
    PlainValidator(_program),
    WithJsonSchema({"anyOf": [{"type": ["string", "null"], "minLength": 1}, {"type": "integer", "minimum": 0}]}),
]
SessionName: TypeAlias = Annotated[
    str, AfterValidator(names.session_name), Field(json_schema_extra={"pattern": names.SESSION_PATTERN})
]
PluginName: TypeAlias = Annotated[str, AfterValidator(names.plugin_name)]
PluginUri: TypeAlias = Annotated[
    str, AfterValidator(names.plugin_uri), Field(json_schema_extra={"pattern": names.PLUGIN_PATTERN})
]
Prefix: TypeAlias = Annotated[str, AfterValidator(names.prefix)]
End: TypeAlias = Annotated[str, AfterValidator(names.end), Field(json_schema_extra={"minLength": 1})]
Ignored: TypeAlias = Annotated[
    str, AfterValidator(names.ignored), Field(json_schema_extra={"pattern": names.IGNORE_PATTERN})
]
StateFile: TypeAlias = Annotated[str, AfterValidator(_file), Field(json_schema_extra={"minLength": 1})]
Word: TypeAlias = Annotated[str, AfterValidator(_word)]
ServerName: TypeAlias = Annotated[
    str, AfterValidator(_server), Field(json_schema_extra={"pattern": names.SERVER_PATTERN})
]
AttachUrl: TypeAlias = Annotated[str, AfterValidator(_attach), Field(json_schema_extra={"pattern": attach.PATTERN})]
Tempo: TypeAlias = Annotated[
    float,
    PlainValidator(_tempo),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 20, "maximum": 999},
                {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *(bpm|BPM)?$"},
            ]
        }
    ),
]
Pair: TypeAlias = Annotated[
    list[float | int | bool | str],
    PlainValidator(_pair),
    WithJsonSchema({"type": "array", "items": {"type": ["number", "boolean", "string"]}, "minItems": 2, "maxItems": 2}),
]
Channel: TypeAlias = Annotated[
    int | str | None,
    PlainValidator(_channel),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 16}, {"const": "off"}]}),
]
