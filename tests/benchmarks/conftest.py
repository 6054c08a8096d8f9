"""What the benchmarks on a JACK server share."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator

import pytest

from reconciler.model.resources import Link
from tests.support.crowd import crowd
from tests.support.jackd import Jackd


@pytest.fixture
def five_hundred_links(fresh_jack_server: Jackd) -> Iterator[list[Link]]:
    """500 outputs and 500 inputs on a server of their own, none connected yet, and the links to make."""
    with crowd("crowd", pairs=500, server=fresh_jack_server.name):
        yield [Link(f"crowd:out_{number}", f"crowd:in_{number}") for number in range(1, 501)]


@pytest.fixture
def timed() -> Callable[[Callable[[], object]], float]:
    """Return a function that calls another and returns what it took, in ms."""

    def time_ms(call: Callable[[], object]) -> float:
        gc.collect()
        start = time.perf_counter()
        call()
        return 1000 * (time.perf_counter() - start)

    return time_ms


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str, dict[str, list[float]], str], dict[str, float]]:
    """Return a function that prints rows of times beside the one that is the measure, and returns the best of each.

    The best, because what a busy machine adds (10 ms at a time, measured) is never taken off again; the median is
    shown too. Contenders are to be measured in turn, round by round, so that the machine's moods fall on all.
    """

    def show(title: str, times_ms: dict[str, list[float]], measure: str) -> dict[str, float]:
        best = {name: min(times) for name, times in times_ms.items()}
        with capsys.disabled():
            print(f"\n{title} (best of {len(times_ms[measure])}; median)")
            for name, times in times_ms.items():
                ratio = best[name] / best[measure]
                print(f"  {name:<42}{best[name]:8.1f} ms{statistics.median(times):8.1f} ms{ratio:7.2f}x {measure}")
        return best

    return show
