"""A session with every field there is: applied, read back equal by others than us, killed at any moment and resumed."""

import os
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from reconciler.engines import choose
from reconciler.model import places
from tests.carla import whole
from tests.cli.studio import Done, host, put_everything_down, running, studio
from tests.support import isolation
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

MODES = ("multiple-clients", "patchbay")
KILLS = 10 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 2
"""In each mode; ten in `make long`."""
SEED = 20261122


@pytest.fixture
def folder(
    fresh_jack_server: Jackd, isolated_xdg: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The current folder, with all that the session speaks of."""
    known = choose.catalogue("carla")
    missing = [uri for uri in whole.NEEDED if known.describe(uri) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (Debian: {whole.PACKAGES})")
    monkeypatch.chdir(tmp_path)
    for variable, value in whole.prepare(tmp_path).items():
        monkeypatch.setenv(variable, value)
    yield tmp_path
    put_everything_down()


def applied(folder: Path, text: str, mode: str) -> Done:
    whole.write(folder, text, mode)
    done = studio("apply", "--yes", "--allow-programs")
    assert done.code == 0, done.out + done.err
    return done


def saved(folder: Path) -> whole.Saved:
    """What Carla itself saves of what it holds."""
    path = folder / "saved.carxp"
    path.unlink(missing_ok=True)
    process = host(whole.SESSION)
    assert process is not None
    process.send_signal(signal.SIGUSR1)
    eventually(path.exists, within_s=20, what="Carla has saved its project")
    return whole.Saved(path)


def processes() -> list[str]:
    """The commands of every process of this test, but for the server and those that every test shares."""
    told = []
    for process in isolation.descendants(os.environ[isolation.MARK]):
        try:
            words = process.cmdline()
        except psutil.NoSuchProcess:
            continue
        if words and "jackd" not in words[0]:
            told.append(" ".join(Path(word).name for word in words[:4] if "{" not in word))
    return sorted(told)


def proved(folder: Path, mode: str) -> tuple[set[str], int]:
    """See that what is there is what the manifest says, by Carla's own project and ``jack_lsp``.

    Returns every port, and how many processes there are.
    """
    project = saved(folder)
    assert sorted(project.names) == sorted(whole.PLUGINS), "each one once"
    for name, wanted in whole.PLUGINS.items():
        assert project.plugin(name) == {**whole.USUAL, **wanted}, name
    values = project.values()
    assert {at: values[at] for at in whole.VALUES} == pytest.approx(whole.VALUES, rel=1e-6)
    assert project.mapped() == whole.MAPPED
    assert project.options() == {name: bits for name, (_, bits) in whole.OPTIONS.items()}
    assert project.program("fm") == (None, "1", "4")
    data = project.data()
    assert {at: data[at] for at in whole.DATA} == whole.DATA
    assert data["player", whole.FILE, "file"] == str(folder / "sounds" / "tone.wav")
    assert data["font", whole.STRING, "midiPrograms"].startswith("0:5:0:")
    ports, links = whole.jack_lsp()
    assert links == {frozenset(link) for link in whole.IN_JACK[mode]}
    if mode == "patchbay":
        assert project.links() == whole.IN_CARLA
        assert project.tempo == 97.5, "among JACK clients it is that of JACK's clock, which stands"
    found = studio("plan", "--exit-code", "--allow-programs")
    assert found.code == 0, found.out
    return ports, len(processes())


def done() -> int:
    """How many calls of the last apply are over, as its journal says; 0 if it has not begun."""
    path = places.state(whole.SESSION) / "journal.jsonl"
    lines = [msgspec.json.decode(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    last = [line["line"] for line in lines if line["apply"] == lines[-1]["apply"]]
    return last.count("after")


def jack_answers() -> bool:
    """Whether JACK takes newcomers; with a dozen clients that were killed at once it may not for half a minute."""
    try:
        subprocess.run(["jack_lsp"], capture_output=True, check=True, timeout=2)
    except subprocess.TimeoutExpired:
        return False
    return True


def killed(folder: Path, mode: str, moment: int, victim: str) -> None:
    """Begin to apply everything, and kill the host or the command once so many calls are over."""
    whole.write(folder, whole.EVERYTHING, mode)
    process = host(whole.SESSION)
    assert process is not None
    path = places.state(whole.SESSION) / "journal.jsonl"
    before = path.stat().st_size
    with running("apply", "--yes", "--allow-programs") as command:
        eventually(lambda: path.stat().st_size > before and done() >= moment, within_s=30, what=f"{moment} calls")
        if victim == "host":
            process.kill()
        else:
            command.kill()
        command.communicate(timeout=30)
        assert command.returncode not in {0, 4}, "it was over before it could be killed"


@pytest.mark.parametrize("mode", MODES)
def test_every_field_is_applied_and_read_back_equal_by_others(folder: Path, mode: str) -> None:
    applied(folder, whole.BEFORE, mode)
    done = applied(folder, whole.EVERYTHING, mode)
    assert "was old-eq" in done.out
    ports, _ = proved(folder, mode)
    clients = {port.partition(":")[0] for port in ports} - {"system"}
    assert clients == (set(whole.PLUGINS) if mode == "multiple-clients" else {"studio.patchbay"})
    again = applied(folder, whole.EVERYTHING, mode)
    assert "in sync" in again.out


@pytest.mark.timeout(120 + 90 * KILLS)
@pytest.mark.parametrize("mode", MODES)
def test_killed_at_any_moment_it_is_resumed_by_a_plain_apply(folder: Path, mode: str) -> None:
    applied(folder, whole.BEFORE, mode)
    applied(folder, whole.EVERYTHING, mode)
    untouched = proved(folder, mode)
    calls = done()
    assert calls > 40
    chance = random.Random(SEED)
    for kill in range(KILLS):
        moment = chance.randrange(kill * calls // KILLS, (kill + 1) * calls // KILLS)
        victim = "command" if kill % 3 == 2 else "host"
        told = f"the {victim}, {moment} of {calls} calls done"
        assert studio("down").code == 0
        assert whole.jack_lsp()[1] == set(), "nothing is left to resume from"
        applied(folder, whole.BEFORE, mode)
        killed(folder, mode, moment, victim)
        eventually(jack_answers, within_s=90, what="JACK has done with the clients of the host that was killed")
        resumed = applied(folder, whole.EVERYTHING, mode)
        assert "failed" not in resumed.out, (told, resumed.out)
        assert proved(folder, mode) == untouched, told
