"""What a plain host lacks, refused in one wording. A host inherits it and overrides what it can do."""

from reconciler.engines import refusals
from reconciler.model.errors import StudioError
from reconciler.model.resources import CustomData, EngineSettings, MidiMap


class Lacking:
    """The calls of a :class:`~reconciler.engines.ports.PluginHost` that not every host has."""

    @property
    def settings(self) -> EngineSettings:
        """There are none."""
        return EngineSettings()

    def restart(self, settings: EngineSettings) -> None:
        """Refuse."""
        raise self._lacks("", f"Restarting the engine with {settings}")

    def set_engine(self, key: str, value: bool | float | str) -> None:
        """Refuse."""
        raise self._lacks("", f"Setting {key} to {value}")

    def replace(self, name: str, plugin: str, *, bridge: bool = False, force_stereo: bool = False) -> None:
        """Refuse."""
        what = f"Putting {plugin} in its place{' in a bridge' * bridge}{' in stereo' * force_stereo}"
        raise self._lacks(name, what, "Remove it and add the other one.")

    def remove_all(self) -> None:
        """Refuse."""
        raise self._lacks("", "Removing all plugins at once", "Remove them one by one.")

    def set_mix(self, name: str, key: str, value: float) -> float:
        """Refuse."""
        raise self._lacks(name, f"Setting {key} to {value}")

    def map_midi(self, name: str, symbol: str, follows: MidiMap | None) -> None:
        """Refuse."""
        raise self._lacks(name, f"Letting {symbol} follow {follows}")

    def set_option(self, name: str, key: str, value: bool) -> None:
        """Refuse."""
        raise self._lacks(name, f"Setting the option {key} to {value}")

    def set_custom_data(self, name: str, key: str, data: CustomData) -> None:
        """Refuse."""
        raise self._lacks(name, f"Setting {key} to {data.value}")

    def load_state(self, name: str, path: str, digest: str) -> None:
        """Refuse."""
        raise self._lacks(name, f"Loading the state {path} ({digest[:8]})")

    def show_ui(self, name: str, *, shown: bool = True) -> None:
        """Refuse."""
        raise self._lacks(name, "Showing a window" if shown else "Closing a window")

    def _lacks(self, name: str, what: str, hint: str = "Carla can: `engine: { host: carla }`.") -> StudioError:
        return refusals.unsupported(name, what, hint)
