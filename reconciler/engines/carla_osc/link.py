"""The connection to a running Carla: messages there, and the messages that come back.

Carla is told where to connect to (``/register``), connects, and sends all there is; from then on it sends what changes
at its window. It has one place for a client. Everything that is sent is worked off in the order of sending, when
Carla's window idles its engine (every 20 ms), so the answer to a request also says that all before it is done.
Registering anew is the only way to read everything again. Facts: ``CarlaEngineOsc.cpp``, and measured.
"""

import contextlib
import select
import socket
import time
from collections.abc import Callable

from reconciler.engines.carla_osc import holder, packets
from reconciler.engines.carla_osc.packets import Argument, Message
from reconciler.model.attach import OscAddress
from reconciler.model.errors import StudioError, Unavailable

ANSWER_SECONDS = 10.0
"""Longest wait for an answer. It takes 20 ms, unless Carla's window is busy with a question to its user."""

LOAD_SECONDS = 60.0
"""Longest wait for a plugin to load or to go; a bridge may take a while."""

_PLACE = "/studio"
"""Our path in Carla's place for a client; everything that comes begins with it."""

_OTHERS = (_PLACE, "/ctrl")
"""Paths under which a client that vanished may still hold the place; the second is that of Carla's own clients."""

_BARRIER = "studio_reads"
"""A request that Carla does not know: it changes nothing, and its refusal is an answer like any other."""

_GARBLED = "attach-garbled"
_TRIALS = 5
"""How often everything is read when it comes garbled: Carla's threads share the connection without taking turns, and
what one of them tells (a parameter that follows MIDI, the end of JACK) may come in the middle of another's message."""

RUNNER_SECONDS = 0.06
"""How long after a setting Carla's runner thread may still tell of what it led to: it goes round every 25 ms (source),
and late under load.

That thread sends without a lock, and crashes Carla when the registration is freed at that very moment
(``CarlaEngineOsc::sendCallback`` against ``CarlaOscData::clear``; seen in cores). So it is let tell first. Of readings
straight after a program was set 30 in 23,072 crashed Carla, and none of 15,023 with this wait; after other settings
none of 8,895, as they make it tell nothing (measured).
"""

_REFUSED = "/exit-error"
_GONE = "/exit"
_ANSWERED = "/resp"


class Link:
    """One registered client of a running Carla.

    Parameters
    ----------
    address
        Where Carla listens.
    heard
        Called with each message that is no answer, its path without our place in front.

    Raises
    ------
    Unavailable
        ``attach-not-there``: nobody listens. ``attach-refused``: another client has the place. ``attach-silent``.
    """

    def __init__(self, address: OscAddress, heard: Callable[[Message], None]) -> None:
        self.address = address
        self._heard = heard
        self._number = 0
        self._answers: dict[int, str] = {}
        self._refused = False
        self._renewing = False
        self._garbled = False
        self._lost: str | None = None
        self._quiet_at = 0.0
        self._coming: socket.socket | None = None
        self._arrived = {True: bytearray(), False: bytearray()}  # True: on the connection that Carla made
        self._listener = socket.create_server((address.host, 0))
        try:
            self._going = socket.create_connection((address.host, address.port), timeout=ANSWER_SECONDS)
        except OSError as error:
            self._listener.close()
            raise _not_there(address, error) from error
        self._going.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._enter()
        except BaseException:
            self._hang_up()
            raise

    @property
    def lost(self) -> str | None:
        """Why Carla is out of reach for good, None while it is not."""
        return self._lost

    def pump(self) -> None:
        """Take in what has arrived; never waits. Carla's window would stall if nobody did."""
        self._take(0.0)

    def send(self, path: str, tags: str, *arguments: Argument) -> None:
        """Send a message without waiting. Raises ``attach-lost``."""
        self._send(packets.encode(path, tags, *arguments))

    def stir(self) -> None:
        """Note that Carla's runner thread will tell of what was just sent; see :data:`RUNNER_SECONDS`."""
        self._quiet_at = time.monotonic() + RUNNER_SECONDS

    def request(self, method: str, tags: str = "", *arguments: Argument, within_s: float = LOAD_SECONDS) -> str | None:
        """Ask for something and wait for the answer: None for done, else Carla's reason.

        Raises
        ------
        Unavailable
            ``attach-lost``, ``attach-silent``, ``attach-garbled``: it may have been done, and the answer is lost.
        """
        number = self._ask(method, tags, *arguments)
        return self._answer(number, within_s) or None

    def read_anew(self) -> None:
        """Let Carla send everything again, and return when all of it was heard.

        Raises
        ------
        Unavailable
            ``attach-lost``, ``attach-silent``, ``attach-garbled``, ``attach-refused``: another client was quicker.
        """
        self._take(0.0)
        self._check()
        for trial in range(1, _TRIALS + 1):
            self._await_quiet()
            self._renewing = True  # Carla hangs up in between, and that is no loss
            self._send(packets.encode("/unregister", "s", self._url(_PLACE)))
            try:
                self._register()
            except Unavailable as error:
                if error.code != _GARBLED or trial == _TRIALS:
                    raise
            else:
                return
            finally:
                self._renewing = False

    def close(self) -> None:
        """Give the place back and hang up."""
        if self._lost is None:
            with contextlib.suppress(StudioError):  # it has gone, and its place with it
                self._await_quiet()
                self._send(packets.encode("/unregister", "s", self._url(_PLACE)))
                self._await_end()
        self._hang_up()

    # -- coming in ----------------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        """Take Carla's place for a client; one who vanished is put out of it."""
        try:
            self._register()
        except Unavailable as error:
            if error.code != "attach-refused":
                raise
            self._put_out_vanished()
            self._register()

    def _register(self) -> None:
        """Ask for the place, and read everything. The answer to a request marks the end."""
        self._refused = self._garbled = False
        self._send(packets.encode("/register", "s", self._url(_PLACE)))
        number = self._ask(_BARRIER)
        self._answer(number, ANSWER_SECONDS)

    def _put_out_vanished(self) -> None:
        """Put a client out that does not live any more. Raises ``attach-refused`` if it may."""
        carla = holder.listener(self.address.port)
        if carla is None:
            raise _taken(self.address, "by a client that studio cannot see, as Carla belongs to another user")
        there = holder.clients(carla, self.address.port)
        if there:
            raise _taken(self.address, f"by {', '.join(there)}")
        self._refused = False
        for place in _OTHERS:  # only the path counts; whose is not the one that has the place is ignored
            self._send(packets.encode("/unregister", "s", self._url(place)))

    def _await_quiet(self) -> None:
        """Wait until Carla's runner thread has told what it will; see :data:`RUNNER_SECONDS`."""
        while self._lost is None and (left := self._quiet_at - time.monotonic()) > 0:
            self._take(left)

    def _url(self, place: str) -> str:
        return f"osc.tcp://{self.address.host}:{self._listener.getsockname()[1]}{place}"

    # -- messages -----------------------------------------------------------------------------------------------------

    def _ask(self, method: str, tags: str = "", *arguments: Argument) -> int:
        self._number += 1
        self._send(packets.encode(f"/ctrl/{method}", f"i{tags}", self._number, *arguments))
        return self._number

    def _answer(self, number: int, within_s: float) -> str:
        end = time.monotonic() + within_s
        while number not in self._answers:
            self._check()
            if self._refused:
                self._refused = False
                raise _taken(self.address, "by another client")
            if self._garbled:
                message = f"the answer of the Carla at {self.address} was garbled: two of its threads spoke at once"
                raise Unavailable(_GARBLED, message, hint="apply again: it goes on from what is there")
            left = end - time.monotonic()
            if left <= 0:
                self._lost = f"it has not answered for {within_s:.0f} s"
                hint = "if its window asks something, answer there; then apply again"
                message = f"the Carla at {self.address} does not answer ({within_s:.0f} s)"
                raise Unavailable("attach-silent", message, hint=hint)
            self._take(left)
        return self._answers.pop(number)

    def _send(self, data: bytes) -> None:
        self._check()
        try:
            self._going.sendall(data)
        except OSError as error:
            self._lost = error.strerror or str(error)
            self._check()

    def _take(self, wait_s: float) -> None:
        """Take in what has arrived, waiting at most so long for the first of it."""
        while self._lost is None:
            sockets = [one for one in (self._going, self._listener, self._coming) if one is not None]
            ready = select.select(sockets, [], [], wait_s)[0]
            if not ready:
                return
            wait_s = 0.0
            for one in ready:
                if one is self._listener:
                    accepted = self._listener.accept()[0]
                    self._drop_coming()
                    self._coming = accepted
                elif one in (self._coming, self._going):  # not one that was dropped a moment ago
                    self._read(one)

    def _read(self, one: socket.socket) -> None:
        came = one is self._coming
        try:
            data = one.recv(1 << 18)
        except OSError as error:
            data, self._lost = b"", error.strerror or str(error)
        if not data and came and self._renewing:
            self._drop_coming()
            return
        if not data:
            self._lost = self._lost or ("it closed the connection" if not came else "it let go of studio")
            return
        buffer = self._arrived[came]
        buffer += data
        try:
            for body in packets.split(buffer):
                self._hear(packets.decode(body))
        except packets.Garbled as error:
            if not came:
                self._lost = f"it sent what is no OSC: {error}"
                return
            self._garbled = True
            self._drop_coming()

    def _hear(self, message: Message) -> None:
        what = message.path.removeprefix(_PLACE)
        match what, message.arguments:
            case (word, (int(number), str(error))) if word == _ANSWERED:
                self._answers[number] = error
            case (word, _) if word == _REFUSED:
                self._refused = True
            case (word, _) if word == _GONE:
                self._lost = "it was closed"
            case _:
                self._heard(Message(what, message.arguments))

    # -- going out ----------------------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Raise ``attach-lost`` if Carla is out of reach."""
        if self._lost is not None:
            raise Unavailable(
                "attach-lost",
                f"the Carla at {self.address} is gone: {self._lost}",
                hint="start it again with OSC on, then `studio apply`: it goes on from what is there",
            )

    def _await_end(self) -> None:
        """Wait until Carla has let go, so that the place is free when this returns."""
        end = time.monotonic() + ANSWER_SECONDS
        while self._lost is None and self._coming is not None and time.monotonic() < end:
            self._take(max(end - time.monotonic(), 0.0))

    def _drop_coming(self) -> None:
        if self._coming is not None:
            self._coming.close()
            self._coming = None
        self._arrived[True].clear()

    def _hang_up(self) -> None:
        self._lost = self._lost or "studio let go of it"
        self._drop_coming()
        self._going.close()
        self._listener.close()


def _not_there(address: OscAddress, why: OSError) -> Unavailable:
    hint = (
        "start Carla, and see that `Enable TCP port` is ticked with that port under Settings > Configure Carla > OSC; "
        "it takes effect when the engine starts"
    )
    return Unavailable("attach-not-there", f"no Carla listens at {address} ({why.strerror or why})", hint=hint)


def _taken(address: OscAddress, by: str) -> Unavailable:
    hint = "Carla takes one client at a time: close that one (or `studio down` the other session), then try again"
    return Unavailable("attach-refused", f"the Carla at {address} is being controlled {by}", hint=hint)
