"""What is done to the memory host's engine as a whole: its settings, a restart, the removal of all its plugins."""

from typing import TYPE_CHECKING

import msgspec

from reconciler.engines import refusals
from reconciler.engines.lacking import Lacking
from reconciler.engines.memory.engine import RawEngine
from reconciler.engines.ports import HostedPlugin
from reconciler.model.actions import RemoveAll, RestartEngine, SetEngine
from reconciler.model.resources import Capabilities, EngineSettings
from reconciler.model.settings import completed

if TYPE_CHECKING:
    from reconciler.engines.memory.studio import MemoryStudio


class WholeEngine(Lacking):
    """The part of :class:`~reconciler.engines.memory.host.MemoryHost` that is about no single plugin."""

    _studio: "MemoryStudio"
    _capabilities: Capabilities
    _settings: EngineSettings

    def plugins(self) -> list[HostedPlugin]:
        """Read every plugin."""
        raise NotImplementedError

    def close(self) -> None:
        """Unload everything."""
        raise NotImplementedError

    def _living(self) -> RawEngine | None:
        raise NotImplementedError

    @property
    def settings(self) -> EngineSettings:
        """As they were asked for; nothing else changes them."""
        return self._settings if self._capabilities.settings else EngineSettings()

    def restart(self, settings: EngineSettings) -> None:
        """Unload everything and begin anew with these settings. Raises ``unsupported``."""
        if not self._capabilities.settings:
            super().restart(settings)
        self._living()  # it may be dead

        def stop() -> None:
            self.close()
            self._settings = completed(settings)

        self._studio.perform(RestartEngine(settings), stop)
        if self._settings != completed(settings) or self.plugins():
            raise refusals.not_kept("the engine", "engine", "its restart", "the one of before, still running")

    def set_engine(self, key: str, value: bool | float | str) -> None:
        """Change one setting while it runs, read back. Raises ``unsupported``, ``not-kept``."""
        word, _, scheme = key.partition(".")
        if word not in self._capabilities.live_settings or scheme == "lv2":
            super().set_engine(key, value)
        self._living()
        asked: object = value
        if word == "paths":
            asked = {**(self._settings.paths or {}), scheme: tuple(str(value).split(":"))}
            if not value:
                asked = {one: folders for one, folders in (self._settings.paths or {}).items() if one != scheme}

        def change() -> None:
            self._settings = msgspec.structs.replace(self._settings, **{word: asked})

        self._studio.perform(SetEngine(key, value), change)
        kept = getattr(self._settings, word)
        if kept != asked:
            raise refusals.not_kept("the engine", f"engine.{word}", asked, kept)

    def remove_all(self) -> None:
        """Unload all at once. Raises ``unsupported``."""
        if self._capabilities.remove_all is None:
            super().remove_all()
        engine = self._living()
        if engine is None:
            return
        self._studio.perform(RemoveAll(), engine.remove_all)
        if engine.count():
            raise refusals.not_kept("the engine", "plugins", "the removal of all", f"{engine.count()} still running")
