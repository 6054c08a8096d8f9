"""The example sessions are worth starting from: valid, applied as they stand, in sync afterwards, and they sound."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML

from reconciler.demo.sounds import Samples, peak_dbfs, rms_dbfs, voice
from reconciler.manifest.examples import examples
from tests.support.engines import BOTH, let_auto_mean
from tests.support.jackd import unique_name

SESSIONS = examples()
RATE = 48000
SETTLED = RATE
"""From here on a take is measured: gates are open, envelopes have found their level."""
OUT = ("limiter:outL", "limiter:outR")

WAITING = 4
"""Exit code: applied, and something waits for a port."""


def command(*arguments: str | Path, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The host that is taken."""
    taken: str = request.param
    let_auto_mean(taken, monkeypatch)
    return taken


@pytest.fixture
def applied(jack_server: str, engine: str) -> Iterator[Callable[..., None]]:
    """Apply an example as it stands, see that nothing is left to do, and stop all of it after the test."""
    done: list[Path] = []

    def apply(name: str, *, waits_for: tuple[str, ...] = ()) -> None:
        manifest = SESSIONS[name]
        done.append(manifest)
        command("reconciler", "apply", manifest, "--yes", code=WAITING if waits_for else 0)
        assert json.loads(command("reconciler", "status", manifest, "--json"))["engine"] == engine
        plan = json.loads(command("reconciler", "plan", manifest, "--json", "--exit-code"))
        assert plan.get("changes", []) == []
        assert tuple(pending["waits_for"] for pending in plan.get("pending", [])) == waits_for

    yield apply
    for manifest in done:
        command("reconciler", "down", manifest)


def take(
    session: str,
    folder: Path,
    *,
    play: Samples | None = None,
    into: tuple[str, ...] = (),
    notes: str = "",
    keys_into: str = "",
    seconds: float = 2.0,
) -> Samples:
    """Play into ports (one channel each, or one for all), record the session's end; shape (2, frames)."""
    listed = json.loads(command("reconciler", "ports", "--manifest", SESSIONS[session], "--json"))
    # Other programs know a port by JACK's name of it, which is not the manifest's on every host.
    jack = {one["port"]["name"]: (one["port"].get("aliases") or [one["port"]["name"]])[0] for one in listed}
    more = ["--notes", notes, "--keys-into", jack[keys_into]] if notes else []
    arguments = [*more, "--seconds", str(seconds), "--out", str(folder / "take.npy")]
    if play is not None:
        np.save(folder / "play.npy", play)
        arguments += ["--play", str(folder / "play.npy")]
    for port in into:
        arguments += ["--into", jack[port]]
    for port in OUT:
        arguments += ["--from", jack[port]]
    command("reconciler.demo.deck", "--name", "test-deck", *arguments)
    recorded: Samples = np.load(folder / "take.npy")
    return recorded[:, SETTLED:]


def test_there_are_three_worth_starting_from() -> None:
    assert set(SESSIONS) >= {"podcast", "live-rig", "instrument"}


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_named_like_its_file(name: str) -> None:
    assert f"\nsession: {name}\n" in SESSIONS[name].read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SESSIONS)
def test_an_editor_finds_the_schema_and_agrees(name: str) -> None:
    text = SESSIONS[name].read_text(encoding="utf-8")
    reference = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert reference is not None
    schema = json.loads((SESSIONS[name].parent / reference[1]).read_text(encoding="utf-8"))
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), schema)


@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_is_valid_on_a_machine_with_the_plugins(name: str, engine: str) -> None:
    assert f"{name} is valid" in command("reconciler", "validate", SESSIONS[name])


@pytest.mark.jack
def test_the_podcast_starts_and_stops_jack_by_itself(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", unique_name())
    manifest = SESSIONS["podcast"]
    command("reconciler", "apply", manifest, "--yes")
    jack = json.loads(command("reconciler", "status", manifest, "--json"))["jack"]
    assert (jack["driver"], jack["sample_rate"], jack["period"]) == ("dummy", 48000, 256)
    assert "JACK" in command("reconciler", "down", manifest)


@pytest.mark.jack
def test_the_podcast_lifts_the_voice_and_not_the_room(applied: Callable[..., None], tmp_path: Path) -> None:
    applied("podcast")
    speech = take("podcast", tmp_path, play=voice(2.0, RATE), into=("gate:in",))
    assert -25 < rms_dbfs(speech) < -18
    assert peak_dbfs(speech) <= -1.4, "the limiter's ceiling"
    assert rms_dbfs(speech[0]) == pytest.approx(rms_dbfs(speech[1]), abs=1.0)
    hiss = np.random.default_rng(7).normal(0, 10 ** (-62 / 20), 2 * RATE).astype(np.float32)
    # The compressor's 9 dB would lift it to -53; a closed gate takes 18 off before.
    assert rms_dbfs(take("podcast", tmp_path, play=hiss, into=("gate:in",))) < -68, "the gate closes on a quiet room"


@pytest.mark.jack
def test_the_live_rig_balances_vocal_and_guitar(applied: Callable[..., None], tmp_path: Path) -> None:
    applied("live-rig")
    time = np.arange(2 * RATE) / RATE
    string = sum(np.sin(2 * np.pi * 110 * harmonic * time) / harmonic for harmonic in range(1, 6))
    pick = string * np.exp(-3 * (time % 1.0))
    guitar = (pick * 10 ** (-22 / 20) / np.sqrt(np.mean(pick**2))).astype(np.float32)
    vocal = take("live-rig", tmp_path, play=voice(2.0, RATE), into=("vocal-eq:in",))
    strings = take("live-rig", tmp_path, play=guitar, into=("guitar-amp:left_in", "guitar-amp:right_in"))
    assert -28 < rms_dbfs(vocal) < -18
    assert -28 < rms_dbfs(strings) < -18
    both = np.stack([voice(2.0, RATE, level_dbfs=-12), guitar * np.float32(4)])
    assert peak_dbfs(take("live-rig", tmp_path, play=both, into=("vocal-eq:in", "guitar-amp:left_in"))) <= -2.9, (
        "loud, but limited"
    )


@pytest.mark.jack
def test_the_instrument_plays_and_its_echo_fades(applied: Callable[..., None], tmp_path: Path) -> None:
    applied("instrument", waits_for=("system:midi_capture_1",))  # no keyboard here
    chord = take("instrument", tmp_path, notes="48,60,64,67", keys_into="piano:event_in", seconds=4.0)
    assert -35 < rms_dbfs(chord[:, :RATE]) < -12
    assert peak_dbfs(chord) <= -1.4
    assert rms_dbfs(chord[:, -RATE:]) < rms_dbfs(chord[:, :RATE]) - 20, "released half way"
