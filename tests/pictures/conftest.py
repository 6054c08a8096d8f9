"""A record of its own for each picture's session."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was ever applied before the test."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
