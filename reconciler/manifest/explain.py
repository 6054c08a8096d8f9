"""Pydantic's errors in our words: what is wrong, where in the file, what to do; none of its own jargon."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifest.mistakes import Mistake, Mistakes, did_you_mean
from reconciler.manifest.models import PLANNED, SECTIONS, Manifest, PluginSpec
from reconciler.model.errors import StudioError, Where

Path: TypeAlias = tuple[str | int, ...]
Locate: TypeAlias = Callable[[Path, bool], Where]
"""Gives the place of a path's value, or of its last key."""

_WANTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "list_type": "a list",
}
_BOUNDS = {"greater_than_equal": ("ge", "at least"), "less_than_equal": ("le", "at most")}


def explain(error: ValidationError, locate: Locate) -> list[StudioError]:
    """Return our errors for pydantic's, in the order of the file.

    Parameters
    ----------
    error
        What validating a :class:`~reconciler.manifest.models.Manifest` raised.
    locate
        Finds the place in the file.
    """
    errors = []
    seen: set[Path] = set()
    for details in error.errors(include_url=False):
        path = tuple(part for part in details["loc"] if part != "[key]")
        for mistake in _mistakes(details, path, at_key="[key]" in details["loc"]):
            whole = (*path, *mistake.path)
            if (*whole, mistake.code) in seen:  # a union reports every branch
                continue
            seen.add((*whole, mistake.code))
            where = locate(whole, mistake.at_key)
            errors.append(StudioError(mistake.code, mistake.message, where=where, hint=mistake.hint))
    return sorted(errors, key=lambda each: ((each.where or Where()).line or 0, (each.where or Where()).column or 0))


def _mistakes(details: ErrorDetails, path: Path, *, at_key: bool) -> Iterator[Mistake]:
    context: dict[str, Any] = details.get("ctx", {})
    kind = details["type"]
    match kind, context.get("error"):
        case "value_error", Mistakes() as several:
            yield from several.each
        case "value_error", Mistake() as mistake:
            mistake.at_key = mistake.at_key or at_key
            yield mistake
        case "extra_forbidden", _:
            yield _unknown_key(path)
        case "missing", _:
            hint = "`version: 1` is the format of this file" if path == ("version",) else None
            yield Mistake("missing-key", f'"{path[-1]}" is missing{_within(path[:-1])}', hint)
        case _:
            yield _wrong_value(kind, context, details["input"], path)


def _wrong_value(kind: str, context: dict[str, Any], value: object, path: Path) -> Mistake:
    name = f'"{path[-1]}"' if path and isinstance(path[-1], str) else "this"
    if kind in _WANTED:
        if value is None:
            return Mistake("no-value", f"{name} has no value", f"give it {_WANTED[kind]}, or take the line out")
        hint = _remedy(kind, value)
        return Mistake("wrong-type", f"{name} must be {_WANTED[kind]}, not {_shown(value)}", hint)
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return Mistake("out-of-range", f"{name} must be {words} {context[key]}, not {_shown(value)}")
    if kind == "enum":
        choices = str(context["expected"])
        choice_list = [word.strip("' ") for word in choices.replace(" or ", ",").split(",")]
        hint = did_you_mean(value, choice_list) if isinstance(value, str) else None
        return Mistake("unknown-value", f"{name} must be {_or(choice_list)}, not {_shown(value)}", hint)
    if kind == "too_short":
        hint = "a chain runs from one node to the next" if path[:1] == ("chains",) else None
        return Mistake("too-short", f"{name} needs at least {context['min_length']} entries", hint)
    raise AssertionError(kind)  # the models have no other constraint; tests/manifest would have met it


def _unknown_key(path: Path) -> Mistake:
    key = str(path[-1])
    model = _model(path[:-1])
    if key in PLANNED.get(model, ()):
        return Mistake(
            "not-supported",
            f'"{key}"{_within(path[:-1])} is not supported by this version',
            "take it out, or update studio",
            at_key=True,
        )
    known = _keys(model)
    hint = did_you_mean(key, known)
    if hint is None:
        homes = [".".join(section) for section, other in SECTIONS.items() if section and key in _keys(other)]
        if homes:
            hint = f"it belongs under {_or(homes).replace('*', 'NAME')}"
        elif model is PluginSpec:
            hint = "a parameter of the plugin goes under `params:`"
        else:
            hint = f"known here: {', '.join(known)}"
    return Mistake("unknown-key", f'"{key}" is not known{_within(path[:-1])}', hint, at_key=True)


def _model(path: Path) -> type[BaseModel]:
    for section, model in SECTIONS.items():
        if len(section) == len(path) and all(want in ("*", have) for want, have in zip(section, path, strict=True)):
            return model
    return Manifest


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _within(path: Path) -> str:
    return f" in {'.'.join(map(str, path))}" if path else ""


def _remedy(kind: str, value: object) -> str | None:
    match kind, value:
        case "string_type", bool() | int() | float():
            return f'put it in quotes: "{_shown(value)}"'
        case "bool_type", str(word) if word.casefold() in ("yes", "on", "no", "off"):
            return f"write {'true' if word.casefold() in ('yes', 'on') else 'false'}"
        case "int_type" | "bool_type", str(word) if word.casefold() in ("true", "false") or word.isdecimal():
            return "take the quotes off"
        case "list_type", str():
            return f"write [{value}]"
        case _:
            return None


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            text = str(value)
            return text if len(text) <= 60 else "so large a number"


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
