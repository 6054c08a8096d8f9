"""The state of a session in a folder of its own."""

from pathlib import Path

import pytest

from reconciler.history.record import Generation, Record
from reconciler.model.resources import Capabilities, Engine, Link, Observed, Plugin
from reconciler.session.session import Session

ENGINE = Engine("memory", Capabilities(frozenset({"lv2"}), bypass=True, programs=True, rename=True))


def generation(number: int, *plugins: Plugin, links: frozenset[Link] = frozenset()) -> Generation:
    """A small but whole generation."""
    session = Session("s", plugins={plugin.name: plugin for plugin in plugins})
    observed = Observed(ENGINE, None, plugins=session.plugins)
    return Generation(number, 1e9, "/studio.yaml", "ab" * 32, session, links, observed, observed)


@pytest.fixture
def record(isolated_xdg: Path) -> Record:
    """The record of a session that was never applied."""
    return Record("s")
