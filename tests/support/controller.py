"""A MIDI controller and CV source on JACK, in a process of its own: ``python -m tests.support.controller NAME``.

It has the ports ``midi_out`` and ``cv_out``. Each line it reads is sent: bytes of a MIDI message as numbers, such as
``176 21 127``, or ``cv 0.5`` for the voltage from then on. It answers each with a line once it is out.
"""

import contextlib
import queue
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jack


class Controller:
    """The other end: sends, and waits until it is sent."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def send(self, *message: int) -> None:
        """Send a MIDI message."""
        self._say(" ".join(map(str, message)))

    def cc(self, channel: int, number: int, value: int) -> None:
        """Send a control change; channels from 1."""
        self.send(0xB0 + channel - 1, number, value)

    def bend(self, channel: int, value: int) -> None:
        """Send the pitch wheel's place, 0 to 16383; channels from 1."""
        self.send(0xE0 + channel - 1, value & 0x7F, value >> 7)

    def cv(self, volts: float) -> None:
        """Give this voltage from now on."""
        self._say(f"cv {volts}")

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "sent\n"


@contextlib.contextmanager
def controller(name: str, server: str) -> Iterator[Controller]:
    """Let a controller come, and leave at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.controller", name, server],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sent\n"
        yield Controller(process)
        process.communicate()


def main() -> int:
    """Run until the input ends."""
    client: Any = jack.Client(sys.argv[1], servername=sys.argv[2], no_start_server=True)
    midi = client.midi_outports.register("midi_out")
    cv = client.outports.register("cv_out")
    waiting: queue.SimpleQueue[tuple[bytes, float | None]] = queue.SimpleQueue()
    out: queue.SimpleQueue[None] = queue.SimpleQueue()
    volts = [0.0]

    def process(_frames: int) -> None:
        midi.clear_buffer()
        sent = False
        with contextlib.suppress(queue.Empty):
            message, level = waiting.get_nowait()
            if message:
                midi.write_midi_event(0, message)
            volts[0] = volts[0] if level is None else level
            sent = True
        cv.get_array()[:] = volts[0]
        if sent:
            out.put(None)

    client.set_process_callback(process)
    with client:
        sys.stdout.write("sent\n")
        sys.stdout.flush()
        for line in sys.stdin:
            words = line.split()
            waiting.put((b"", float(words[1])) if words[0] == "cv" else (bytes(map(int, words)), None))
            out.get()
            sys.stdout.write("sent\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
