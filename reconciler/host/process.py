"""The host process: it owns the engine on its main thread and outlives the command that started it."""

import fcntl
import os
import queue
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

import msgspec

from reconciler import __version__
from reconciler.engines import choose
from reconciler.engines.ports import Crash
from reconciler.engines.studio import LocalStudio
from reconciler.host import orphans
from reconciler.host.place import Place, servers
from reconciler.host.protocol import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    Failure,
    HostConfig,
    HostStatus,
    Request,
    failure,
)
from reconciler.host.recorder import FlightRecorder, Witness
from reconciler.host.server import Connection, Door
from reconciler.model.actions import Action, Outcome
from reconciler.model.catalogue import Catalogue
from reconciler.model.errors import StudioError, Unavailable

DISPLAY = ("DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY")
"""What tells a program where windows are shown."""

LOOK_SECONDS = 0.5
"""How often a host that nobody asks anything looks whether JACK and its plugins are still there."""


class Execute(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters of ``execute``."""

    actions: list[Action]


class Describe(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters of ``describe``."""

    uri: str


class Window(msgspec.Struct, forbid_unknown_fields=True):
    """Parameters of ``ui``. ``display`` is where the person is who asks: the environment's words for it."""

    name: str
    shown: bool = True
    display: dict[str, str] = {}


class HostProcess:
    """One session's engine and its door."""

    def __init__(self, config: HostConfig, place: Place, lock: int) -> None:
        self.config = config
        self.since = time.time()
        self.recorder = FlightRecorder(place.flight)
        self.studio: LocalStudio = choose.build(
            config.engine,
            prefix=config.prefix,
            server=config.server,
            servers=servers(),
            settings=config.settings,
            attach=config.attach,
            notes=place.folder / "attached.json",
            before=self.recorder.before,
            lock=lock,
        )
        self.door = Door(place)
        self.stopping = False
        self._catalogue: Catalogue | None = None
        self._jack = False
        self._crashes: list[Crash] = []
        self._methods: dict[str, Callable[[Connection, Request], object]] = {
            "snapshot": self._snapshot,
            "execute": self._execute,
            "describe": self._describe,
            "ui": self._ui,
            "subscribe": self._subscribe,
            "status": self._status,
            "shutdown": self._shutdown,
        }

    def run(self) -> None:
        """Serve until told to stop; every engine call is made from here."""
        period = min(LOOK_SECONDS, self.studio.idle_seconds)
        look_at = 0.0
        while not self.stopping:
            try:
                connection, request = self.door.jobs.get(timeout=period)
            except queue.Empty:
                self.studio.idle()
                if time.monotonic() < look_at:
                    continue
            else:
                self._serve(connection, request)
            self._look()
            look_at = time.monotonic() + LOOK_SECONDS
        self.studio.close()
        self.recorder.close()
        self.door.close()

    def stop(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop after the job at hand."""
        self.stopping = True

    def _serve(self, connection: Connection, request: Request) -> None:
        method = self._methods.get(request.method)
        if method is None:
            connection.fail(request, Failure(METHOD_NOT_FOUND, f"no method {request.method}"))
            return
        try:
            connection.answer(request, method(connection, request))
        except msgspec.DecodeError as error:
            connection.fail(request, Failure(INVALID_PARAMS, str(error)))
        except StudioError as error:
            connection.fail(request, failure(error))

    def _look(self) -> None:
        """Notice what happened by itself, and tell who listens."""
        jack = self.studio.graph() is not None
        if jack != self._jack:
            self._jack = jack
            self.door.publish("jack", {"running": jack})
        crashes = self.studio.crashes()
        for crash in crashes:
            if crash not in self._crashes:
                self.door.publish("crash", {"name": crash.name, "plugin": crash.plugin, "reason": crash.reason})
        self._crashes = crashes

    # -- methods ------------------------------------------------------------------------------------------------------

    def _snapshot(self, _connection: Connection, _request: Request) -> object:
        return self.studio.observe()

    def _execute(self, connection: Connection, request: Request) -> object:
        actions = msgspec.json.decode(request.params, type=Execute).actions

        def told(outcome: Outcome) -> None:
            self.recorder.clear()
            connection.notify("outcome", outcome)
            self.door.publish("outcome", {"outcome": outcome})
            if not connection.open:
                raise Unavailable("client-gone", "whoever asked for this apply has gone; it stops here")

        return self.studio.execute(actions, told)

    def _describe(self, _connection: Connection, request: Request) -> object:
        if self._catalogue is None:
            self._catalogue = choose.catalogue(self.config.engine, paths=self.config.settings.paths)
        return self._catalogue.describe(msgspec.json.decode(request.params, type=Describe).uri)

    def _ui(self, _connection: Connection, request: Request) -> object:
        asked = msgspec.json.decode(request.params, type=Window)
        # The first apply may have started this process from anywhere, ssh for one: the window opens where it is asked
        # for. Only words for displays, so that nobody changes anything else of this process.
        os.environ.update({key: value for key, value in asked.display.items() if key in DISPLAY})
        self.studio.host.show_ui(asked.name, shown=asked.shown)
        return True

    def _subscribe(self, connection: Connection, _request: Request) -> object:
        connection.subscribed = True
        return True

    def _status(self, _connection: Connection, _request: Request) -> object:
        plugins, trouble = 0, None
        try:
            plugins = len(self.studio.host.plugins())
        except Unavailable as error:  # an attached Carla has gone; the rest can be told, and `down` goes by it
            trouble = error.message
        return HostStatus(
            config=self.config,
            pid=os.getpid(),
            since=self.since,
            version=__version__,
            plugins=plugins,
            jack=self.studio.graph() is not None,
            crashes=tuple(f"{crash.name}: {crash.reason}" for crash in self.studio.crashes()),
            trouble=trouble,
        )

    def _shutdown(self, _connection: Connection, _request: Request) -> object:
        self.studio.close()
        self.stopping = True
        return True


def main(argv: list[str]) -> int:
    """Run a host process; ``argv`` is its configuration as JSON and the file descriptor to say "ready" on."""
    config = msgspec.json.decode(argv[0], type=HostConfig)
    ready = int(argv[1])
    place = Place(config.session)
    try:
        place.make()
        lock = os.open(place.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell(ready, {"already": True})
            return 0
        orphans.mark(place)
        _witness = Witness(place)
        host = HostProcess(config, place, lock)
    except StudioError as error:
        _tell(ready, {"error": {"class": type(error).__name__, **error.as_dict()}})
        return 1
    signal.signal(signal.SIGTERM, host.stop)
    signal.signal(signal.SIGINT, host.stop)
    _tell(ready, {})
    host.run()
    place.mark.unlink(missing_ok=True)
    return 0


def _tell(ready: int, news: dict[str, object]) -> None:
    os.write(ready, msgspec.json.encode(news))
    os.close(ready)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
