"""A scratch studio for one page: its own folder, settings, sockets and JACK server."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from tests.docs.pages import ROOT
from tests.support import isolation

LIMIT_S = 60


class Scratch:
    """Runs the commands of a page one after another, as one person in one terminal would."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "here"
        shutil.copytree(ROOT / "sessions", self.folder / "sessions")
        shutil.copytree(ROOT / "schemas", self.folder / "schemas")
        self._mark = f"docs-{os.getpid()}-{home.name}"
        self._where = home / "pwd"
        folders = {}
        for name in ("RUNTIME_DIR", "STATE_HOME", "CACHE_HOME", "CONFIG_HOME"):
            (home / name.split("_")[0].lower()).mkdir(mode=0o700)
            folders[f"XDG_{name}"] = str(home / name.split("_")[0].lower())
        self._env = {
            **os.environ,
            **folders,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "JACK_DEFAULT_SERVER": self._mark,
            "JACK_NO_START_SERVER": "1",
            "NO_COLOR": "1",
            isolation.MARK: self._mark,
        }

    def run(self, command: str) -> tuple[int, str]:
        """Run a line of shell; return its exit code and all it printed. The working folder carries over."""
        script = f"trap 'pwd >\"{self._where}\"' EXIT\n{command}\n"
        done = subprocess.run(
            ["bash", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT_S,
            cwd=self.folder,
            env=self._env,
        )
        self.folder = Path(self._where.read_text(encoding="utf-8").strip())
        return done.returncode, done.stdout

    def left_running(self) -> list[str]:
        """Return what the page's commands left running, and end it."""
        left = isolation.descendants(self._mark)
        names = [isolation.described(process) for process in left]
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=10)
        return names
