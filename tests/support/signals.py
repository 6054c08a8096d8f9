"""Known signals, and measures of what came of them. All are float32, shape (frames,), full scale 1.0."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
RATE_HZ = 48000
"""The rate of the tests' servers."""


def sine(frequency_hz: float, seconds: float = 1.0, peak: float = 0.5) -> Samples:
    """A sine that starts at zero. Whole periods in ``seconds`` make it loop without a step."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (peak * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def constant(value: float, seconds: float = 1.0) -> Samples:
    """The same value throughout."""
    return np.full(round(seconds * RATE_HZ), value, np.float32)


def noise(seconds: float = 1.0, peak: float = 0.5, seed: int = 1) -> Samples:
    """White noise, the same for the same seed."""
    return np.random.default_rng(seed).uniform(-peak, peak, round(seconds * RATE_HZ)).astype(np.float32)


def counter(seconds: float = 1.0) -> Samples:
    """A ramp that names every sample: frame n has the value n / 2^20, exact in float32 for 21 seconds."""
    return (np.arange(round(seconds * RATE_HZ)) / 2**20).astype(np.float32)


def rms_db(samples: Samples) -> float:
    """Level in dB relative to full scale; a full-scale sine is -3.01, silence is -inf."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * float(np.log10(power)) if power > 0 else -np.inf


def peak_db(samples: Samples) -> float:
    """Highest sample in dB relative to full scale; silence is -inf."""
    peak = float(np.max(np.abs(samples)))
    return 20 * float(np.log10(peak)) if peak > 0 else -np.inf


def tone_db(samples: Samples, frequency_hz: float) -> float:
    """Peak level, in dB relative to full scale, of one frequency within the samples (Hann window)."""
    window = np.hanning(len(samples))
    turn = np.exp(-2j * np.pi * frequency_hz * np.arange(len(samples)) / RATE_HZ)
    amplitude = 2 * abs(np.sum(samples * window * turn)) / np.sum(window)
    return 20 * float(np.log10(amplitude)) if amplitude > 0 else -np.inf
