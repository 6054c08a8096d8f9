"""How fast the command starts, and what it does not import."""

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.benchmark

HEAVY = ("numpy", "scipy", "mcp", "deepdiff", "ruamel", "rich", "asyncio")


def _best_ms(command: list[str], runs: int = 15) -> float:
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def test_version_starts_within_twice_bare_python_and_60_ms(capsys: pytest.CaptureFixture[str]) -> None:
    bare = _best_ms([sys.executable, "-c", "pass"])
    version = _best_ms([sys.executable, "-m", "reconciler", "--version"])
    limit = 2 * bare + 60
    with capsys.disabled():
        print(f"\nstudio --version: {version:.0f} ms, python -c pass {bare:.0f} ms, limit {limit:.0f} ms,"
              f" ratio to the limit {version / limit:.2f}")  # fmt: skip
    assert version <= limit


def test_plan_imports_nothing_heavy() -> None:
    code = (
        "import sys; from reconciler.execution.desk import Desk; from reconciler.planning.text import render;"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.split() == []
