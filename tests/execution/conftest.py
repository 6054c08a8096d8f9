"""A desk on a studio in memory: no process, no sound, and a record of every call."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.engines.memory import MemoryCatalogue, MemoryStudio
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.load import load
from reconciler.session.compile import compile_session

M = "lv2:urn:studio:memory:"
Sit = Callable[..., Desk]

VOICE = f"""\
version: 1
session: voice
plugins:
  gate: {{ plugin: {M}gate, params: {{ threshold: -40 dB, release: 120 ms }} }}
  comp: {{ plugin: {M}compressor, params: {{ ratio: 3 }} }}
  out: {{ plugin: {M}stereo-gain, params: {{ gain: -3 dB }} }}
chains:
  voice: [system:capture_1, gate, comp, out, "system:playback_[12]"]
"""


@pytest.fixture
def world(isolated_xdg: Path) -> MemoryStudio:
    """A studio in memory whose server runs."""
    return MemoryStudio()


@pytest.fixture
def sit(world: MemoryStudio, tmp_path: Path) -> Sit:
    """Write a manifest and sit down at the desk with it."""

    def sit_down(text: str = VOICE, name: str = "studio.yaml") -> Desk:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        source = load(path)
        session = compile_session(source, MemoryCatalogue())
        return Desk(source, session, "memory", LocalStudio(world.host, world.open_graph, world.hardware))

    return sit_down
