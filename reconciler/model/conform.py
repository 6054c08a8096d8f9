"""What a plugin makes of a value: clamped to its range, then rounded as its kind asks.

One rule for planner, fake and adapters, because jalv has none of its own: it takes out-of-range values and NaN, and
they reach the audio output (measured). The rule is Carla's (measured): clamp to the range, integers to the nearest,
halves away from zero, toggles to the end that is nearer, the middle counting as on.
"""

import math

from reconciler.model.catalogue import REFERENCE_RATE, ParameterInfo
from reconciler.model.values import FLOAT32_MAX, float32


def conform(info: ParameterInfo, value: float, rate_hz: float = REFERENCE_RATE) -> float:
    """Return the float32 that a parameter keeps when it is asked to be ``value``.

    Parameters
    ----------
    info
        The parameter; a limit it does not state is not applied.
    value
        Finite, in the plugin's own unit. What is beyond float32 clamps to the largest float32.
    rate_hz
        The server's sample rate, which the range of some parameters follows.

    Raises
    ------
    ValueError
        ``value`` is NaN or infinite; no plugin may ever be given one.
    """
    if not math.isfinite(value):
        raise ValueError(f"{info.symbol} cannot be {value}")
    low, high = limits(info, rate_hz)
    exact = min(max(float32(value), low), high)
    if info.toggled:
        off = 0.0 if info.minimum is None else low
        on = 1.0 if info.maximum is None else high
        return on if exact >= (on + off) / 2 else off
    if info.enumeration and info.scale_points:
        return min((float32(point.value) for point in info.scale_points), key=lambda known: abs(known - exact))
    if info.integer:
        return min(max(_nearest(exact), low), high)
    return exact


def limits(info: ParameterInfo, rate_hz: float = REFERENCE_RATE) -> tuple[float, float]:
    """Return the range as float32; a side that the plugin leaves open is the largest finite float32.

    A range that is upside down (minimum above maximum, seen in the wild) binds nothing.
    """
    scale = rate_hz / REFERENCE_RATE if info.per_sample_rate else 1.0
    low = -FLOAT32_MAX if info.minimum is None else max(float32(info.minimum * scale), -FLOAT32_MAX)
    high = FLOAT32_MAX if info.maximum is None else min(float32(info.maximum * scale), FLOAT32_MAX)
    return (low, high) if low <= high else (-FLOAT32_MAX, FLOAT32_MAX)


def _nearest(value: float) -> float:
    """Round half away from zero, as C's ``round`` does and Python's does not."""
    return math.copysign(math.floor(abs(value) + 0.5), value) + 0.0
