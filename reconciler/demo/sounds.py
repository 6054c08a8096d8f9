"""Signals for the demo and what is measured of them. numpy comes with the ``dev`` extra."""

import math

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono: shape (frames,). Several channels: shape (channels, frames). Full scale is 1.0."""

FORMANTS_HZ = ((700.0, 130.0, 1.0), (1220.0, 170.0, 0.5), (2600.0, 250.0, 0.25))
"""Centre, half width and weight of the vowel *a* of a low voice, roughly."""


def voice(seconds: float, rate: int, *, level_dbfs: float = -24.0) -> Samples:
    """Return a signal that moves like speech: a buzzing vowel in syllables, hum below it and hiss between.

    Parameters
    ----------
    seconds
        Length.
    rate
        Sample rate in Hz.
    level_dbfs
        RMS level over the whole signal, in dB relative to full scale (a microphone with headroom).

    Returns
    -------
    Samples
        Shape (frames,). The same arguments give the same samples, so that two takes can be compared.
    """
    time = np.arange(round(seconds * rate)) / rate
    pitch = 118.0 * (1.0 + 0.02 * np.sin(2 * math.pi * 4.7 * time))
    phase = 2 * math.pi * np.cumsum(pitch) / rate
    vowel = np.zeros_like(time)
    for harmonic in range(1, 40):
        frequency = 118.0 * harmonic
        weight = sum(w / (1.0 + ((frequency - centre) / width) ** 2) for centre, width, w in FORMANTS_HZ)
        vowel += (weight + 0.15 / harmonic) * np.sin(harmonic * phase + harmonic**2)
    syllables = np.clip(np.sin(2 * math.pi * 3.1 * time), 0.0, None) ** 0.7
    words = (np.sin(2 * math.pi * 0.45 * time + 0.4) > -0.55).astype(float)
    words = np.convolve(words, np.hanning(rate // 40) / np.hanning(rate // 40).sum(), mode="same")
    speech = vowel * syllables * words
    speech *= 10 ** (level_dbfs / 20) / math.sqrt(float(np.mean(speech**2)))
    hiss = np.random.default_rng(1).normal(0.0, 10 ** (-70 / 20), time.size)
    hum = 10 ** (-58 / 20) * np.sin(2 * math.pi * 50.0 * time)
    return np.asarray(speech + hiss + hum, dtype=np.float32)


def rms_dbfs(samples: Samples) -> float:
    """Return the RMS level in dB relative to a full-scale square wave; silence gives -inf."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return 10 * math.log10(power) if power > 0 else -math.inf


def peak_dbfs(samples: Samples) -> float:
    """Return the highest sample in dB relative to full scale; silence gives -inf."""
    peak = float(np.max(np.abs(samples)))
    return 20 * math.log10(peak) if peak > 0 else -math.inf
