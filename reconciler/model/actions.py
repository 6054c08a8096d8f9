"""The vocabulary that planner, executor and engines share: one action is one call that changes the studio."""

import msgspec

from reconciler.model.resources import CustomData, EngineSettings, JackSettings, MidiMap


class StartServer(msgspec.Struct, frozen=True, tag_field="call", tag="start-server"):
    """Start a JACK server with these settings."""

    settings: JackSettings


class RestartServer(msgspec.Struct, frozen=True, tag_field="call", tag="restart-server"):
    """Stop the JACK server that studio started and start it anew; every client is lost."""

    settings: JackSettings


class SetPeriod(msgspec.Struct, frozen=True, tag_field="call", tag="set-period"):
    """Change the running server's period (buffer size)."""

    frames: int


class RestartEngine(msgspec.Struct, frozen=True, tag_field="call", tag="restart-engine"):
    """Stop the plugin host's engine, with every plugin in it, and let it start anew with these settings."""

    settings: EngineSettings


class SetEngine(msgspec.Struct, frozen=True, tag_field="call", tag="set-engine"):
    """Change one setting of the running engine; ``key`` is a field of :class:`EngineSettings`."""

    key: str
    value: bool | float | str


class AddPlugin(msgspec.Struct, frozen=True, tag_field="call", tag="add-plugin", omit_defaults=True):
    """Load a plugin under a name nobody has; it comes up unconnected."""

    name: str
    plugin: str
    bridge: bool = False
    force_stereo: bool = False
    """The one option that holds from the loading on: it makes two ports of one."""


class ReplacePlugin(msgspec.Struct, frozen=True, tag_field="call", tag="replace-plugin", omit_defaults=True):
    """Put another plugin (or the same one anew) in the place of one; it comes up unconnected and at its defaults."""

    name: str
    plugin: str
    bridge: bool = False
    force_stereo: bool = False


class RemovePlugin(msgspec.Struct, frozen=True, tag_field="call", tag="remove-plugin"):
    """Unload a plugin; its links go with it."""

    name: str


class RemoveAll(msgspec.Struct, frozen=True, tag_field="call", tag="remove-all"):
    """Unload every plugin at once."""


class RenamePlugin(msgspec.Struct, frozen=True, tag_field="call", tag="rename-plugin"):
    """Give a plugin another name, in place."""

    name: str
    to: str


class SetActive(msgspec.Struct, frozen=True, tag_field="call", tag="set-active"):
    """Switch a plugin on, or bypass it."""

    name: str
    active: bool


class SetProgram(msgspec.Struct, frozen=True, tag_field="call", tag="set-program"):
    """Load a preset by its URI; None puts every parameter back to the plugin's default."""

    name: str
    program: str | None


class SetParam(msgspec.Struct, frozen=True, tag_field="call", tag="set-param"):
    """Set one parameter; ``value`` is float32-exact and within range."""

    name: str
    symbol: str
    value: float


class SetMix(msgspec.Struct, frozen=True, tag_field="call", tag="set-mix"):
    """Set one of the host's own values around a plugin; ``key`` is one of :data:`reconciler.model.mix.MIX`."""

    name: str
    key: str
    value: float


class MapMidi(msgspec.Struct, frozen=True, tag_field="call", tag="map-midi"):
    """Let a parameter follow MIDI or CV; None lets it go."""

    name: str
    symbol: str
    follows: MidiMap | None


class SetOption(msgspec.Struct, frozen=True, tag_field="call", tag="set-option"):
    """Set one switch of the host for a plugin; ``key`` is one of :data:`reconciler.model.options.OPTIONS`."""

    name: str
    key: str
    value: bool


class SetCustomData(msgspec.Struct, frozen=True, tag_field="call", tag="set-custom-data"):
    """Give a plugin a named value."""

    name: str
    key: str
    data: CustomData


class LoadState(msgspec.Struct, frozen=True, tag_field="call", tag="load-state"):
    """Load a plugin's full state from a file, whose SHA-256 must be ``digest``."""

    name: str
    path: str
    digest: str


class Connect(msgspec.Struct, frozen=True, tag_field="call", tag="connect"):
    """Connect two ports."""

    source: str
    target: str


class Disconnect(msgspec.Struct, frozen=True, tag_field="call", tag="disconnect"):
    """Disconnect two ports."""

    source: str
    target: str


Setting = SetActive | SetProgram | SetParam | SetMix | MapMidi | SetOption | SetCustomData | LoadState
"""What changes a plugin that is there, and no link."""

Call = (
    StartServer
    | RestartServer
    | SetPeriod
    | RestartEngine
    | SetEngine
    | AddPlugin
    | ReplacePlugin
    | RemovePlugin
    | RemoveAll
    | RenamePlugin
    | Setting
    | Connect
    | Disconnect
)


class Action(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call, the change that caused it, and the earlier actions it cannot do without.

    ``id`` is the position in the plan, from 0. ``cause`` is the address of a change.
    """

    id: int
    call: Call
    cause: str
    needs: tuple[int, ...] = ()


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one action: ``done``, ``failed`` (with the error's dict) or ``skipped`` (a need of its failed)."""

    id: int
    status: str
    error: dict[str, object] | None = None
