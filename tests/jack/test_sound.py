"""The tape itself, and that sound goes where the graph's links say."""

import numpy as np
import pytest

from reconciler.engines.jack.graph import JackGraph
from tests.support import signals
from tests.support.audio import let_sound_pass, play_and_record, rolling
from tests.support.jackd import Jackd

pytestmark = pytest.mark.jack


def test_what_is_played_is_what_is_recorded(jack_server: str) -> None:
    signal = signals.counter(1)
    take = play_and_record({"system:playback_1": signal}, ["tape:play_1"], 1)
    heard = take["tape:play_1"]
    assert take.rate_hz == signals.RATE_HZ
    assert heard.shape == (signals.RATE_HZ,)
    # A loop back into the own input takes no time. A late machine loses whole periods, never samples within one.
    if take.xruns == 0:
        np.testing.assert_array_equal(heard, signal)
    assert np.mean(np.diff(heard * 2**20) == 1) > 0.95


def test_levels_are_measured_right() -> None:
    tone = signals.sine(1000, peak=0.5)
    assert signals.peak_db(tone) == pytest.approx(-6.02, abs=0.01)
    assert signals.rms_db(tone) == pytest.approx(-9.03, abs=0.01)
    assert signals.tone_db(tone, 1000) == pytest.approx(-6.02, abs=0.01)
    assert signals.tone_db(tone, 3000) < -100
    assert signals.rms_db(signals.constant(0)) == -np.inf
    np.testing.assert_array_equal(signals.noise(), signals.noise())


def test_sound_follows_the_link_made_and_stops_with_it(jack_server: str) -> None:
    graph = JackGraph()
    try:
        play = {"system:playback_1": signals.constant(0.25), "system:playback_2": signals.constant(0.5)}
        with rolling(play, ["tape:play_1"], limit_s=10) as take:
            let_sound_pass(2000)
            graph.disconnect("tape:play_1", "tape:record_1")
            let_sound_pass(2000)
            graph.connect("tape:play_2", "tape:record_1")
            let_sound_pass(2000)
        heard = take["tape:play_1"]
    finally:
        graph.close()
    assert heard[1000] == 0.25
    assert heard[-1] == 0.5
    assert set(np.unique(heard)) == {0.0, 0.25, 0.5}
    assert 0.0 in heard[np.argmax(heard == 0.25) : np.argmax(heard == 0.5)], "silence while nothing was linked"


def test_a_recording_whose_server_dies_fails(fresh_jack_server: Jackd) -> None:
    def record() -> None:
        with rolling({}, ["system:capture_1"]):
            fresh_jack_server.kill()

    with pytest.raises(AssertionError, match="the recording failed"):
        record()


def test_a_recording_from_nowhere_fails(jack_server: str) -> None:
    with pytest.raises(AssertionError, match="no:port"):
        play_and_record({"no:port": signals.sine(440)}, [], 0.1)
