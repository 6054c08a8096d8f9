"""Real sound through real servers: play known signals into ports, record from others, get arrays back."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reconciler.engines.jack.client import JackClient
from tests.support.signals import RATE_HZ, Samples
from tests.support.waiting import eventually

LIMIT_S = 15.0
"""Beyond the length of the recording, for Python to start and write it."""


@dataclass
class Take:
    """A recording; filled when its ``with`` block has ended.

    ``tracks`` has one array of shape (frames,) for each recorded port, the first frame being the one at which the
    signals started. ``xruns`` are those that JACK told of meanwhile: a machine's own, to be taken into account.
    """

    tracks: dict[str, Samples] = field(default_factory=dict)
    rate_hz: int = 0
    xruns: int = 0

    def __getitem__(self, port: str) -> Samples:
        return self.tracks[port]


@contextmanager
def rolling(
    play: Mapping[str, Samples],
    record: Sequence[str],
    *,
    limit_s: float = 20.0,
    until_full: bool = False,
    name: str = "tape",
) -> Iterator[Take]:
    """Play and record for as long as the block lasts, at most ``limit_s`` seconds.

    Parameters
    ----------
    play
        Input ports, and the signal that each is to get, over and over.
    record
        Output ports to record from; ``tape:play_1`` is the first signal itself.
    until_full
        Go on after the block until ``limit_s`` seconds are recorded.
    name
        Name of the JACK client, whose ports are ``play_1`` … and ``record_1`` ….

    Yields
    ------
    Take
        Empty within the block, complete after it. Sound flows when the block begins.
    """
    take = Take()
    with tempfile.TemporaryDirectory(prefix="studio-tape-") as folder:
        job, tape = Path(folder) / "job.json", Path(folder) / "tape.npy"
        _write_job(job, tape, play, record, seconds=limit_s, name=name)
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.audio_client", str(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=dict(os.environ),
        ) as process:
            try:
                assert process.stdout is not None
                began = process.stdout.readline() == "rolling\n"
                if began:
                    yield take
                    if until_full:
                        process.wait(limit_s + LIMIT_S)
                told, complaints = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
        assert began, f"the recording never began: {complaints}"
        assert process.returncode == 0, f"the recording failed: {told}{complaints}"
        facts = json.loads(told)
        take.rate_hz, take.xruns = facts["rate"], facts["xruns"]
        take.tracks = dict(zip(record, np.load(tape), strict=True))


def play_and_record(
    play: Mapping[str, Samples], record: Sequence[str], seconds: float = 1.0, *, name: str = "tape"
) -> Take:
    """Play and record for ``seconds``; see :func:`rolling`."""
    with rolling(play, record, limit_s=seconds, until_full=True, name=name) as take:
        pass
    return take


def let_sound_pass(frames: int) -> None:
    """Wait until the server has gone on by so many frames; silence may last, a stopped server may not."""
    client = JackClient("clock")
    try:
        start = int(client.raw.frame_time)
        eventually(lambda: int(client.raw.frame_time) - start >= frames, within_s=10, what=f"{frames} frames pass")
    finally:
        client.close()


def _write_job(
    job: Path, tape: Path, play: Mapping[str, Samples], record: Sequence[str], *, seconds: float, name: str
) -> None:
    files = [str(job.with_name(f"signal_{number}.npy")) for number in range(len(play))]
    for file, signal in zip(files, play.values(), strict=True):
        np.save(file, signal)
    form = {
        "name": name,
        "signals": files,
        "play": list(play),
        "record": list(record),
        "frames": round(seconds * RATE_HZ),
        "tape": str(tape),
    }
    job.write_text(json.dumps(form), encoding="utf-8")
