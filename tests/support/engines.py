"""Both hosts that ``engine.host: auto`` may mean, whichever of them is installed."""

import pytest

NOWHERE = "/nowhere"
"""A prefix without a Carla."""

BOTH = [pytest.param("jalv", marks=pytest.mark.jalv), pytest.param("carla", marks=pytest.mark.carla)]


def let_auto_mean(engine: str, patch: pytest.MonkeyPatch) -> None:
    """Let ``auto`` take that engine, here and in every command: with Carla out of sight it takes jalv."""
    if engine == "jalv":
        patch.setenv("CARLA_PREFIX", NOWHERE)
