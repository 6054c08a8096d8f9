"""What a person wrote for a parameter or a program, against what the plugin has: the one place that decides.

The result is a float32 within the parameter's range, so that the engines never have to clamp what a manifest asked
(jalv passes out-of-range values and NaN on to the plugin and they reach the audio; measured, F7).
"""

import difflib
import math
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from reconciler.model import units
from reconciler.model.catalogue import ENABLED, ParameterInfo, PluginType, PresetInfo, ScalePoint, Unit
from reconciler.model.errors import StudioError, Where
from reconciler.model.values import float32, text

__all__ = ["find", "read", "resolve", "resolve_program"]

_T = TypeVar("_T")

_INDEX = re.compile(r"#([0-9]{1,6})")
_BRACKET = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_WORDS = {"on": 1.0, "yes": 1.0, "true": 1.0, "off": 0.0, "no": 0.0, "false": 0.0}

# Plain numbers may miss an edge by the last digit of a float32, nothing more. Converted ones may miss it by 0.001 dB:
# plugins print their edges with few digits (LSP: 0.063100 for -24 dB, 15.848930 for +24 dB), and "-24 dB" must reach
# the edge that every display calls -24 dB.
_PLAIN_SLACK = 2.0**-22
_CONVERTED_SLACK = 1.2e-4


def resolve(
    kind: PluginType, key: str, raw: float | bool | str, where: Where | None = None
) -> tuple[ParameterInfo, float]:
    """Find the parameter that ``key`` means and the value that ``raw`` means for it.

    Parameters
    ----------
    kind
        The plugin.
    key
        A symbol; else a name in any case, with or without its unit in brackets; else ``#N``, N the port index.
    raw
        A number in the plugin's own unit, true or false, the label of a scale point in any case, or text with a
        unit or note name (see :mod:`reconciler.model.units`).
    where
        The place to name in errors.

    Returns
    -------
    tuple of ParameterInfo and float
        The value is exact as float32 and within the range.

    Raises
    ------
    StudioError
        ``unknown-parameter``, ``ambiguous-parameter``, ``not-a-control``, ``wrong-kind-of-value``,
        ``unknown-value``, ``not-a-whole-number``, ``out-of-range``, ``not-finite``, and those of
        :func:`reconciler.model.units.parse` and :func:`reconciler.model.units.convert`.
    """
    info = find(kind, key, where)
    return info, _Reader(info, where).read(raw)


def read(info: ParameterInfo, raw: object, where: Where | None = None) -> float:
    """Return the value that ``raw`` means for this parameter. Raises as :func:`resolve` does for a value."""
    if not isinstance(raw, float | int | str):
        raise StudioError("wrong-kind-of-value", f"{_called(info)} takes one value", where=where)
    return _Reader(info, where).read(raw)


def resolve_program(kind: PluginType, value: str | int, where: Where | None = None) -> PresetInfo:
    """Return the preset with that label (in any case, if only one has it), that URI, or that index from 0.

    Raises
    ------
    StudioError
        ``unknown-program``, ``ambiguous-program``.
    """
    presets = kind.presets
    if isinstance(value, int):
        if 0 <= value < len(presets):
            return presets[value]
        hint = f"its programs are 0 to {len(presets) - 1}" if presets else "it has no programs"
        raise StudioError("unknown-program", f"{kind.name} has no program {value}", where=where, hint=hint)
    if (same := _first(presets, lambda preset: preset.uri == value)) is not None:
        return same
    label = value.strip()
    found = [preset for preset in presets if preset.label == label] or [
        preset for preset in presets if preset.label.casefold() == label.casefold()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise StudioError(
            "ambiguous-program",
            f'{kind.name} has {len(found)} programs called "{value}"',
            where=where,
            hint="write the one you mean by its URI: " + ", ".join(preset.uri for preset in found),
        )
    if not presets:
        hint = "it has no programs"
    else:
        close = _near(label, [preset.label for preset in presets])
        hint = f'did you mean "{close}"?' if close else "it has " + _some(preset.label for preset in presets)
    raise StudioError("unknown-program", f'{kind.name} has no program "{value}"', where=where, hint=hint)


def find(kind: PluginType, key: str, where: Where | None = None) -> ParameterInfo:
    """Return the parameter that ``key`` means. Raises as :func:`resolve` does for a key."""
    if (info := kind.parameter(key)) is not None:
        return info
    folded = key.strip().casefold()
    for same in (
        lambda info: info.name == key,
        lambda info: info.name.casefold() == folded,
        lambda info: _BRACKET.sub("", info.name).casefold() == folded,
    ):
        found = [info for info in kind.parameters if same(info)]
        if len(found) == 1:
            return found[0]
        if found:
            raise StudioError(
                "ambiguous-parameter",
                f'{kind.name} has {len(found)} parameters called "{key}"',
                where=where,
                hint="write the symbol of the one you mean: " + _some(info.symbol for info in found),
            )
    if (number := _INDEX.fullmatch(key)) is not None:
        index = int(number[1])
        if (info := _first(kind.parameters, lambda info: info.index == index)) is not None:
            return info
    raise _unknown(kind, key, folded, where)


def _unknown(kind: PluginType, key: str, folded: str, where: Where | None) -> StudioError:
    if any(folded in (info.symbol.casefold(), info.name.casefold()) for info in kind.outputs):
        return StudioError(
            "not-a-control",
            f'"{key}" is a reading of {kind.name}, not a control',
            where=where,
            hint="it can be watched but not set; take the line out",
        )
    words = {info.name.casefold(): info.symbol for info in kind.parameters}
    words.update({info.symbol.casefold(): info.symbol for info in kind.parameters})
    close = difflib.get_close_matches(folded, words, n=1)
    if close:
        info = kind.parameter(words[close[0]])
        hint = f"did you mean {_called(info)}?" if info else None
    elif kind.parameters:
        hint = f"it has {_some(_called(info) for info in kind.parameters)}; see `studio plugins describe {kind.uri}`"
    else:
        hint = "it has no parameters"
    return StudioError("unknown-parameter", f'{kind.name} has no parameter "{key}"', where=where, hint=hint)


class _Reader:
    """Turns what was written for one parameter into its value."""

    def __init__(self, info: ParameterInfo, where: Where | None) -> None:
        self.info = info
        self.where = where

    def read(self, raw: float | bool | str) -> float:
        converted = False
        if isinstance(raw, bool):
            value = self._switch(raw)
        elif isinstance(raw, str):
            value, converted = self._text(raw)
        else:
            value = self._number(raw)
        return self._fit(value, raw, converted=converted)

    def _switch(self, raw: bool) -> float:
        info = self.info
        two = (info.integer or info.enumeration) and (info.minimum, info.maximum) == (0.0, 1.0)
        if not (info.toggled or two or info.designation == ENABLED):
            raise self._error("wrong-kind-of-value", f"is no switch: {str(raw).lower()} means nothing to it")
        return 1.0 if raw else 0.0

    def _number(self, raw: float) -> float:
        try:
            return float(raw)
        except OverflowError:  # an integer beyond any float
            return math.inf

    def _text(self, raw: str) -> tuple[float, bool]:
        info = self.info
        point = self._label(raw.strip())
        if point is not None:
            return point.value, False
        word = raw.strip().casefold()
        if word in _WORDS and (info.toggled or info.designation == ENABLED):
            return _WORDS[word], False
        try:
            quantity = units.parse(raw, self.where)
        except StudioError as error:
            if error.code == "bad-quantity" and (info.scale_points or info.toggled):
                raise self._unknown_label(raw) from None
            raise
        if quantity.unit is not None and (info.toggled or (info.enumeration and info.scale_points)):
            raise self._unknown_label(raw)
        return units.convert(quantity, info, self.where), quantity.unit is not None

    def _label(self, label: str) -> ScalePoint | None:
        points = self.info.scale_points
        found = [point for point in points if point.label.strip() == label] or [
            point for point in points if point.label.strip().casefold() == label.casefold()
        ]
        if len({point.value for point in found}) > 1:
            raise self._error(
                "ambiguous-value",
                f'has {len(found)} values called "{label}"',
                hint="write its number: " + " or ".join(text(point.value) for point in found),
            )
        return found[0] if found else None

    def _unknown_label(self, raw: str) -> StudioError:
        close = _near(raw, [point.label for point in self.info.scale_points])
        hint = f'did you mean "{close}"?' if close else None
        return self._error("unknown-value", f'has no value "{raw}"', hint=hint)

    def _fit(self, value: float, raw: float | bool | str, *, converted: bool) -> float:
        info = self.info
        value = float32(value) + 0.0  # no negative zero
        if not math.isfinite(value):
            raise self._error("not-finite", f"cannot be {_short(raw)}")
        if info.enumeration and info.scale_points:
            if all(float32(point.value) != value for point in info.scale_points):
                raise self._error("unknown-value", f"has no value {_short(raw)}")
            return value
        if info.toggled:
            if value not in (0.0, 1.0, info.minimum, info.maximum):
                raise self._error("unknown-value", f"is a switch and cannot be {_short(raw)}")
            return value
        if info.integer and not value.is_integer():
            if not converted:
                raise self._error("not-a-whole-number", f"takes whole numbers, not {_short(raw)}")
            value = float(round(value))
        return self._in_range(value, raw, converted=converted)

    def _in_range(self, value: float, raw: float | bool | str, *, converted: bool) -> float:
        info = self.info
        low = -math.inf if info.minimum is None else float32(info.minimum)
        high = math.inf if info.maximum is None else float32(info.maximum)
        if low <= value <= high:
            return value
        edge = low if value < low else high
        if abs(value - edge) <= abs(edge) * (_CONVERTED_SLACK if converted else _PLAIN_SLACK):
            return edge
        meaning = f", which is {text(value)}" if converted and info.unit is Unit.GAIN else ""
        raise self._error(
            "out-of-range",
            f"takes {units.takes(info)}, not {_short(raw)}{meaning}",
            hint=f"the nearest it can do is {units.describe(edge, info)}",
        )

    def _error(self, code: str, what: str, hint: str | None = None) -> StudioError:
        hint = hint or f"it takes {units.takes(self.info)}"
        return StudioError(code, f"{_called(self.info)} {what}", where=self.where, hint=hint)


def _called(info: ParameterInfo) -> str:
    return info.symbol if info.name.casefold() == info.symbol.casefold() else f"{info.symbol} ({info.name})"


def _short(raw: float | bool | str) -> str:
    if isinstance(raw, str):
        return raw if len(raw) <= 40 else f"{raw[:37]}..."
    if isinstance(raw, bool):
        return str(raw).lower()
    return "so large a number" if isinstance(raw, int) and abs(raw) >= 10**40 else str(raw)


def _near(word: str, choices: Iterable[str]) -> str | None:
    folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def _some(words: Iterable[str], most: int = 8) -> str:
    every = list(words)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def _first(items: Iterable[_T], wanted: Callable[[_T], bool]) -> _T | None:
    return next((item for item in items if wanted(item)), None)
