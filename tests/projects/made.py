"""Projects as Carla would save them, of plugins that need no machine."""

from pathlib import Path
from typing import Any

from reconciler.engines.memory.catalogue import MemoryCatalogue
from reconciler.manifest.load import parse
from reconciler.model.states import Saved, State
from reconciler.projects.document import Project
from reconciler.projects.importing import Imported, import_project
from reconciler.projects.text import render
from reconciler.session.compile import compile_session
from reconciler.session.session import Session

MEMORY = "urn:studio:memory:"
CATALOGUE = MemoryCatalogue()
FOLDER = Path("/studio")
ALL_ON = 0x3F0
"""Options of a plugin with MIDI input that nobody changed."""


def lv2(name: str, plugin: str, *parameters: Saved, **rest: Any) -> State:
    """A plugin of the memory engine, as Carla would save it."""
    return State("LV2", name, MEMORY + plugin, parameters=parameters, **rest)


def value(symbol: str, number: float | None, **rest: Any) -> Saved:
    """One parameter of an LV2 plugin."""
    return Saved(0, symbol, symbol, number, **rest)


def imported(*plugins: State, **rest: Any) -> Imported:
    """A project of these plugins, imported."""
    return import_project(Project(plugins, **rest), CATALOGUE, session="test", folder=FOLDER, file="test.carxp")


def spec(plugin: State, **rest: Any) -> dict[str, Any]:
    """What stands in the manifest under the name of a project's only plugin."""
    (found,) = imported(plugin, **rest).manifest["plugins"].values()
    assert isinstance(found, dict)
    return found


def compiled(found: Imported) -> Session:
    """What the manifest means, from its text."""
    return compile_session(parse(render(found.manifest, found.notes), FOLDER / "test.yaml"), CATALOGUE)
