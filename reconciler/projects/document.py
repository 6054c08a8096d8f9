"""What a Carla project file says, as it says it: Carla's own words, numbers and order.

A plugin in it is what a state file of that plugin would be (:class:`reconciler.model.states.State`); around the
plugins are the engine's settings and two patchbays. Source: ``CarlaEngine::saveProjectInternal`` of Carla 2.6.
"""

import msgspec

from reconciler.model.errors import StudioError, Where
from reconciler.model.states import State

SCHEMES = {
    "internal": "internal",
    "native": "internal",
    "ladspa": "ladspa",
    "dssi": "dssi",
    "lv2": "lv2",
    "vst2": "vst2",
    "vst": "vst2",
    "vst3": "vst3",
    "clap": "clap",
    "sf2": "sf2",
    "sf3": "sf2",
    "sfz": "sfz",
    "jack": "jack",
}
"""Carla's words for a type of plugin, in lower case, and ours (``getPluginTypeFromString``)."""

MULTIPLE_CLIENTS, PATCHBAY = "multiple-clients", "patchbay"


class Project(msgspec.Struct, frozen=True):
    """One project."""

    plugins: tuple[State, ...] = ()
    internal: tuple[tuple[str, str], ...] | None = None
    """Connections within Carla's patchbay, from ``group:port`` to ``group:port``; None without such a section."""
    external: tuple[tuple[str, str], ...] = ()
    """Connections in JACK."""
    clients: dict[int, str] = {}
    """Name of the JACK client of each plugin that has one, by the plugin's place in the file."""
    tempo: float | None = None
    """In beats per minute."""
    force_stereo: bool = False
    bridges: bool = False

    @property
    def mode(self) -> str:
        """``patchbay`` if connections within Carla have a section of their own. The file does not say it otherwise."""
        return MULTIPLE_CLIENTS if self.internal is None else PATCHBAY


def scheme(plugin: State) -> str | None:
    """Return the scheme of its ``plugin:`` URI, None for a type that studio does not know."""
    return SCHEMES.get(plugin.type.lower())


def corrupt(file: str, why: str) -> StudioError:
    """Return the error for a project file that cannot be read."""
    hint = "open it in Carla and save it again, or take a backup"
    return StudioError("project-corrupt", f"this Carla project is damaged: {why}", where=Where(file), hint=hint)
