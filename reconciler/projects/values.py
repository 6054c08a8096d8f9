"""Numbers of a project as a person would write them in a manifest: labels, switches, decibels, few digits.

Every form is read back by the compiler's own reader before it is taken, so none can mean another value.
"""

from collections.abc import Iterator

from reconciler.model.catalogue import ParameterInfo, Unit
from reconciler.model.conform import conform, limits
from reconciler.model.errors import StudioError
from reconciler.model.mix import MIX
from reconciler.model.units import decibels, stated_unit
from reconciler.model.values import float32, text
from reconciler.session import parameters

Written = float | int | bool | str

_SEVEN_DECIMALS = 0.6e-7
"""Carla saves what it mixes around a plugin with seven decimals; half of the last one, and a float32's rounding."""


def number(value: float) -> int | float:
    """Return the shortest number that is the same float32."""
    short = text(value)
    return int(short) if short.lstrip("-").isdecimal() else float(short)


def written(info: ParameterInfo, value: float) -> tuple[Written, bool]:
    """Return how to write a parameter's value, and whether it is that very value (else the nearest it can have)."""
    if not (info.toggled or info.integer or info.scale_points) and stated_unit(info) is not Unit.GAIN:
        low, high = limits(info)
        if low <= value <= high:
            return number(value), True  # the reader could only say the same; most values are such ones
    for form in _forms(info, value):
        if _read(info, form) == value:
            return form, True
    nearest = conform(info, value)
    return next((form for form in _forms(info, nearest) if _read(info, form) == nearest), number(nearest)), False


def mixed(key: str, value: float) -> Written:
    """Return how to write a value of ``mix:``, which Carla has rounded when it saved it."""
    info = MIX[key]
    forms: list[Written] = [decibels(value)] if info.unit is Unit.GAIN else []
    if key == "dry_wet":
        forms.append(f"{text(round(value * 100, 4))}%")
    for form in forms:
        meant = _read(info, form)
        if meant is not None and abs(meant - value) < _SEVEN_DECIMALS:
            return form
    return number(round(value, 7))


def _forms(info: ParameterInfo, value: float) -> Iterator[Written]:
    if info.toggled and value in (0.0, 1.0):
        yield value == 1.0
    for point in info.scale_points:
        if float32(point.value) == value and point.label.strip() and point.label.isprintable():
            yield point.label.strip()
    if stated_unit(info) is Unit.GAIN:
        yield decibels(value)
    yield number(value)


def _read(info: ParameterInfo, form: Written) -> float | None:
    try:
        return parameters.read(info, form)
    except StudioError:  # another form will do
        return None
