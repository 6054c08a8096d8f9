"""A tape deck for JACK: plays into ports and records from others, in a process that does nothing else.

A Python process callback keeps time only while its process is idle otherwise (measured: with a busy main thread one
caused 754 xruns in 14 s), so this is run as ``python -m reconciler.demo.deck`` and handed files.
"""

import argparse
import json
import sys
import threading
from pathlib import Path

import jack
import numpy as np

from reconciler.demo.sounds import Samples

NOTE_ON, NOTE_OFF = 0x90, 0x80


class Deck:
    """One JACK client that plays ``tape`` once while it records, for ``seconds``.

    Parameters
    ----------
    name
        The JACK client's name.
    tape
        What to play, shape (channels, frames).
    tracks
        How many channels to record.
    seconds
        Length of the recording.
    notes
        MIDI notes (0-127) struck together at the start and released half way.
    """

    def __init__(self, name: str, tape: Samples, tracks: int, seconds: float, notes: tuple[int, ...] = ()) -> None:
        self.client = jack.Client(name, no_start_server=True)
        self.rate = int(self.client.samplerate)
        frames = round(seconds * self.rate)
        self.tape = np.zeros((tape.shape[0], frames), np.float32)
        self.tape[:, : tape.shape[1]] = tape[:, :frames]
        self.take = np.zeros((tracks, frames), np.float32)
        self.xruns = 0
        self._position = 0
        self._rolling = False
        self._ended = threading.Event()
        self.outs = [self.client.outports.register(f"out_{index + 1}") for index in range(tape.shape[0])]
        self.ins = [self.client.inports.register(f"in_{index + 1}") for index in range(tracks)]
        self.keys = self.client.midi_outports.register("keys") if notes else None
        self._strikes = [(0, bytes((NOTE_ON, note, 100))) for note in notes]
        self._strikes += [(frames // 2, bytes((NOTE_OFF, note, 0))) for note in notes]
        self.client.set_process_callback(self._process)
        self.client.set_xrun_callback(self._xrun)
        self.client.set_shutdown_callback(lambda *_: self._ended.set())

    def _xrun(self, _delayed_usecs: float) -> None:
        self.xruns += 1

    def _process(self, frames: int) -> None:
        start = self._position
        step = min(frames, self.take.shape[1] - start) if self._rolling else 0
        for port, channel in zip(self.outs, self.tape, strict=True):
            block = port.get_array()
            block[:step] = channel[start : start + step]
            block[step:] = 0.0
        for port, track in zip(self.ins, self.take, strict=True):
            track[start : start + step] = port.get_array()[:step]
        if self.keys is not None:
            self.keys.clear_buffer()
            for frame, event in self._strikes:
                if start <= frame < start + step:
                    self.keys.write_midi_event(frame - start, event)
        self._position = start + step
        if self._rolling and self._position == self.take.shape[1]:
            self._ended.set()

    def roll(self, limit_s: float) -> bool:
        """Play and record once; return whether it came to the end within ``limit_s`` seconds."""
        self._rolling = True
        self._ended.wait(limit_s)
        self._rolling = False
        return self._position == self.take.shape[1]


def main(argv: list[str] | None = None) -> int:
    """Run one take; print what came of it as one line of JSON; exit 1 if it was cut short."""
    parser = argparse.ArgumentParser(prog="deck", description="Play into JACK ports and record from others.")
    parser.add_argument("--name", default="deck", help="JACK client name")
    parser.add_argument("--play", type=Path, help="a .npy file, shape (frames,) or (channels, frames)")
    parser.add_argument("--into", action="append", default=[], help="port to play into; one per channel, or all one")
    parser.add_argument("--notes", default="", help="MIDI notes to strike, such as 60,64,67")
    parser.add_argument("--keys-into", help="MIDI port that takes the notes")
    parser.add_argument("--from", dest="sources", action="append", default=[], help="port to record from")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True, help="a .npy file, shape (channels, frames)")
    asked = parser.parse_args(argv)
    tape = np.atleast_2d(np.load(asked.play)) if asked.play else np.zeros((0, 0), np.float32)
    notes = tuple(int(note) for note in asked.notes.split(",") if note)

    deck = Deck(asked.name, tape, len(asked.sources), asked.seconds, notes)
    try:
        deck.client.activate()
        for index, target in enumerate(asked.into):
            deck.client.connect(deck.outs[min(index, len(deck.outs) - 1)], target)
        if deck.keys is not None and asked.keys_into:
            deck.client.connect(deck.keys, asked.keys_into)
        for source, port in zip(asked.sources, deck.ins, strict=True):
            deck.client.connect(source, port)
        whole = deck.roll(asked.seconds * 3 + 5)
    finally:
        # A Python client with callbacks that exits without closing can hang for ever (measured on PipeWire).
        deck.client.deactivate()
        deck.client.close()
    np.save(asked.out, deck.take)
    sys.stdout.write(json.dumps({"rate": deck.rate, "xruns": deck.xruns, "whole": whole}) + "\n")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
