"""Numbers with units, and their way to what a parameter takes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.catalogue import ParameterInfo, Unit
from reconciler.model.errors import StudioError, Where
from reconciler.model.units import Quantity, convert, decibels, describe, parse, stated_unit, takes


def parameter(
    unit: Unit | None = None,
    low: float | None = None,
    high: float | None = None,
    *,
    name: str = "Level",
    symbol: str = "",
) -> ParameterInfo:
    return ParameterInfo("p", name, 0, 0.0, low, high, unit, symbol or None)


@pytest.mark.parametrize(
    ("written", "number", "unit"),
    [
        ("-32 dB", -32.0, Unit.DB),
        ("-32db", -32.0, Unit.DB),
        ("\u22126 dB", -6.0, Unit.DB),
        ("-12 dBFS", -12.0, Unit.DB),
        ("1.2 kHz", 1.2, Unit.KHZ),
        ("440Hz", 440.0, Unit.HZ),
        ("10 ms", 10.0, Unit.MS),
        ("0.5 s", 0.5, Unit.S),
        (".5 s", 0.5, Unit.S),
        ("2 min", 2.0, Unit.MIN),
        ("45%", 45.0, Unit.PERCENT),
        ("7 st", 7.0, Unit.SEMITONE),
        ("25 ct", 25.0, Unit.CENT),
        ("1 oct", 1.0, Unit.OCTAVE),
        ("120 bpm", 120.0, Unit.BPM),
        ("90°", 90.0, Unit.DEGREE),
        ("1e3 Hz", 1000.0, Unit.HZ),
        ("-inf dB", -math.inf, Unit.DB),
        ("-∞ dB", -math.inf, Unit.DB),
        ("4", 4.0, None),
        (" +4.5 ", 4.5, None),
        ("3 bars", 3.0, Unit.OTHER),
    ],
)
def test_what_people_write(written: str, number: float, unit: Unit | None) -> None:
    quantity = parse(written)
    assert (quantity.number, quantity.unit) == (number, unit)


@pytest.mark.parametrize(
    ("note", "midi"),
    [
        ("C4", 60),
        ("A4", 69),
        ("a4", 69),
        ("C#3", 49),
        ("Db3", 49),
        ("Bb-1", 10),
        ("C-1", 0),
        ("G9", 127),
        ("B#3", 60),
        ("E♭2", 39),
    ],
)
def test_note_names_count_from_c4_as_60(note: str, midi: int) -> None:
    assert parse(note) == Quantity(float(midi), Unit.MIDI_NOTE, note)


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("1,5 dB", "decimal-comma", '"1.5 dB"'),
        ("-0,25", "decimal-comma", '"-0.25"'),
        ("1,000 Hz", "decimal-comma", "1000 Hz"),
        ("1.000,5 Hz", "decimal-comma", "1000 Hz"),
        ("12 000 Hz", "grouped-digits", "12 kHz"),
        ("12'000 Hz", "grouped-digits", "12 kHz"),
        ("1_000", "grouped-digits", "12 kHz"),
        ("loud", "bad-quantity", "-32 dB"),
        ("", "bad-quantity", "-32 dB"),
        ("dB", "bad-quantity", "-32 dB"),
        ("1 .5 dB", "bad-quantity", "-32 dB"),
        ("1.2.3", "bad-quantity", "-32 dB"),
        ("5 - 3", "bad-quantity", "-32 dB"),
        ("nan", "bad-quantity", "-32 dB"),
        ("H4", "bad-quantity", "A4"),
        ("inf dB", "not-finite", "-inf dB"),
        ("-inf", "not-finite", "-inf dB"),
        ("-inf Hz", "not-finite", "-inf dB"),
        ("1e999 Hz", "not-finite", "-inf dB"),
        ("-1e999 dB", "not-finite", "-inf dB"),
    ],
)
def test_what_is_no_quantity(written: str, code: str, hint: str) -> None:
    where = Where("studio.yaml", 3, 5)
    with pytest.raises(StudioError) as caught:
        parse(written, where)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("written", "target", "value"),
    [
        ("-6 dB", parameter(Unit.DB), -6.0),
        ("0 dB", parameter(Unit.GAIN), 1.0),
        ("-20 dB", parameter(Unit.GAIN), 0.1),
        ("-inf dB", parameter(Unit.GAIN), 0.0),
        ("45%", parameter(Unit.PERCENT, 0, 100), 45.0),
        ("45%", parameter(None, 0.0, 1.0), 0.45),
        ("45%", parameter(Unit.GAIN, 0.0, 1.0), 0.45),
        ("1.2 kHz", parameter(Unit.HZ), 1200.0),
        ("440 Hz", parameter(Unit.KHZ), 0.44),
        ("10 ms", parameter(Unit.S), 0.01),
        ("0.5 s", parameter(Unit.MS), 500.0),
        ("2 min", parameter(Unit.S), 120.0),
        ("90 s", parameter(Unit.MIN), 1.5),
        ("7 st", parameter(Unit.CENT), 700.0),
        ("50 ct", parameter(Unit.SEMITONE), 0.5),
        ("1 oct", parameter(Unit.SEMITONE), 12.0),
        ("6 st", parameter(Unit.OCTAVE), 0.5),
        ("120 bpm", parameter(Unit.BPM), 120.0),
        ("A4", parameter(Unit.HZ), 440.0),
        ("A5", parameter(Unit.KHZ), 0.88),
        ("C4", parameter(Unit.MIDI_NOTE), 60.0),
        ("0.5", parameter(Unit.GAIN), 0.5),
        ("4", parameter(None), 4.0),
        ("0.5 G", parameter(Unit.GAIN, symbol="G"), 0.5),
        ("48 samp", parameter(Unit.OTHER, symbol="samp"), 48.0),
        ("-3 dB", parameter(None, -70, 70, name="Amps gain (dB)"), -3.0),
        ("20 ms", parameter(None, 0, 1, name="Attack time (s)"), 0.02),
        ("C4", parameter(None, 0, 127, name="Key (midi-note)"), 60.0),
    ],
)
def test_conversion_to_what_the_parameter_takes(written: str, target: ParameterInfo, value: float) -> None:
    assert convert(parse(written), target) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("written", "target", "code", "hint"),
    [
        ("-6 dB", parameter(None, 0.0, 1.0), "wrong-unit", "a number without a unit from 0 to 1"),
        ("-6 dB", parameter(Unit.HZ, 20.0, 20000.0), "wrong-unit", "a number in Hz from 20 Hz to 20000 Hz"),
        ("10 Hz", parameter(Unit.GAIN, 0.001, 1.0), "wrong-unit", "from 0.001 (-60 dB) to 1 (0 dB)"),
        ("45%", parameter(Unit.GAIN, 0.0, 4.0), "wrong-unit", "from 0 (-inf dB) to 4 (12.04 dB)"),
        ("45%", parameter(None, 0.0, 127.0), "wrong-unit", "from 0 to 127"),
        ("120 bpm", parameter(Unit.HZ), "wrong-unit", "a number in Hz"),
        ("A4", parameter(None, 0.0, 127.0), "wrong-unit", "without a unit"),
        ("10 s", parameter(None, 0, 10, name="Ratio (Min)"), "wrong-unit", "without a unit"),
        ("3 dbb", parameter(Unit.DB), "unknown-unit", 'did you mean "dB"?'),
        ("20k", parameter(Unit.HZ), "unknown-unit", 'did you mean "kHz"?'),
        ("3 G", parameter(Unit.DB), "unknown-unit", "takes a number in dB"),
        ("-inf dB", parameter(Unit.DB, -60.0, 0.0), "not-finite", "from -60 dB to 0 dB"),
        ("99999 dB", parameter(Unit.GAIN), "not-finite", "amplitude factor"),
    ],
)
def test_what_cannot_be_converted_says_what_is_taken(written: str, target: ParameterInfo, code: str, hint: str) -> None:
    where = Where("studio.yaml", 3, 5)
    with pytest.raises(StudioError) as caught:
        convert(parse(written), target, where)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert hint in (caught.value.hint or "")


@given(st.floats(-120, 60))
def test_decibels_and_factors_are_each_other_s_inverse(level: float) -> None:
    factor = convert(parse(f"{level!r} dB"), parameter(Unit.GAIN))
    assert 20 * math.log10(factor) == pytest.approx(level, abs=1e-9)
    assert float(decibels(factor).removesuffix(" dB")) == pytest.approx(level, abs=0.0051)


@given(st.integers(0, 127))
def test_an_octave_doubles_the_frequency(note: int) -> None:
    hertz = parameter(Unit.HZ)
    one = convert(Quantity(float(note), Unit.MIDI_NOTE), hertz)
    assert convert(Quantity(float(note + 12), Unit.MIDI_NOTE), hertz) == pytest.approx(2 * one)


@pytest.mark.parametrize(
    ("value", "info", "text"),
    [
        (0.25, parameter(Unit.GAIN), "0.25 (-12.04 dB)"),
        (0.0, parameter(Unit.GAIN), "0 (-inf dB)"),
        (440.0, parameter(Unit.HZ), "440 Hz"),
        (45.0, parameter(Unit.PERCENT), "45%"),
        (60.0, parameter(Unit.MIDI_NOTE), "60"),
        (4.0, parameter(Unit.OTHER, symbol="samp"), "4 samp"),
        (4.0, parameter(), "4"),
    ],
)
def test_values_are_described_as_people_read_them(value: float, info: ParameterInfo, text: str) -> None:
    assert describe(value, info) == text


def test_bounds_may_be_open() -> None:
    assert takes(parameter(Unit.HZ, 20.0)) == "a number in Hz of at least 20 Hz"
    assert takes(parameter(Unit.HZ, None, 20.0)) == "a number in Hz of at most 20 Hz"
    assert takes(parameter(Unit.GAIN)) == "dB, or an amplitude factor"


def test_a_unit_in_brackets_counts_where_the_metadata_has_none() -> None:
    assert stated_unit(parameter(None, name="Cutoff [Hz]")) is Unit.HZ
    assert stated_unit(parameter(Unit.DB, name="Cutoff [Hz]")) is Unit.DB
    assert stated_unit(parameter(None, name="Ratio (1:n)")) is None
