"""``studio doctor`` on this very machine, as a user runs it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.doctor import probe
from reconciler.doctor.checks import facts


def studio(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "studio"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_it_agrees_with_the_path_about_this_machine() -> None:
    done = studio("doctor", "--json")
    form = json.loads(done.stdout)
    states = {finding["name"]: finding["state"] for finding in form["findings"]}
    assert (states["jalv"] == "ok") == (shutil.which("jalv") is not None)
    assert states["Python"] == "ok"
    assert done.returncode == (0 if form["ready"] else 1)


def test_text_names_every_finding_of_the_json() -> None:
    names = [finding["name"] for finding in json.loads(studio("doctor", "--json").stdout)["findings"]]
    text = studio("doctor").stdout
    assert all(name in text for name in names)
    assert "\x1b" not in text, "no colour where nobody sees it"


@pytest.mark.jack
@pytest.mark.usefixtures("jack_server")
def test_the_probe_reads_a_running_server() -> None:
    # By the environment: told a server with -s, jack_lsp of Ubuntu 24.04 writes past its buffer and is aborted.
    listed = subprocess.run(["jack_lsp"], capture_output=True, text=True, check=True, timeout=10)
    server = probe.ask().server
    assert server == probe.Server(48000, 256, realtime=False, ports=len(listed.stdout.splitlines()))


def test_no_server_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "a5-nobody-runs-this")
    found = probe.ask()
    assert found.server is None
    assert found.trouble is None


def test_a_probe_that_hangs_is_given_up_on() -> None:
    assert "did not answer" in (probe.ask(limit_s=0.001).trouble or "")


def test_the_probe_prints_one_line_of_json_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "a5-nobody-runs-this")
    done = subprocess.run(
        [sys.executable, "-m", "reconciler.doctor.probe"], capture_output=True, text=True, check=True, timeout=20
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


@pytest.mark.carla
def test_carla_is_loaded_and_described() -> None:
    told = probe.ask_carla()
    assert told.usable
    assert (told.discovery, told.bridge) == (True, True)
    listed = {finding["name"]: finding for finding in json.loads(studio("doctor", "--json").stdout)["findings"]}
    assert listed["Carla"]["state"] == "ok"
    assert listed["Carla"]["says"].startswith(f"{told.version} ({told.folder}); ")
    assert listed["plugin host"]["says"].startswith("Carla")


def test_a_carla_that_is_too_old_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"share/carla/carla_backend.py": "PARAMETER_PANNING = -7\n", "lib/carla/libcarla_standalone2.so": ""}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("CARLA_PREFIX", str(tmp_path))
    told = probe.ask_carla()
    assert "is too old" in (told.trouble or "")
    assert (told.version, told.usable) == ("2.5 or older", False)
    listed = {finding["name"]: finding for finding in json.loads(studio("doctor", "--json").stdout)["findings"]}
    assert (listed["Carla"]["state"], listed["Carla"]["mend"]) == ("lack", told.hint)


def test_no_carla_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARLA_PREFIX", "/nowhere")
    assert probe.ask_carla() == probe.Carla()


def test_facts_of_this_machine_are_whole() -> None:
    known = facts()
    assert known.user
    assert known.groups
    assert known.python.count(".") == 2
