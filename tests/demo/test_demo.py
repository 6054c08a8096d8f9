"""The demo holds, and would say so if it did not."""

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import psutil
import pytest

from reconciler.demo import sounds
from reconciler.demo.picture import svg
from reconciler.demo.stage import Disproved, Stage
from tests.support.engines import BOTH, let_auto_mean
from tests.support.waiting import eventually


@pytest.mark.jack
@pytest.mark.parametrize("engine", BOTH)
def test_the_whole_story_holds(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let_auto_mean(engine, monkeypatch)
    picture = tmp_path / "demo.svg"
    done = subprocess.run(
        [sys.executable, "-m", "reconciler.demo", "--picture", str(picture)],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ended by force" not in done.stdout
    assert "plugins.main.params.trim" in picture.read_text(encoding="utf-8").replace("\u00a0", " ")


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    if stage.folder.exists():
        stage.leave()


def test_a_claim_that_does_not_hold_ends_the_demo(stage: Stage) -> None:
    with pytest.raises(Disproved, match="the voice comes out"):
        stage.claim(False, "the voice comes out")
    assert stage.claims == 0


def test_a_command_that_ends_otherwise_than_told_ends_the_demo(stage: Stage) -> None:
    with pytest.raises(Disproved, match="exited with 1"):
        stage.run("false")
    assert stage.run("echo hello") == "hello\n"


def test_a_failed_query_is_not_an_empty_answer(stage: Stage) -> None:
    with pytest.raises(Disproved):
        stage.query("studio plan no-such-file.yaml")


def test_what_is_left_running_is_found_however_far_it_detached(stage: Stage) -> None:
    stage.run("sh -c 'setsid sleep 60 >/dev/null 2>&1 &'")
    # A moment long it is still the setsid that becomes it.
    eventually(lambda: [process.name() for process in stage.running()] == ["sleep"])
    pids = [process.pid for process in stage.running()]
    assert len(stage.leave()) == 1
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids)
    assert not stage.folder.exists()


def test_levels_are_those_of_the_textbook() -> None:
    time = np.arange(48000) / 48000
    sine = np.sin(2 * math.pi * 1000 * time).astype(np.float32)
    assert sounds.rms_dbfs(sine) == pytest.approx(-3.0103, abs=1e-3)
    assert sounds.peak_dbfs(sine * np.float32(0.5)) == pytest.approx(-6.0206, abs=1e-3)
    assert sounds.rms_dbfs(np.zeros(10, np.float32)) == -math.inf


def test_the_voice_is_the_same_every_time_and_as_loud_as_asked() -> None:
    first, second = sounds.voice(2.0, 48000), sounds.voice(2.0, 48000)
    assert np.array_equal(first, second)
    assert sounds.rms_dbfs(first) == pytest.approx(-24.0, abs=0.1)
    assert sounds.peak_dbfs(first) < -3


def test_the_picture_is_well_formed_whatever_is_printed() -> None:
    text = svg(['$ studio plan "<&>"', "  ~ plugins.eq  0 dB -> -6 dB", ""], "a & b")
    rows = [row.text or "" for row in ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]
    assert rows[0].replace("\u00a0", " ") == '$ studio plan "<&>"'
    assert len(rows) == 3
