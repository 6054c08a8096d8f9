"""A project as the XML that Carla loads, in the order and the words in which it saves."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape

from reconciler.model import states
from reconciler.model.values import text as shortest
from reconciler.projects.document import Project

VERSION = "2.6"
"""The format's version that we write; every Carla 2 reads it."""


def project_text(project: Project) -> str:
    """Return a project file's text."""
    lines = [
        "<?xml version='1.0' encoding='UTF-8'?>",
        "<!DOCTYPE CARLA-PROJECT>",
        f"<CARLA-PROJECT VERSION='{VERSION}'>",
        " <EngineSettings>",
        f"  <ForceStereo>{_bool(project.force_stereo)}</ForceStereo>",
        f"  <PreferPluginBridges>{_bool(project.bridges)}</PreferPluginBridges>",
        " </EngineSettings>",
    ]
    if project.tempo is not None:
        lines += ["", " <Transport>", f"  <BeatsPerMinute>{shortest(project.tempo)}</BeatsPerMinute>", " </Transport>"]
    for plugin in project.plugins:
        lines += ["", " <Plugin>", *states.elements(plugin), " </Plugin>"]
    if project.internal is not None:
        lines += ["", " <Patchbay>", *_connections(project.internal), " </Patchbay>"]
    lines += ["", " <ExternalPatchbay>", *_connections(project.external), " </ExternalPatchbay>"]
    return "\n".join([*lines, "</CARLA-PROJECT>"]) + "\n"


def _connections(connections: Iterable[tuple[str, str]]) -> Iterator[str]:
    for source, target in connections:
        yield "  <Connection>"
        yield f"   <Source>{escape(source)}</Source>"
        yield f"   <Target>{escape(target)}</Target>"
        yield "  </Connection>"


def _bool(value: bool) -> str:
    return "true" if value else "false"
