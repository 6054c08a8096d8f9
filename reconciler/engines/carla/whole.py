"""What is done to Carla as a whole, or at one place in it: settings, restart, replacement, removal of all."""

import os
import time
from collections.abc import Callable, Mapping

import msgspec

from reconciler.engines import refusals
from reconciler.engines.carla import bridges
from reconciler.engines.carla.cvports import CvPorts
from reconciler.engines.carla.engine import ACTIVE, Address, CarlaEngine
from reconciler.engines.carla.plugin import CarlaPlugin
from reconciler.model.catalogue import PluginType
from reconciler.model.mix import MIX
from reconciler.model.resources import Capabilities, EngineSettings
from reconciler.model.settings import completed
from reconciler.model.stereo import widened
from reconciler.model.values import float32

TEMPO_SECONDS = 0.5
"""How long a tempo may take to show while the transport rolls; it is a period, or two (measured)."""

_LOOK_SECONDS = 0.005

LookIn = Callable[[Mapping[str, tuple[str, ...]]], None]
"""Lets the catalogue look for plugins in these folders too, by scheme."""


class Whole(CvPorts):
    """The part of :class:`~reconciler.engines.carla.host.CarlaHost` that is about the engine as a whole."""

    _engine: CarlaEngine
    _settings: EngineSettings
    _plugins: dict[str, CarlaPlugin]
    _prefix: str
    _look_in: LookIn

    @property
    def capabilities(self) -> Capabilities:
        """What Carla can do in its mode."""
        raise NotImplementedError

    def idle(self) -> None:
        """Let Carla do its housekeeping."""
        raise NotImplementedError

    @property
    def settings(self) -> EngineSettings:
        """As the engine was told, the tempo as it is.

        Carla itself tells only the tempo, and under JACK's clock only while that rolls; nothing but this host can
        change the rest.
        """
        told = self._engine.clock.time() if self._engine.up else None
        if told is None or told.tempo is None or not (told.rolls or self._settings.transport == "internal"):
            return self._settings
        return msgspec.structs.replace(self._settings, tempo=float32(told.tempo))

    def restart(self, settings: EngineSettings) -> None:
        """Unload everything and stop the engine; it starts with these settings when it is needed next."""
        self._engine.stop()
        self._plugins.clear()
        self._settings = completed(settings)
        self._look_in(self._settings.paths or {})

    def set_engine(self, key: str, value: bool | float | str) -> None:
        """Change one setting while the engine runs: ``transport``, ``tempo``, ``paths.SCHEME``.

        Raises
        ------
        EngineError
            ``unsupported``; ``not-kept``: another program is JACK's timebase, and the tempo is its.
        """
        word, _, scheme = key.partition(".")
        if word not in self.capabilities.live_settings or scheme == "lv2":
            super().set_engine(key, value)
        match word:
            case "transport":
                if self._engine.up:
                    self._engine.clock.follow(str(value))
                self._settings = msgspec.structs.replace(self._settings, transport=str(value))
            case "tempo":
                self._set_tempo(float(value))
            case _:
                others = {one: folders for one, folders in (self._settings.paths or {}).items() if one != scheme}
                paths = {**others, scheme: tuple(str(value).split(":"))} if value else others
                self._settings = msgspec.structs.replace(self._settings, paths=paths)
                self._look_in(paths)

    def _set_tempo(self, tempo: float) -> None:
        self._settings = msgspec.structs.replace(self._settings, tempo=tempo)
        if not self._engine.up:
            return
        self._engine.clock.set_tempo(tempo)
        end = time.monotonic() + TEMPO_SECONDS
        while (kept := self.settings.tempo) != tempo:
            if time.monotonic() > end:
                raise refusals.not_kept("the engine", "engine.tempo", f"{tempo:g} bpm", f"{kept:g} bpm")
            time.sleep(_LOOK_SECONDS)

    def replace(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Put another plugin in its place: same name and position, at its defaults, without links.

        Carla loads it beside the old one, under another name, so that the old one is still there if that fails
        (measured); then it frees the old one, and the new one gets the name. It would keep the old one's dry/wet,
        volume and whether that was on.

        Raises
        ------
        EngineError
            As :meth:`add`, and ``no-such-plugin``.
        """
        plugin_id, old = self._find(name)
        client = self._prefix + name
        known, address = self._loadable(name, plugin, bridge=bridge, force_stereo=force_stereo)
        passing = f"studio.next-{os.getpid()}"  # no plugin can be called so, because of the dot
        self._engine.arm(plugin_id)
        processes = self._load(name, known, address, passing, bridge=bridge, force_stereo=force_stereo)
        del self._plugins[name]
        try:
            new = CarlaPlugin(name, widened(known) if force_stereo else known, self._engine, plugin_id, processes)
            self._check_asked(new, plugin_id, bridge=bridge, force_stereo=force_stereo)
            self._succeed(new, old, plugin_id, client)
        except BaseException:
            self._unload(plugin_id)
            raise
        self._plugins[name] = new

    def _succeed(self, new: CarlaPlugin, old: CarlaPlugin, plugin_id: int, client: str) -> None:
        """Let a plugin take over the name of the one whose place it has. Raises ``not-kept``, ``plugin-failed``."""
        self._wait_quiet()
        self._engine.idle()  # only then Carla frees the old one
        for process in old.processes:
            bridges.kill(process)
        if not self._await_gone(client):
            raise refusals.not_kept(new.name, f"plugins.{new.name}", "the old one's end", "its ports, still there")
        error = self._engine.rename(plugin_id, client)
        self._keep_quiet()
        if error is not None:
            raise refusals.plugin_failed(new.name, new.kind.uri, error)
        self._confirm(new, client, plugin_id)
        self._engine.set_internal(plugin_id, ACTIVE, 1.0)
        for key in ("dry_wet", "volume"):
            self._engine.set_internal(plugin_id, MIX[key].index, MIX[key].default)

    def remove_all(self) -> None:
        """Unload all at once, and see their ports go. Raises ``not-kept``."""
        self.idle()
        if not self._engine.up:
            return
        clients = [self._prefix + name for name in self._plugins]
        self._wait_quiet()
        error = self._engine.remove_all()
        self._engine.idle()
        left = self._engine.names()
        if left:
            raise refusals.not_kept("the engine", "plugins", "the removal of all", f"{len(left)} there ({error})")
        self._plugins.clear()
        for client in clients:
            if not self._await_gone(client):
                raise refusals.not_kept("the engine", "plugins", "the removal of all", f"the ports of {client}")

    def _wait_quiet(self) -> None:
        raise NotImplementedError

    def _await_gone(self, client: str) -> bool:
        raise NotImplementedError

    def _keep_quiet(self) -> None:
        raise NotImplementedError

    def _unload(self, plugin_id: int) -> str | None:
        raise NotImplementedError

    def _check_asked(self, plugin: CarlaPlugin, plugin_id: int, *, bridge: bool, force_stereo: bool) -> None:
        raise NotImplementedError

    def _confirm(self, plugin: CarlaPlugin, client: str, plugin_id: int) -> None:
        raise NotImplementedError

    def _loadable(self, name: str, plugin: str, *, bridge: bool, force_stereo: bool) -> tuple[PluginType, Address]:
        raise NotImplementedError

    def _load(
        self, name: str, known: PluginType, address: Address, client: str, *, bridge: bool, force_stereo: bool
    ) -> list[bridges.Process]:
        raise NotImplementedError
