"""The ports of the hexagon: what an engine must offer to be driven by studio.

All three are called from one thread only (JACK hangs and Carla aborts when two threads call in). Every method
either did what it says, read back from the engine, or raises :class:`~reconciler.model.errors.StudioError`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from reconciler.model.actions import Setting
from reconciler.model.errors import StudioError
from reconciler.model.resources import (
    Capabilities,
    CustomData,
    EngineSettings,
    JackSettings,
    Link,
    MidiMap,
    Plugin,
    Port,
    Terminals,
)


class HostedPlugin(msgspec.Struct, frozen=True):
    """One running plugin as its host reports it."""

    plugin: Plugin
    client: str
    """The JACK client that has its ports; not always the name that was asked for."""
    port_names: dict[str, str] | None = None
    """Symbol to the port's name within the client, where the two differ."""


class Crash(msgspec.Struct, frozen=True):
    """A plugin that went away without being asked to."""

    name: str
    plugin: str
    reason: str
    """What is known of its end, for a person: the signal, its last words."""


class PluginHost(Protocol):
    """Holds plugins. Names are unique and the only identity; ids, if the engine has any, stay inside the adapter.

    Values given are float32; an adapter clamps and rounds as the plugin would and refuses NaN and infinity.
    """

    @property
    def kind(self) -> str:
        """``jalv``, ``carla`` or ``memory``."""

    @property
    def capabilities(self) -> Capabilities:
        """What this host can do."""

    @property
    def settings(self) -> EngineSettings:
        """Its own settings as they hold; while the engine is not started, as they will."""

    def restart(self, settings: EngineSettings) -> None:
        """Unload everything and stop the engine; it starts with ``settings`` when it is needed next.

        Raises ``unsupported``.
        """

    def set_engine(self, key: str, value: bool | float | str) -> None:
        """Change one setting while it runs, read back. Raises ``unsupported``, ``not-kept``."""

    @property
    def idle_seconds(self) -> float:
        """How often :meth:`idle` wants to be called while nothing else is; infinity for never."""

    def idle(self) -> None:
        """Do what the engine puts off until nobody asks it anything. Takes microseconds as a rule."""

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin that is alive, in the engine's order, with all its control inputs."""

    def add(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Load ``plugin`` (a ``scheme:…`` URI) as ``name``; with ``bridge`` in a process of its own.

        With ``force_stereo`` a mono side of it becomes two ports, see :mod:`reconciler.model.stereo`.

        Raises
        ------
        EngineError
            ``bad-name``, ``name-taken`` (by any JACK client), ``plugin-not-found``, ``plugin-failed`` (with what it
            printed); the host is as before.
        Unavailable
            ``jack-gone``: no JACK server to live on.
        """

    def replace(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Put another plugin in its place: same name, same position, at its defaults, without links.

        Raises as :meth:`add` does, and ``no-such-plugin``, ``unsupported``. If the new one fails, the old one is gone
        or still there, as :meth:`plugins` then says.
        """

    def remove(self, name: str) -> None:
        """Unload it. Raises ``no-such-plugin``."""

    def remove_all(self) -> None:
        """Unload all at once. Raises ``unsupported``."""

    def rename(self, name: str, to: str) -> None:
        """Rename in place; links stay. Raises ``no-such-plugin``, ``name-taken``, ``unsupported``."""

    def set_active(self, name: str, active: bool) -> None:
        """Switch on or bypass: by the control designated ``lv2:enabled`` where there is one, else by the host.

        Raises ``no-such-plugin``, ``unsupported``.
        """

    def set_program(self, name: str, program: str | None) -> None:
        """Load a preset by URI; None puts every parameter to its default.

        Neither touches ``active``: a control designated ``lv2:enabled`` stays as it is, even if the preset names it.
        Raises ``no-such-plugin``, ``no-such-program``, ``unsupported``.
        """

    def set_param(self, name: str, symbol: str, value: float) -> float:
        """Set one control input and return what the plugin now holds.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``not-finite``.
        """

    def set_mix(self, name: str, key: str, value: float) -> float:
        """Set one of the host's values around a plugin and return what it now holds; keys as in ``capabilities.mix``.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``unsupported``, ``not-finite``.
        """

    def map_midi(self, name: str, symbol: str, follows: MidiMap | None) -> None:
        """Let a parameter follow MIDI or CV, read back; None lets it go.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``no-such-parameter``, ``unsupported``, ``not-kept``.
        """

    def set_option(self, name: str, key: str, value: bool) -> None:
        """Set one switch of the host for a plugin, read back.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``unsupported``: an option that this plugin does not have; ``not-kept``.
        """

    def set_custom_data(self, name: str, key: str, data: CustomData) -> None:
        """Give a plugin a named value, read back. Raises ``no-such-plugin``, ``unsupported``, ``not-kept``."""

    def load_state(self, name: str, path: str, digest: str) -> None:
        """Load a plugin's full state from a file.

        Raises
        ------
        EngineError
            ``no-such-plugin``, ``unsupported``; ``bad-state``: it is not there, is none, is another plugin's, or is
            not the one whose SHA-256 is ``digest``.
        """

    def show_ui(self, name: str, *, shown: bool = True) -> None:
        """Open or close the plugin's own window on this process's display, and see that it has come or gone.

        Raises ``no-such-plugin``, ``unsupported``, ``no-ui``, ``ui-failed``, ``no-display``.
        """

    def crashes(self) -> list[Crash]:
        """Plugins that went away by themselves since the host started, oldest first (the last 100)."""

    def server_lost(self) -> None:
        """The JACK server died: let go of everything that lived on it."""

    def close(self) -> None:
        """Unload everything and leave no process behind."""


@runtime_checkable
class SetsTogether(Protocol):
    """A :class:`PluginHost` whose reading back costs so much that settings in a row share one."""

    @property
    def together(self) -> tuple[type[Setting], ...]:
        """The kinds of settings that can share one."""

    def set_together(self, calls: Sequence[Setting]) -> list[StudioError | None]:
        """Set them all, each with a target of its own, and return for each what went wrong, read back.

        What a call returns or raises when it is made alone is told here in the same words.
        """


class AudioGraph(Protocol):
    """The ports and links of a JACK server, by their JACK names (``client:port``)."""

    @property
    def alive(self) -> bool:
        """Whether the server answers. Only the shutdown callback knows; reads keep working after death."""

    def settings(self) -> JackSettings:
        """Return what is known of the running server: name, sample rate, period, realtime."""

    def ports(self) -> Mapping[str, Port]:
        """Every port, by full name; in natural order (``playback_2`` before ``playback_10``)."""

    def links(self) -> frozenset[Link]:
        """Every connection."""

    def terminals(self) -> Terminals | None:
        """Return the ports through which the engine meets JACK, if it is one client; else None."""

    def connect(self, source: str, target: str) -> None:
        """Connect; already there counts as done. Raises ``no-such-port``, ``connect-failed``."""

    def disconnect(self, source: str, target: str) -> None:
        """Disconnect; absent counts as done."""

    def close(self) -> None:
        """Leave the server."""


class Hardware(Protocol):
    """The JACK server itself and what is below it."""

    def running(self) -> JackSettings | None:
        """Settings of the server that studio started and that still runs, else None."""

    def start(self, settings: JackSettings) -> None:
        """Start a server; return when it answers. Raises ``jack-not-started`` with what it printed."""

    def stop(self) -> None:
        """Stop the server that studio started. Raises ``jack-not-ours``."""

    def set_period(self, frames: int) -> None:
        """Change the running server's period; read back. Raises ``period-refused``."""
