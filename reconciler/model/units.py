"""Values with units, as people write them, and their way to what a plugin's parameter takes.

Where the facts come from:

- decibel to amplitude factor is ``10 ** (dB / 20)``, percent to factor is 1/100 (LV2 units extension, ``units.ttl``:
  ``units:db`` and ``units:pc`` both convert to ``units:coef``);
- note names follow the MIDI convention most hosts show: C4 is note 60 and A4, note 69, is 440 Hz, twelve equal
  steps to the octave;
- many plugins state no unit in their metadata but write it into the parameter's name, ``Makeup gain (dB)`` (nearly
  every swh plugin): that counts as stated. A parameter without any unit is never guessed at: a unitless 0 to 1 may
  be linear, a taper or a table (the mda plugins have all three), so dB onto it is refused.
"""

import difflib
import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

import msgspec

from reconciler.model.catalogue import ParameterInfo, Unit
from reconciler.model.errors import StudioError, Where
from reconciler.model.values import text

__all__ = ["Quantity", "convert", "decibels", "describe", "parse", "takes"]

SPELLINGS: Mapping[str, Unit] = MappingProxyType(
    {
        **dict.fromkeys(("db", "dbfs"), Unit.DB),
        **dict.fromkeys(("hz", "hertz"), Unit.HZ),
        "khz": Unit.KHZ,
        **dict.fromkeys(("ms", "msec"), Unit.MS),
        **dict.fromkeys(("s", "sec", "second", "seconds"), Unit.S),
        **dict.fromkeys(("min", "minute", "minutes"), Unit.MIN),
        **dict.fromkeys(("%", "percent"), Unit.PERCENT),
        **dict.fromkeys(("st", "semitone", "semitones"), Unit.SEMITONE),
        **dict.fromkeys(("ct", "cent", "cents"), Unit.CENT),
        **dict.fromkeys(("oct", "octave", "octaves"), Unit.OCTAVE),
        "bpm": Unit.BPM,
        **dict.fromkeys(("°", "deg", "degree", "degrees"), Unit.DEGREE),
    }
)
"""Every spelling of a unit, in lower case: in manifests any case will do, as no two units differ by case alone."""

# In a parameter's name "(Min)" means the minimum.
_IN_NAMES = {word: unit for word, unit in SPELLINGS.items() if unit is not Unit.MIN} | {"midi-note": Unit.MIDI_NOTE}

# Units of one kind, as whole multiples of the smallest, so that 10 ms is exactly the double nearest to 0.01 s.
_SCALES: tuple[Mapping[Unit | None, int], ...] = (
    {Unit.HZ: 1, Unit.KHZ: 1000},
    {Unit.MS: 1, Unit.S: 1000, Unit.MIN: 60_000},
    {Unit.CENT: 1, Unit.SEMITONE: 100, Unit.OCTAVE: 1200},
)

_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:inf(?:inity)?|∞))\s*([^\s\d.,+-].*)?", re.I
)
_NOTE = re.compile(r"([A-Ga-g])([#♯b♭]?)(-?[0-9]{1,2})")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
_COMMA = re.compile(r"[+-]?[0-9.]*[0-9],[0-9]")
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]+),([0-9]{1,2}|[0-9]{4,})(?![0-9,])")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[ '\u2019_\u00a0\u202f][0-9]{3})+(?![0-9])|[+-]?[0-9]+_[0-9]")
_MINUS = "\u2212"  # the typographic minus sign, which word processors and web pages write
_LISTED = 12  # scale points named in a hint; some plugins have hundreds
_NAME_UNIT = re.compile(r"\s[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*$")


class Quantity(msgspec.Struct, frozen=True):
    """A number with its unit.

    ``unit`` is None for a bare number and ``Unit.OTHER`` for a word that is no unit we know; ``written`` is the text
    it came from and ``word`` the unit in it. A note name is its MIDI note number in ``Unit.MIDI_NOTE``. ``number`` is
    finite, or minus infinity in dB, which means silence.
    """

    number: float
    unit: Unit | None = None
    written: str = ""
    word: str = ""


def parse(written: str, where: Where | None = None) -> Quantity:
    """Read ``-32 dB``, ``1.2 kHz``, ``45%``, ``C#3``, ``-inf dB`` or a bare number.

    Parameters
    ----------
    written
        A number with a decimal point and, after it, with or without a space, a unit in any case; or a note name
        (letter, ``#`` or ``b``, octave; C4 is MIDI note 60, A4 is 440 Hz).
    where
        The place to name in errors.

    Raises
    ------
    StudioError
        ``decimal-comma``, ``grouped-digits``, ``not-finite``, ``bad-quantity``.
    """
    plain = written.strip().replace(_MINUS, "-")
    if note := _NOTE.fullmatch(plain):
        number = 12 * (int(note[3]) + 1) + _STEPS[note[1].upper()] + _ACCIDENTALS[note[2]]
        return Quantity(float(number), Unit.MIDI_NOTE, written)
    if _COMMA.match(plain):
        # 1,000 is one to some and a thousand to others: then the hint must not choose.
        certain = _DECIMAL_COMMA.match(plain)
        raise StudioError(
            "decimal-comma",
            f'"{written}" has a comma in its number',
            where=where,
            hint=f'write "{plain.replace(",", ".", 1)}"'
            if certain
            else "write a decimal point, as in 1.5 Hz, and nothing between thousands, as in 1000 Hz",
        )
    if _GROUPED.match(plain):
        raise StudioError(
            "grouped-digits",
            f'"{written}" has its thousands set apart',
            where=where,
            hint="write the digits without anything between them, such as 12000 Hz or 12 kHz",
        )
    match = _QUANTITY.fullmatch(plain)
    if match is None:
        raise StudioError(
            "bad-quantity",
            f'"{written}" is not a number with a unit',
            where=where,
            hint='write it like "-32 dB", "1.2 kHz", "10 ms", "45%" or "A4"',
        )
    word = match[2] or ""
    unit = SPELLINGS.get(word.casefold(), Unit.OTHER) if word else None
    number_text = match[1].replace("∞", "inf")
    value = float(number_text)
    if math.isinf(value) and not (unit is Unit.DB and value < 0 and "inf" in number_text.casefold()):
        raise StudioError(
            "not-finite",
            f'"{written}" is not a finite number',
            where=where,
            hint='only silence may be infinite: "-inf dB" on a gain',
        )
    return Quantity(value, unit, written, word)


def convert(quantity: Quantity, parameter: ParameterInfo, where: Where | None = None) -> float:
    """Return the quantity in the parameter's own unit; neither rounded nor checked against its range.

    A bare number is taken as it is. dB becomes an amplitude factor on a linear gain, ``-inf dB`` becomes 0. Percent
    becomes a fraction on a gain or unitless parameter that runs from 0 to 1. Frequencies, times and intervals convert
    among themselves; a note name becomes a MIDI note or its frequency. A unit that the plugin alone knows is
    accepted by its own symbol.

    Raises
    ------
    StudioError
        ``unknown-unit``, ``wrong-unit`` (the hint says what the parameter takes), ``not-finite``.
    """
    value = _converted(quantity, parameter, stated_unit(parameter))
    if value is None:
        _refuse(quantity, parameter, where)
    if not math.isfinite(value):
        raise StudioError(
            "not-finite",
            f'{parameter.name} cannot be "{quantity.written}"',
            where=where,
            hint=f"it takes {takes(parameter)}",
        )
    return value


def _converted(quantity: Quantity, parameter: ParameterInfo, target: Unit | None) -> float | None:
    number, unit = quantity.number, quantity.unit
    if unit is None:
        return number
    if unit is Unit.OTHER:
        own = parameter.unit_symbol
        return number if own and own.casefold() == quantity.word.casefold() else None
    if unit is target:
        return number
    match unit, target:
        case Unit.DB, Unit.GAIN:
            return _factor(number)
        case Unit.PERCENT, None | Unit.GAIN:
            return number / 100 if (parameter.minimum, parameter.maximum) == (0.0, 1.0) else None
        case Unit.MIDI_NOTE, Unit.HZ:
            return _hertz(number)
        case Unit.MIDI_NOTE, Unit.KHZ:
            return _hertz(number) / 1000
        case _:
            for scale in _SCALES:
                if unit in scale and target in scale:
                    return number * scale[unit] / scale[target]
            return None


def _hertz(note: float) -> float:
    return 440.0 * math.exp2((note - 69.0) / 12.0)


def _factor(decibel: float) -> float:
    try:
        return math.pow(10.0, decibel / 20.0)
    except OverflowError:
        return math.inf


def _refuse(quantity: Quantity, parameter: ParameterInfo, where: Where | None) -> NoReturn:
    if quantity.unit is Unit.OTHER:
        close = difflib.get_close_matches(quantity.word.casefold(), (*SPELLINGS, "k"), n=1)
        guess = "kHz" if close == ["k"] else SPELLINGS[close[0]] if close else None
        raise StudioError(
            "unknown-unit",
            f'"{quantity.word}" is not a unit',
            where=where,
            hint=(f'did you mean "{guess}"? ' if guess else "") + f"{parameter.name} takes {takes(parameter)}",
        )
    kind = "a note name" if quantity.unit is Unit.MIDI_NOTE else f"a value in {quantity.unit}"
    raise StudioError(
        "wrong-unit",
        f'{parameter.name} does not take {kind}: "{quantity.written}"',
        where=where,
        hint=f"it takes {takes(parameter)}",
    )


def stated_unit(parameter: ParameterInfo) -> Unit | None:
    """Return the unit the plugin states, in its metadata or else in brackets at the end of the parameter's name."""
    if parameter.unit is not None:
        return parameter.unit
    match = _NAME_UNIT.search(parameter.name)
    return _IN_NAMES.get(match[1].casefold()) if match else None


def decibels(factor: float) -> str:
    """Return an amplitude factor (0 or more) in dB as text, to a hundredth: ``-12 dB``, ``-inf dB``."""
    if factor <= 0:
        return "-inf dB"
    rounded = round(20 * math.log10(factor), 2)
    return f"{text(rounded + 0.0)} dB"


def describe(value: float, parameter: ParameterInfo) -> str:
    """Return a value as a person reads it: ``440 Hz``, ``0.25 (-12.04 dB)`` for a linear gain, ``4``."""
    unit = stated_unit(parameter)
    match unit:
        case Unit.GAIN:
            return f"{text(value)} ({decibels(value)})"
        case None:
            return text(value)
        case Unit.OTHER:
            return f"{text(value)} {parameter.unit_symbol}" if parameter.unit_symbol else text(value)
        case Unit.MIDI_NOTE:
            return text(value)
        case _:
            return f"{text(value)}{'' if unit is Unit.PERCENT else ' '}{unit}"


def takes(parameter: ParameterInfo) -> str:
    """Return what a parameter takes, in words: its unit and its range."""
    if parameter.enumeration and parameter.scale_points:
        shown = [f"{point.label} ({text(point.value)})" for point in parameter.scale_points[:_LISTED]]
        more = len(parameter.scale_points) - len(shown)
        return "one of " + ", ".join(shown) + (f" and {more} more" if more else "")
    if parameter.toggled:
        return "true or false"
    number = "a whole number" if parameter.integer else "a number"
    match stated_unit(parameter):
        case None:
            kind = f"{number} without a unit"
        case Unit.GAIN:
            kind = "dB, or an amplitude factor,"
        case Unit.MIDI_NOTE:
            kind = "a MIDI note number, or a note name such as C4,"
        case Unit.OTHER:
            kind = f"{number} in {parameter.unit_symbol}" if parameter.unit_symbol else number
        case unit:
            kind = f"{number} in {unit}"
    return " ".join(part for part in (kind, bounds(parameter)) if part).removesuffix(",")


def bounds(parameter: ParameterInfo) -> str:
    """Return the range in words, ``from 0.001 (-60 dB) to 1 (0 dB)``; nothing if the plugin states none."""
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return f"from {describe(low, parameter)} to {describe(high, parameter)}"
    if low is not None:
        return f"of at least {describe(low, parameter)}"
    return f"of at most {describe(high, parameter)}" if high is not None else ""
