"""The vocabulary that planner, executor and engines share: one action is one call that changes the studio."""

import msgspec

from reconciler.model.resources import JackSettings, MidiMap


class StartServer(msgspec.Struct, frozen=True, tag_field="call", tag="start-server"):
    """Start a JACK server with these settings."""

    settings: JackSettings


class RestartServer(msgspec.Struct, frozen=True, tag_field="call", tag="restart-server"):
    """Stop the JACK server that studio started and start it anew; every client is lost."""

    settings: JackSettings


class SetPeriod(msgspec.Struct, frozen=True, tag_field="call", tag="set-period"):
    """Change the running server's period (buffer size)."""

    frames: int


class AddPlugin(msgspec.Struct, frozen=True, tag_field="call", tag="add-plugin"):
    """Load a plugin under a name nobody has; it comes up unconnected."""

    name: str
    plugin: str


class RemovePlugin(msgspec.Struct, frozen=True, tag_field="call", tag="remove-plugin"):
    """Unload a plugin; its links go with it."""

    name: str


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


class Connect(msgspec.Struct, frozen=True, tag_field="call", tag="connect"):
    """Connect two ports."""

    source: str
    target: str


class Disconnect(msgspec.Struct, frozen=True, tag_field="call", tag="disconnect"):
    """Disconnect two ports."""

    source: str
    target: str


Call = (
    StartServer
    | RestartServer
    | SetPeriod
    | AddPlugin
    | RemovePlugin
    | RenamePlugin
    | SetActive
    | SetProgram
    | SetParam
    | SetMix
    | MapMidi
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
