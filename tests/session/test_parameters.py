"""What a person wrote for a parameter, against what the plugin has."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.catalogue import ENABLED, ParameterInfo, PluginType, PresetInfo, ScalePoint, Unit
from reconciler.model.errors import StudioError, Where
from reconciler.model.values import float32
from reconciler.session.parameters import resolve, resolve_program

HERE = Where("studio.yaml", 7, 12)

COMPRESSOR = PluginType(
    "lv2:urn:test:compressor",
    "Test Compressor",
    parameters=(
        # As LSP prints them: edges of few digits, a linear gain called "G".
        ParameterInfo("al", "Attack threshold", 3, 0.25, 0.0631, 1.0, Unit.GAIN, "G", logarithmic=True),
        ParameterInfo("g_in", "Input gain", 4, 1.0, 0.0, 15.84893, Unit.GAIN, "G"),
        ParameterInfo("at", "Attack time", 5, 20.0, 0.0, 2000.0, Unit.MS, "ms"),
        ParameterInfo("freq", "Frequency", 6, 1000.0, 10.0, 20000.0, Unit.HZ, "Hz"),
        ParameterInfo("makeup", "Makeup gain (dB)", 7, 0.0, 0.0, 24.0),
        ParameterInfo("mix", "Mix", 8, 0.5, 0.0, 1.0),
        ParameterInfo("cr", "Ratio", 9, 4.0, 1.0),
        ParameterInfo("bypass", "Bypass", 10, 0.0, 0.0, 1.0, toggled=True),
        ParameterInfo("enabled", "Enabled", 11, 1.0, 0.0, 1.0, designation=ENABLED),
        ParameterInfo("two", "Two", 12, 0.0, 0.0, 1.0, integer=True),
        ParameterInfo("voices", "Voices", 13, 4.0, 1.0, 16.0, integer=True),
        ParameterInfo("note", "Lowest note", 14, 0.0, 0.0, 127.0, Unit.MIDI_NOTE, integer=True),
        ParameterInfo("tune", "Tune", 15, 0.0, -24.0, 24.0, Unit.SEMITONE, integer=True),
        ParameterInfo(
            "mode",
            "Detection mode",
            16,
            1.0,
            0.0,
            3.0,
            integer=True,
            enumeration=True,
            scale_points=(
                ScalePoint("Peak", 0.0),
                ScalePoint("RMS", 1.0),
                ScalePoint("Low-Pass", 2.0),
                ScalePoint("4", 3.0),
            ),
        ),
        ParameterInfo(
            "depth", "Depth", 17, 0.0, 0.0, 10.0, scale_points=(ScalePoint("Off", 0.0), ScalePoint("Full", 10.0))
        ),
        ParameterInfo("band_1", "Gain", 18, 0.0, -18.0, 18.0, Unit.DB),
        ParameterInfo("band_2", "Gain", 19, 0.0, -18.0, 18.0, Unit.DB),
        ParameterInfo("tenth", "Tenth", 20, 0.1, 0.1, 0.3),
        ParameterInfo("free", "Free", 21, 0.0),
    ),
    outputs=(ParameterInfo("gr", "Gain reduction", 2, 0.0, unit=Unit.GAIN),),
    presets=(
        PresetInfo("urn:test:warm", "Warm"),
        PresetInfo("urn:test:loud", "Loud"),
        PresetInfo("urn:test:loud-2", "LOUD"),
        PresetInfo("urn:test:voice-1", "Voice"),
        PresetInfo("urn:test:voice-2", "Voice"),
    ),
)


def value(key: str, raw: float | bool | str) -> float:
    return resolve(COMPRESSOR, key, raw, HERE)[1]


def refusal(key: str, raw: float | bool | str) -> StudioError:
    with pytest.raises(StudioError) as caught:
        resolve(COMPRESSOR, key, raw, HERE)
    assert caught.value.where == HERE
    return caught.value


@pytest.mark.parametrize(
    ("key", "symbol"),
    [
        ("al", "al"),
        ("Attack threshold", "al"),
        ("attack THRESHOLD", "al"),
        ("Makeup gain (dB)", "makeup"),
        ("makeup gain", "makeup"),
        ("#9", "cr"),
        ("mix", "mix"),
        ("Mix", "mix"),
    ],
)
def test_a_parameter_is_found_by_symbol_name_or_number(key: str, symbol: str) -> None:
    info, _ = resolve(COMPRESSOR, key, next(p for p in COMPRESSOR.parameters if p.symbol == symbol).default, HERE)
    assert info.symbol == symbol


def test_a_symbol_wins_over_another_s_name() -> None:
    kind = PluginType("lv2:urn:x", "X", parameters=(ParameterInfo("a", "b", 0, 0.0), ParameterInfo("b", "a", 1, 0.0)))
    assert resolve(kind, "a", 1)[0].index == 0


@pytest.mark.parametrize(
    ("key", "code", "hint"),
    [
        ("atack threshold", "unknown-parameter", "did you mean al (Attack threshold)?"),
        ("FREQ1", "unknown-parameter", "did you mean freq (Frequency)?"),
        ("#99", "unknown-parameter", ""),
        ("zzzzzz", "unknown-parameter", "al (Attack threshold), g_in (Input gain)"),
        ("gain", "ambiguous-parameter", "band_1, band_2"),
        ("gr", "not-a-control", "watched"),
        ("Gain Reduction", "not-a-control", "watched"),
    ],
)
def test_an_unknown_parameter_is_refused_with_a_way_on(key: str, code: str, hint: str) -> None:
    error = refusal(key, 1.0)
    assert error.code == code
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("key", "raw", "expected"),
    [
        ("al", "-12 dB", 10 ** (-12 / 20)),
        ("al", 0.5, 0.5),
        ("al", 1, 1.0),
        ("g_in", "-inf dB", 0.0),
        ("g_in", "0.5 G", 0.5),
        ("at", "0.5 s", 500.0),
        ("freq", "1.2 kHz", 1200.0),
        ("freq", "A4", 440.0),
        ("makeup", "6 dB", 6.0),
        ("mix", "45%", 0.45),
        ("cr", 1000, 1000.0),
        ("free", -1e30, -1e30),
        ("bypass", True, 1.0),
        ("bypass", False, 0.0),
        ("bypass", "on", 1.0),
        ("bypass", "OFF", 0.0),
        ("bypass", 1, 1.0),
        ("enabled", False, 0.0),
        ("enabled", "off", 0.0),
        ("two", True, 1.0),
        ("voices", 8, 8.0),
        ("voices", 8.0, 8.0),
        ("voices", "8", 8.0),
        ("note", "C4", 60.0),
        ("tune", "1 oct", 12.0),
        ("tune", "149 ct", 1.0),
        ("mode", "rms", 1.0),
        ("mode", "Low-pass", 2.0),
        ("mode", 2, 2.0),
        ("mode", 2.0, 2.0),
        ("mode", "4", 3.0),
        ("mode", "2", 2.0),
        ("depth", "full", 10.0),
        ("depth", 3.5, 3.5),
        ("mix", -0.0, 0.0),
    ],
)
def test_values(key: str, raw: float | bool | str, expected: float) -> None:
    result = value(key, raw)
    assert result == float32(expected)
    assert type(result) is float
    assert math.copysign(1.0, result) == math.copysign(1.0, expected) or result == 0.0


def test_zero_has_no_sign() -> None:
    assert math.copysign(1.0, value("mix", -0.0)) == 1.0


@pytest.mark.parametrize(
    ("key", "raw", "edge"),
    [
        ("al", "-24 dB", 0.0631),  # 0.063096 by arithmetic; the plugin prints its edge as 0.063100
        ("g_in", "24 dB", 15.84893),
        ("tenth", 0.1, 0.1),
        ("tenth", 0.30000000000000004, 0.3),
        ("tenth", 0.3 * (1 + 2**-23), 0.3),
    ],
)
def test_an_edge_is_reached_whatever_the_last_digit(key: str, raw: float | str, edge: float) -> None:
    assert value(key, raw) == float32(edge)


@pytest.mark.parametrize(
    ("key", "raw", "code", "words"),
    [
        ("al", "6 dB", "out-of-range", "from 0.0631 (-24 dB) to 1 (0 dB), not 6 dB, which is 1.9952623"),
        ("al", "-24.1 dB", "out-of-range", "-24.1 dB"),
        ("al", 1.0001, "out-of-range", "0.0631 (-24 dB) to 1 (0 dB)"),
        ("al", "-inf dB", "out-of-range", "-inf dB"),
        ("at", "-1 ms", "out-of-range", "from 0 ms to 2000 ms"),
        ("freq", 20001, "out-of-range", "from 10 Hz to 20000 Hz"),
        ("cr", 0.5, "out-of-range", "at least 1"),
        ("voices", 17, "out-of-range", "1 to 16"),
        ("note", "A9", "out-of-range", "MIDI note"),
        ("mix", math.nan, "not-finite", "nan"),
        ("mix", math.inf, "not-finite", "inf"),
        ("free", 1e39, "not-finite", "1e+39"),
        ("free", 10**400, "not-finite", "so large a number"),
        ("free", "nan", "bad-quantity", "nan"),
        ("voices", 2.5, "not-a-whole-number", "2.5"),
        ("voices", "2.5", "not-a-whole-number", "2.5"),
        ("mode", 5, "unknown-value", "5"),
        ("mode", 1.5, "unknown-value", "1.5"),
        ("mode", "RMSS", "unknown-value", "RMSS"),
        ("mode", "1 dB", "unknown-value", "1 dB"),
        ("mode", True, "wrong-kind-of-value", "true means nothing"),
        ("mix", True, "wrong-kind-of-value", "no switch"),
        ("mix", "on", "bad-quantity", "on"),
        ("bypass", 0.5, "unknown-value", "0.5"),
        ("bypass", "maybe", "unknown-value", "maybe"),
        ("bypass", "1 dB", "unknown-value", "1 dB"),
        ("mix", "-6 dB", "wrong-unit", "dB"),
        ("mix", "1,5", "decimal-comma", "1,5"),
    ],
)
def test_a_value_the_plugin_does_not_take(key: str, raw: float | bool | str, code: str, words: str) -> None:
    error = refusal(key, raw)
    assert error.code == code
    assert words in error.message
    assert error.hint


def test_hints_name_what_was_meant_or_what_is_taken() -> None:
    assert refusal("mode", "RMSS").hint == 'did you mean "RMS"?'
    assert refusal("mode", 5).hint == "it takes one of Peak (0), RMS (1), Low-Pass (2), 4 (3)"
    assert refusal("al", 2).hint == "the nearest it can do is 1 (0 dB)"
    assert refusal("bypass", 0.5).hint == "it takes true or false"


def test_a_label_that_means_two_things_is_refused() -> None:
    points = (ScalePoint("Slow", 0.0), ScalePoint("slow", 1.0))
    kind = PluginType("lv2:urn:x", "X", parameters=(ParameterInfo("s", "S", 0, 0.0, 0.0, 1.0, scale_points=points),))
    assert resolve(kind, "s", "slow")[1] == 1.0
    with pytest.raises(StudioError) as caught:
        resolve(kind, "s", "SLOW")
    assert caught.value.code == "ambiguous-value"


@given(st.floats(10.0, 20000.0))
def test_every_value_in_range_comes_out_as_its_float32(raw: float) -> None:
    result = value("freq", raw)
    assert result == float32(raw)
    assert float32(result) == result
    assert value("freq", result) == result


@given(st.one_of(st.floats(), st.integers(), st.text(), st.booleans()), st.sampled_from(COMPRESSOR.parameters))
def test_whatever_is_written_is_a_value_in_range_or_one_error(raw: float | bool | str, info: ParameterInfo) -> None:
    try:
        result = value(info.symbol, raw)
    except StudioError:
        return
    assert float32(result) == result
    assert math.isfinite(result)
    assert info.minimum is None or result >= float32(info.minimum)
    assert info.maximum is None or result <= float32(info.maximum)


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("Warm", "urn:test:warm"),
        ("warm", "urn:test:warm"),
        ("Loud", "urn:test:loud"),
        ("LOUD", "urn:test:loud-2"),
        ("urn:test:voice-2", "urn:test:voice-2"),
        (0, "urn:test:warm"),
        (4, "urn:test:voice-2"),
    ],
)
def test_a_program_is_found_by_label_uri_or_number(written: str | int, uri: str) -> None:
    assert resolve_program(COMPRESSOR, written, HERE).uri == uri


@pytest.mark.parametrize(
    ("written", "code", "hint"),
    [
        ("Worm", "unknown-program", 'did you mean "Warm"?'),
        ("zzz", "unknown-program", "it has Warm, Loud"),
        (5, "unknown-program", "its programs are 0 to 4"),
        (-1, "unknown-program", "its programs are 0 to 4"),
        ("voice", "ambiguous-program", "urn:test:voice-1, urn:test:voice-2"),
        ("loud", "ambiguous-program", "urn:test:loud"),
    ],
)
def test_an_unknown_program_is_refused_with_a_way_on(written: str | int, code: str, hint: str) -> None:
    with pytest.raises(StudioError) as caught:
        resolve_program(COMPRESSOR, written, HERE)
    assert (caught.value.code, caught.value.where) == (code, HERE)
    assert hint in (caught.value.hint or "")


def test_a_plugin_may_have_nothing_at_all() -> None:
    bare = PluginType("lv2:urn:bare", "Bare")
    for call in (lambda: resolve(bare, "x", 1), lambda: resolve_program(bare, 0), lambda: resolve_program(bare, "x")):
        with pytest.raises(StudioError) as caught:
            call()
        assert (caught.value.hint or "").startswith("it has no p")
