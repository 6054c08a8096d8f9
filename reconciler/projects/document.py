"""What a Carla project file says, as it says it: Carla's own words, numbers and order.

The format is what ``CarlaEngine::saveProjectInternal`` and ``CarlaStateUtils.cpp`` of Carla 2.6 write. Nothing here
is in the words of a manifest yet.
"""

import msgspec

from reconciler.model.errors import StudioError, Where

CHUNK = "http://kxstudio.sf.net/ns/carla/chunk"
PATH = "http://kxstudio.sf.net/ns/carla/path"
PROPERTY = "http://kxstudio.sf.net/ns/carla/property"
STRING = "http://kxstudio.sf.net/ns/carla/string"
"""Types of custom data, ``CUSTOM_DATA_TYPE_…`` of ``CarlaBackend.h``."""

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
}
"""Carla's words for a type of plugin, in lower case, and ours (``getPluginTypeFromString``)."""

MODES = ("multiple-clients", "patchbay")


class SavedParameter(msgspec.Struct, frozen=True):
    """One parameter. ``value`` is None where only the mapping is kept, as for plugins with a chunk."""

    index: int
    name: str = ""
    symbol: str = ""
    value: float | None = None
    """In multiples of the sample rate where the plugin's range follows it."""
    control: int | None = None
    """Control index: a MIDI control change, or one of Carla's special ones; None for none."""
    channel: int = 0
    """0..15."""
    low: float | None = None
    high: float | None = None


class SavedData(msgspec.Struct, frozen=True):
    """One entry of custom data."""

    type: str
    key: str
    value: str


class SavedPlugin(msgspec.Struct, frozen=True):
    """One plugin. Programs and banks count from 0, the control channel too (-1 is none)."""

    type: str
    """As Carla writes it, such as ``LV2``."""
    name: str
    label: str = ""
    """URI, label or identifier; which one is a matter of the type."""
    binary: str = ""
    unique_id: int = 0
    active: bool = True
    dry_wet: float = 1.0
    volume: float = 1.0
    balance_left: float = -1.0
    balance_right: float = 1.0
    panning: float = 0.0
    control_channel: int = -1
    options: int | None = None
    """Bits of :data:`reconciler.model.options.OPTIONS`; None where the file has none."""
    parameters: tuple[SavedParameter, ...] = ()
    program: int | None = None
    program_name: str = ""
    midi_bank: int | None = None
    midi_program: int | None = None
    custom_data: tuple[SavedData, ...] = ()
    chunk: str | None = None
    """Base64."""

    @property
    def scheme(self) -> str | None:
        """The scheme of its ``plugin:`` URI, None for a type that studio does not know."""
        return SCHEMES.get(self.type.lower())


class Project(msgspec.Struct, frozen=True):
    """One project."""

    version: str
    plugins: tuple[SavedPlugin, ...] = ()
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
        return MODES[0] if self.internal is None else MODES[1]


def corrupt(file: str, why: str, line: int | None = None, column: int | None = None) -> StudioError:
    """Return the error for a project file that cannot be read."""
    hint = "open it in Carla and save it again, or take a backup"
    return StudioError("project-corrupt", f"this Carla project is damaged: {why}", where=Where(file, line, column), hint=hint)
