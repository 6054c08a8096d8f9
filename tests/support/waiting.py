"""Wait for something to become true, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, within_s: float = 5.0, what: str = "") -> T:
    """Call ``condition`` until it answers something true, and return that.

    Raises
    ------
    AssertionError
        It was still false after ``within_s`` seconds.
    """
    deadline = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what or condition}"
        time.sleep(0.002)
    return answer
