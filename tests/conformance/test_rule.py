"""The rule of clamping and rounding itself."""

import math

import pytest

from reconciler.model.catalogue import ParameterInfo, ScalePoint
from reconciler.model.conform import conform, limits
from reconciler.model.values import FLOAT32_MAX, float32


def _info(low: float | None, high: float | None, *, toggled: bool = False, integer: bool = False) -> ParameterInfo:
    return ParameterInfo("x", "X", 0, 0.0, low, high, toggled=toggled, integer=integer)


@pytest.mark.parametrize(("value", "kept"), [(0.5, 1), (-0.5, -1), (1.49, 1), (2.5, 3), (-2.5, -3), (7, 3), (-9, -3)])
def test_integers_round_halves_away_from_zero_within_the_range(value: float, kept: float) -> None:
    assert conform(_info(-3, 3, integer=True), value) == kept


def test_no_negative_zero_comes_from_rounding() -> None:
    assert math.copysign(1, conform(_info(-3, 3, integer=True), -0.2)) == 1


def test_a_toggle_uses_the_ends_of_its_own_range() -> None:
    assert [conform(_info(None, None, toggled=True), value) for value in (0.4, 0.5, 9)] == [0, 1, 1]
    assert [conform(_info(-1, 3, toggled=True), value) for value in (0.9, 1.0)] == [-1, 3]


def test_open_ranges_end_where_float32_ends() -> None:
    assert conform(_info(None, None), 1e300) == FLOAT32_MAX
    assert conform(_info(0, None), -1) == 0
    assert conform(_info(None, 5), 1e300) == 5


def test_a_range_upside_down_binds_nothing() -> None:
    assert conform(_info(1, 0), 7) == 7


def test_ranges_that_follow_the_sample_rate() -> None:
    info = ParameterInfo("x", "X", 0, 100.0, 4.8, 21600.0, per_sample_rate=True)
    assert limits(info) == (float32(4.8), 21600.0)
    assert limits(info, 96000) == (float32(9.6), 43200.0)
    assert conform(info, 40000, 96000) == 40000
    assert conform(info, 40000) == 21600


def test_an_enumeration_goes_to_its_nearest_point() -> None:
    points = (ScalePoint("a", 0.1), ScalePoint("b", 2.0), ScalePoint("c", 10.0))
    info = ParameterInfo("x", "X", 0, 0.1, 0.0, 10.0, enumeration=True, scale_points=points)
    assert [conform(info, value) for value in (0, 1, 1.2, 7, 99)] == [float32(0.1), float32(0.1), 2, 10, 10]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_conforms_to_nothing(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        conform(_info(0, 1), value)
