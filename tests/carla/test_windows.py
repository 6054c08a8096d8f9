"""A plugin's own window on a screen of the test: it is really there, and what is turned in it is drift."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.studio import put_everything_down, studio
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

WITH_WINDOW = "lv2:http://lsp-plug.in/plugins/lv2/gate_mono"
WITHOUT = "lv2:http://plugin.org.uk/swh-plugins/amp"
TITLE = "gate (GUI)"

SESSION = f"""\
version: 1
session: window
engine: {{ host: HOST }}
plugins:
  gate: {{ plugin: '{WITH_WINDOW}', params: {{ gt: -42 dB }} }}
  amp: {{ plugin: '{WITHOUT}' }}
"""


@pytest.fixture
def screen() -> Iterator[str]:
    """A display that nobody else sees."""
    for program, package in (("Xvfb", "xvfb"), ("xdotool", "xdotool")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (Debian: {package})")
    read, write = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


@pytest.fixture
def session(tmp_path: Path, jack_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Applied from a place without a display, as over ssh."""
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studio.yaml").write_text(SESSION.replace("HOST", "carla"), encoding="utf-8")
    done = studio("apply", "--yes")
    assert done.code == 0, done
    yield
    put_everything_down()


def windows(display: str, title: str = TITLE) -> list[str]:
    """The windows of that title, as another program sees them."""
    command = ["xdotool", "search", "--name", title.replace("(", r"\(").replace(")", r"\)")]
    done = subprocess.run(command, env={**os.environ, "DISPLAY": display}, capture_output=True, text=True, check=False)
    return done.stdout.split()


def test_it_opens_where_it_is_asked_for_and_closes(session: None, screen: str) -> None:
    opened = studio("ui", "gate", env={"DISPLAY": screen})
    assert (opened.code, opened.out) == (0, "gate: its window is open\n"), opened
    assert len(windows(screen)) == 1
    again = studio("ui", "gate", "--json", env={"DISPLAY": screen})
    assert (again.code, again.json["shown"]) == (0, True)
    assert len(windows(screen)) == 1
    closed = studio("ui", "gate", "--close")
    assert (closed.code, closed.out) == (0, "gate: its window is closed\n"), closed
    eventually(lambda: windows(screen) == [])
    assert studio("drift").code == 0, "looking changes nothing"


def test_what_is_turned_in_it_is_drift(session: None, screen: str) -> None:
    assert studio("ui", "gate", env={"DISPLAY": screen}).code == 0
    (window,) = windows(screen)
    around = {**os.environ, "DISPLAY": screen}

    def turned() -> bool:
        """Turn the wheel over every part of the window, until something has moved."""
        for x in range(40, 960, 60):
            for y in range(60, 500, 60):
                wheel = ["mousemove", "--window", window, str(x), str(y), "click", "4", "click", "4"]
                subprocess.run(["xdotool", *wheel], env=around, check=True)
        return studio("drift").code == 2

    eventually(turned, within_s=30)
    drift = studio("drift")
    assert "plugins.gate.params." in drift.out
    assert studio("apply", "--yes").code == 0
    assert studio("drift").code == 0


@pytest.mark.parametrize(
    ("name", "display", "code"),
    [("amp", True, "no-ui"), ("gate", False, "no-display"), ("gato", True, "no-such-plugin")],
)
def test_what_cannot_be_shown_is_told(session: None, screen: str, name: str, display: bool, code: str) -> None:
    done = studio("ui", name, env={"DISPLAY": screen} if display else {})
    assert (done.code, f"[{code}]" in done.err) == (1, True), done
    assert windows(screen, "GUI") == []


def test_a_display_that_does_not_answer(session: None) -> None:
    done = studio("ui", "gate", env={"DISPLAY": ":9999"})
    assert done.code == 1
    assert "[no-display] the window of gate cannot be shown: the display :9999 does not answer" in done.err
    assert studio("drift").code == 0, "the host is alive and well"


def test_nothing_runs_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studio.yaml").write_text(SESSION.replace("HOST", "carla"), encoding="utf-8")
    done = studio("ui", "gate")
    assert (done.code, "[host-not-running]" in done.err) == (1, True)
