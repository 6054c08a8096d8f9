"""Where the demo plays: a scratch studio of its own, commands run as typed, claims checked, nothing left behind."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil

from reconciler.demo.sounds import Samples, peak_dbfs, rms_dbfs, voice

RATE = 48000
TAKE_S = 3.0
TAKES = 3
SETTLE_S = 1.0
"""Left out of every measurement: the gate opens, the compressor finds its level."""
COMMAND_LIMIT_S = 60.0
MARK = "STUDIO_DEMO"
SESSION = "podcast.yaml"
"""The manifest, in the stage's folder."""


class Disproved(Exception):
    """A claim of the demo did not hold."""


class Stage:
    """A scratch folder with its own settings, state, sockets and JACK server.

    Every process started from here, however far it detaches, inherits a mark in its environment; so what is left
    running afterwards is known beyond doubt.
    """

    def __init__(self) -> None:
        # Short on purpose: a Unix socket's path holds 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="studio-demo-"))
        self.claims = 0
        self.pictured: list[str] = []
        """The lines of the scenes that are in the picture."""
        self.picturing = False
        self._started = time.monotonic()
        self._mark = self.folder.name
        homes = ("XDG_RUNTIME_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
        for home in homes:
            (self.folder / home.split("_")[1].lower()).mkdir(mode=0o700)
        self.env = {
            **os.environ,
            **{home: str(self.folder / home.split("_")[1].lower()) for home in homes},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "JACK_DEFAULT_SERVER": self._mark,
            "JACK_NO_START_SERVER": "1",
            "NO_COLOR": "1",
            MARK: self._mark,
        }
        self._voice = self.folder / "voice.npy"
        np.save(self._voice, voice(TAKE_S, RATE))

    # -- telling ------------------------------------------------------------------------------------------------------

    def say(self, text: str = "") -> None:
        """Print a line of the story."""
        if self.picturing and (text or self.pictured):
            self.pictured.append(text)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def scene(self, title: str, *, pictured: bool = False) -> None:
        """Begin a new part, and say whether it goes into the picture."""
        self.picturing = pictured
        self.say()
        self.say(f"── {title} " + "─" * max(4, 92 - len(title)))

    def claim(self, holds: bool, text: str) -> None:
        """Say what was found, and stop the demo if it does not hold.

        Raises
        ------
        Disproved
            It does not.
        """
        if not holds:
            raise Disproved(text)
        self.claims += 1
        self.say(f"  ✓ {text}")

    # -- doing --------------------------------------------------------------------------------------------------------

    def run(self, command: str, expect: int = 0, *, last: int | None = None) -> str:
        """Run a command as a user types it, show both, and return what it printed.

        Parameters
        ----------
        command
            A line without shell syntax but for quotes.
        expect
            The exit code it must end with.
        last
            Show only that many lines, where the story has shown the others already.

        Raises
        ------
        Disproved
            It exited with something else than ``expect``.
        """
        self.say(f"$ {command}")
        begun = time.monotonic()
        done = subprocess.run(
            shlex.split(command),
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            cwd=self.folder,
            env=self.env,
        )
        took = time.monotonic() - begun
        printed = (done.stdout + done.stderr).rstrip().splitlines()
        shown = printed if last is None or done.returncode != expect else printed[-last:]
        if len(shown) < len(printed):
            self.say("  …")
        for line in shown:
            self.say(f"  {line}".rstrip())
        if done.returncode != expect:
            raise Disproved(f"`{command}` exited with {done.returncode} after {took:.1f} s; {expect} was expected")
        return done.stdout

    def query(self, command: str) -> dict[str, object]:
        """Run a command with ``--json``, unseen, and return what it says.

        Raises
        ------
        Disproved
            It failed, or printed no JSON.
        """
        done = subprocess.run(
            [*shlex.split(command), "--json"],
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            cwd=self.folder,
            env=self.env,
        )
        try:
            answer = json.loads(done.stdout) if done.returncode == 0 else None
        except json.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise Disproved(f"`{command} --json` exited with {done.returncode}: {done.stdout}{done.stderr}")
        return answer

    def listen(self, fits: Callable[[Samples], bool] = lambda _: True) -> Samples:
        """Play the voice into the gate in a process of its own; return what comes out, shape (2, frames).

        A take that does not fit is repeated if JACK reported lost cycles in it: a busy machine without realtime
        priority loses some whatever studio does.
        """
        for _ in range(TAKES - 1):
            recorded, xruns = self._take()
            if xruns == 0 or fits(recorded):
                return recorded
            self.say(f"  (this machine lost {xruns} cycles of sound meanwhile; once more)")
        return self._take()[0]

    def _take(self) -> tuple[Samples, int]:
        take = self.folder / "take.npy"
        into, left, right = self.jack_names("gate:in", "limiter:outL", "limiter:outR")
        arguments = ["--name", "demo-deck", "--play", str(self._voice), "--into", into, "--from", left, "--from", right]
        done = subprocess.run(
            [sys.executable, "-m", "reconciler.demo.deck", *arguments, "--seconds", str(TAKE_S), "--out", str(take)],
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
            env=self.env,
        )
        if done.returncode != 0:
            raise Disproved(f"the tape deck failed: {done.stderr.strip()}")
        recorded: Samples = np.load(take)
        return recorded[:, round(SETTLE_S * RATE) :], int(json.loads(done.stdout.splitlines()[-1])["xruns"])

    def played(self) -> Samples:
        """Return what :meth:`listen` plays, less the part that is left out."""
        whole: Samples = np.load(self._voice)
        return whole[round(SETTLE_S * RATE) :]

    def jack_names(self, *ports: str) -> list[str]:
        """Return what other JACK programs call ports of the session: Carla names them otherwise than the manifest.

        Raises
        ------
        Disproved
            One of them is not there.
        """
        command = ["studio", "ports", "--manifest", SESSION, "--json"]
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, cwd=self.folder, env=self.env
        )
        if done.returncode != 0:
            raise Disproved(f"`{shlex.join(command)}` exited with {done.returncode}: {done.stderr}")
        named = {one["port"]["name"]: one["port"] for one in json.loads(done.stdout)}
        lost = [port for port in ports if port not in named]
        if lost:
            raise Disproved(f"{', '.join(lost)} is not there")
        return [next(iter(named[port].get("aliases", ())), port) for port in ports]

    def unplug(self, source: str, target: str) -> None:
        """Pull a cable behind studio's back, with a bare JACK call in a process of its own."""
        source, target = self.jack_names(source, target)
        code = (
            "import sys, jack\n"
            "client = jack.Client('somebody-else', no_start_server=True)\n"
            "client.disconnect(*sys.argv[1:])\n"
            "client.close()\n"
        )
        subprocess.run([sys.executable, "-c", code, source, target], check=True, env=self.env, timeout=COMMAND_LIMIT_S)

    # -- leaving ------------------------------------------------------------------------------------------------------

    def running(self) -> list[psutil.Process]:
        """Return every process of the demo that is still alive, other than this one."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(MARK) == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def leave(self) -> list[str]:
        """Remove the scratch folder and return what was still running, which is ended by force."""
        left = self.running()
        names = [_described(process) for process in left]
        for process in left:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=10)
        shutil.rmtree(self.folder)
        return names

    @property
    def seconds(self) -> float:
        """How long the demo has been running."""
        return time.monotonic() - self._started


def _described(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())}"
    except psutil.NoSuchProcess:
        return f"{process.pid} (gone meanwhile)"


def levels(samples: Samples) -> str:
    """Return level and peak as people read them."""
    return f"{rms_dbfs(samples):6.1f} dBFS RMS, peak {peak_dbfs(samples):5.1f} dBFS"
