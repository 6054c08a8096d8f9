"""A folder to work in, the command within this process, and everything down afterwards."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.cli.main import _run
from tests.cli.studio import Done, put_everything_down

Inside = Callable[..., Done]
Write = Callable[..., Path]

MEMORY = "lv2:urn:studio:memory:"

VOICE = f"""\
version: 1
session: voice
engine: {{ host: memory }}
plugins:
  gate:
    plugin: {MEMORY}gate
    params: {{ threshold: -40 dB, release: 120 ms }}
  eq:
    plugin: {MEMORY}equalizer
    program: Warm
    params: {{ gain: -2.5 dB }}
links:
  - system:capture_1 -> gate
  - gate -> eq
  - eq -> system:playback_*
"""
"""A session that needs neither JACK nor any installed plugin."""


@pytest.fixture
def folder(tmp_path: Path, isolated_xdg: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; what was started from it is down afterwards."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    put_everything_down()


@pytest.fixture
def write(folder: Path) -> Write:
    """Write a manifest and return its path."""

    def write_it(text: str = VOICE, name: str = "studio.yaml") -> Path:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_it


@pytest.fixture
def inside(folder: Path, capsys: pytest.CaptureFixture[str]) -> Inside:
    """Run a command within this process, which is fast; only for sessions on the memory engine."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = _run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Done(code, told.out, told.err)

    return run
