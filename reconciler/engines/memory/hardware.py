"""Starting, stopping and losing the memory studio's JACK server."""

from typing import TYPE_CHECKING

from reconciler.engines.memory.calls import StopServer
from reconciler.model.actions import SetPeriod, StartServer
from reconciler.model.errors import EngineError
from reconciler.model.resources import JackSettings

if TYPE_CHECKING:
    from reconciler.engines.memory.studio import MemoryStudio

PERIODS = range(16, 8193)
"""Frames that the pretended hardware takes."""


class MemoryHardware:
    """A :class:`~reconciler.engines.ports.Hardware` whose server may also die on request."""

    def __init__(self, studio: "MemoryStudio") -> None:
        self._studio = studio

    def running(self) -> JackSettings | None:
        """Return the settings of the server that was started here and still runs, else None."""
        server = self._studio.server
        return server.settings if server is not None and server.alive and server.ours else None

    def start(self, settings: JackSettings) -> None:
        """Start a server; what is not asked for is 48000 Hz, 1024 frames, 2 periods on the ``dummy`` driver.

        Raises
        ------
        EngineError
            ``jack-not-started``: one runs already, or it cannot run so.
        """
        server = self._studio.server
        if server is not None and server.alive:
            raise EngineError("jack-not-started", f"A JACK server {server.settings.server!r} is active already.")
        if settings.period is not None and settings.period not in PERIODS:
            raise EngineError("jack-not-started", f"No server starts with a period of {settings.period} frames.")
        complete = JackSettings(
            server=settings.server or "default",
            driver=settings.driver or "dummy",
            device=settings.device,
            sample_rate=settings.sample_rate or 48000,
            period=settings.period or 1024,
            periods=settings.periods or 2,
            realtime=bool(settings.realtime),
        )
        self._studio.perform(StartServer(settings), lambda: self._studio.open_server(complete, ours=True))
        if self.running() is None:
            raise EngineError("jack-not-started", "The server ended again at once and printed nothing.")

    def stop(self) -> None:
        """Stop the server that was started here. Raises ``jack-not-ours``."""
        if self.running() is None:
            raise EngineError("jack-not-ours", "No JACK server that studio started is running.")
        self._studio.perform(StopServer(), self.die)

    def set_period(self, frames: int) -> None:
        """Change the running server's period; read back. Raises ``period-refused``."""
        server = self._studio.server
        if server is None or not server.alive or frames not in PERIODS:
            raise EngineError("period-refused", f"The JACK server does not take a period of {frames} frames.")
        self._studio.perform(SetPeriod(frames), lambda: self._studio.change_period(frames))
        if server.settings.period != frames:
            raise EngineError("period-refused", f"The JACK server stays at {server.settings.period} frames.")

    def die(self) -> None:
        """Let the server die, whoever started it: graphs are dead, clients, ports and links are gone."""
        self._studio.lose_server()
