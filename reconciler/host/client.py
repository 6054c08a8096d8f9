"""The other end of the host's socket: a :class:`~reconciler.engines.studio.Studio` that lives elsewhere."""

import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import IO, TypeVar

import msgspec

from reconciler.engines.studio import Told
from reconciler.host import orphans
from reconciler.host.place import Place
from reconciler.host.protocol import Failure, HostConfig, HostStatus, Message, Request, encode, raw, revive
from reconciler.host.recorder import autopsy
from reconciler.model.actions import Action, Outcome
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import StudioError, Unavailable
from reconciler.model.resources import Observed

SILENCE_SECONDS = 120.0
"""Longest wait for the next message; the slowest single call (a plugin that hangs while loading) ends far sooner."""

_STARTED: list[subprocess.Popen[bytes]] = []
"""Hosts that this process started. They outlive it on purpose; one that ended is waited for whenever one is looked
for, so that none stays behind as a zombie."""

START_SECONDS = 10.0
"""Longest wait for a host that is just starting or ending; 20 plugins of one that died take about a second."""
END_SECONDS = 10.0
"""Longest wait for a host to end, once its plugins are unloaded."""
_LOOK_SECONDS = 0.01

T = TypeVar("T")


class HostClient:
    """Talks to a session's host process. One call at a time."""

    def __init__(self, place: Place, sock: socket.socket) -> None:
        self._place = place
        self._socket = sock
        self._lines: IO[bytes] = sock.makefile("rb")
        self._next = 0

    @classmethod
    def find(cls, session: str, *, patience_s: float = SILENCE_SECONDS) -> "HostClient | None":
        """Return a client of the session's host, None if none runs.

        A host that is just starting or ending is waited for, and so are the plugins of one that died: whoever looked
        meanwhile would take them for somebody else's, and plan with what is gone a moment later.

        Parameters
        ----------
        patience_s
            How long the client waits for each message.

        Raises
        ------
        Unavailable
            ``host-busy``: that took longer than :data:`START_SECONDS`.
        """
        place = Place(session)
        give_up = time.monotonic() + START_SECONDS
        _reap()
        while True:
            found = cls._connect(place, patience_s)
            if found is not None:
                return found
            if not place.taken():
                orphans.end(place)
                return None
            if time.monotonic() > give_up:
                message = f"the plugin host of {session} has been starting or ending for {START_SECONDS:.0f} s"
                raise Unavailable("host-busy", message, hint=f"try again in a moment (log: {place.log})")
            time.sleep(_LOOK_SECONDS)

    @classmethod
    def _connect(cls, place: Place, patience_s: float) -> "HostClient | None":
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(patience_s)
        try:
            sock.connect(str(place.socket))
        except OSError:
            sock.close()
            return None
        return cls(place, sock)

    @classmethod
    def start(cls, config: HostConfig) -> "HostClient":
        """Return a client of the session's host, which is started unless it runs.

        Raises
        ------
        Unavailable
            ``host-not-started``, with what it printed; ``host-busy``; or the error that the engine raised.
        """
        found = cls.find(config.session)
        if found is not None:
            return found
        place = Place(config.session)
        place.make()
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            mine = _spawn(config, place)
            found = cls.find(config.session)
            if found is not None:
                return found
            if mine:
                break
        raise _not_started(place)

    @property
    def pid(self) -> int:
        """The host's process, as the kernel tells it, whether it answers or not."""
        credentials = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", credentials)[0])

    def observe(self) -> Observed:
        """Read everything once."""
        return self._call("snapshot", {}, Observed)

    def execute(self, actions: Sequence[Action], told: Told) -> list[Outcome]:
        """Run the actions in the host; ``told`` hears of each as it ends."""

        def heard(message: Message) -> None:
            if message.method == "outcome":
                told(msgspec.json.decode(message.params, type=Outcome))

        return self._call("execute", {"actions": list(actions)}, list[Outcome], heard)

    def describe(self, uri: str) -> PluginType | None:
        """Return what the host's catalogue knows of a plugin."""
        return self._call("describe", {"uri": uri}, PluginType | None)  # type: ignore[arg-type]

    def show_ui(self, name: str, *, shown: bool, display: dict[str, str]) -> None:
        """Open or close a plugin's own window; ``display`` is the environment's words for where."""
        self._call("ui", {"name": name, "shown": shown, "display": display}, bool)

    def status(self) -> HostStatus:
        """Return what the host tells of itself."""
        return self._call("status", {}, HostStatus)

    def subscribe(self) -> None:
        """Ask for events; read them with :meth:`events`."""
        self._call("subscribe", {}, bool)

    def next_event(self) -> dict[str, object]:
        """Wait for the next event; see :mod:`reconciler.host.protocol`."""
        while True:
            message = self._receive()
            if message.method == "event":
                return msgspec.json.decode(message.params, type=dict[str, object])

    def shutdown(self) -> None:
        """Unload every plugin and end the host process; return when it has gone."""
        pid = self.pid
        self._call("shutdown", {}, bool)
        self.close()
        if not ends_within(pid, END_SECONDS):
            message = f"the host process {pid} does not end"
            raise Unavailable("host-stuck", message, hint="`studio down --force`")
        _reap()

    def close(self) -> None:
        """Hang up; the host goes on."""
        self._lines.close()
        self._socket.close()

    def _call(
        self, method: str, params: object, result: type[T], heard: Callable[[Message], None] = lambda _: None
    ) -> T:
        self._next += 1
        try:
            self._socket.sendall(encode(Request(method, raw(params), self._next)))
        except OSError as error:
            raise self._died() from error
        while True:
            message = self._receive()
            if message.method is not None:
                heard(message)
            elif message.id == self._next:
                if message.error is not None:
                    raise revive(message.error)
                return msgspec.json.decode(message.result, type=result)

    def _receive(self) -> Message:
        try:
            line = self._lines.readline()
        except TimeoutError as error:
            raise self._silent() from error
        except OSError as error:
            raise self._died() from error
        if not line.endswith(b"\n"):
            raise self._died()
        return msgspec.json.decode(line, type=Message)

    def _died(self) -> StudioError:
        death = autopsy(self._place)
        details: dict[str, object] = {"suspect": death.suspect, "crash": death.crash, "elsewhere": death.elsewhere}
        if death.action is not None:
            details["action"] = msgspec.to_builtins(death.action)
        hint = f"apply again: it is started anew and goes on from what is there (log: {self._place.log})"
        return Unavailable("host-died", f"the plugin host died{death.doing}{death.how}", hint=hint, details=details)

    def _silent(self) -> StudioError:
        hint = f"`studio down --force` ends it (log: {self._place.log})"
        message = f"the plugin host has not answered for {self._socket.gettimeout():.0f} s"
        return Unavailable("host-silent", message, hint=hint)


def _reap() -> None:
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]


def _spawn(config: HostConfig, place: Place) -> bool:
    """Start a host process and wait until it serves; False if the session has one already."""
    read, write = os.pipe()
    try:
        with place.log.open("ab") as log:
            command = [sys.executable, "-m", "reconciler.host.process"]
            _STARTED.append(
                subprocess.Popen(
                    [*command, msgspec.json.encode(config).decode(), str(write)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    pass_fds=[write],
                )
            )
    finally:
        os.close(write)
    with os.fdopen(read, "rb") as ready:
        news = ready.read()
    if not news:
        raise _not_started(place)
    told = msgspec.json.decode(news)
    if "error" in told:
        raise revive(Failure(0, told["error"]["message"], told["error"]))
    return "already" not in told


def _not_started(place: Place) -> StudioError:
    lines = place.log.read_text(encoding="utf-8", errors="replace").splitlines() if place.log.exists() else []
    last = lines[-1] if lines else "it printed nothing"
    message = f"the plugin host did not start: {last}"
    return Unavailable("host-not-started", message, hint=f"its log is {place.log}", details={"log": lines[-20:]})


def ends_within(pid: int, seconds: float) -> bool:
    """Wait until a process has ended; one that its parent has not waited for yet has ended too."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)
