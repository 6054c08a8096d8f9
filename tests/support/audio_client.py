"""Play and record on JACK, in a process that does nothing else: ``python -m tests.support.audio_client JOB.json``.

A Python process callback keeps time only in such a process: with a busy main thread one caused 754 xruns in 14 s
(measured). The job names .npy files to play and where to write the recording. Prints ``rolling`` with the first
recorded block, and a line of JSON at the end; ends when the frames are full, when its input ends, or when the
server dies.
"""

import json
import select
import sys
import threading
from pathlib import Path
from typing import Any

import jack
import numpy as np

from tests.support.signals import Samples


class Player:
    """One JACK client that plays each signal over and over, and records from its first period after the start."""

    def __init__(self, name: str, signals: list[Samples], tracks: int, frames: int) -> None:
        self.client: Any = jack.Client(name, no_start_server=True)
        self.signals = signals
        self.tape = np.zeros((tracks, frames), np.float32)
        self.frames = frames
        self.position = 0
        self.xruns = 0
        self.recording = False
        self.rolling = threading.Event()
        self.ended = threading.Event()
        self.outputs = [self.client.outports.register(f"play_{number + 1}") for number in range(len(signals))]
        self.inputs = [self.client.inports.register(f"record_{number + 1}") for number in range(tracks)]
        self.client.set_process_callback(self.process)
        self.client.set_xrun_callback(self.xrun)
        self.client.set_shutdown_callback(lambda *_: self.ended.set())

    def xrun(self, _delayed_us: float) -> None:
        """Count it, if it fell into the recording."""
        self.xruns += self.recording

    def process(self, frames: int) -> None:
        """One period. Signal and tape run from the same frame on, so what comes back can be aligned."""
        if not self.recording:
            for port in self.outputs:
                port.get_array().fill(0)
            return
        start = self.position
        for port, signal in zip(self.outputs, self.signals, strict=True):
            port.get_array()[:] = np.take(signal, np.arange(start, start + frames), mode="wrap")
        room = min(frames, self.frames - start)
        for port, track in zip(self.inputs, self.tape, strict=True):
            track[start : start + room] = port.get_array()[:room]
        self.position = start + room
        self.rolling.set()
        if room < frames:
            self.recording = False
            self.ended.set()


def main() -> int:
    """Do one job; 0 if the server lived to the end of it."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    signals = [np.load(file) for file in job["signals"]]
    player = Player(job["name"], signals, len(job["record"]), job["frames"])
    try:
        player.client.activate()
        for port, target in zip(player.outputs, job["play"], strict=True):
            player.client.connect(port, target)
        for source, port in zip(job["record"], player.inputs, strict=True):
            player.client.connect(source, port)
        # JACK makes links with the next period; asking for them waits for that.
        for port in player.outputs + player.inputs:
            player.client.get_all_connections(port)
        player.recording = True
        if not player.rolling.wait(5):
            return 1
        sys.stdout.write("rolling\n")
        sys.stdout.flush()
        # The end of the input stops it; so does the death of the server, which is told some 10 ms late.
        while not player.ended.is_set() and not select.select([sys.stdin], [], [], 0.005)[0]:
            pass
        whole = not player.ended.wait(0.05) or player.position == player.frames
        player.recording = False
        np.save(job["tape"], player.tape[:, : player.position])
        rate = int(player.client.samplerate)
    finally:
        # A client with callbacks that exits without closing can hang for ever (measured on PipeWire).
        player.client.deactivate()
        player.client.close()
    sys.stdout.write(json.dumps({"rate": rate, "xruns": player.xruns}) + "\n")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
