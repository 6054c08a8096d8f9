"""Starting, finding, stopping and retuning a JACK server."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from reconciler.engines.jack import jackd as jackd_module
from reconciler.engines.jack import process, server
from reconciler.engines.jack.graph import JackGraph
from reconciler.engines.jack.server import JackHardware
from reconciler.model.errors import EngineError, StudioError, Unavailable
from reconciler.model.resources import JackSettings
from tests.support.crowd import crowd
from tests.support.jackd import MISSING, Jackd, server_name
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.skipif(shutil.which("jackd") is None, reason=MISSING)]

DUMMY = JackSettings(driver="dummy", sample_rate=48000, period=256, realtime=False)


@pytest.fixture
def hardware(isolated_xdg: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JackHardware]:
    """Hardware without a server, of a name of its own."""
    hardware = JackHardware(isolated_xdg / "run" / "studio")
    with server_name() as name:
        monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
        yield hardware
        if hardware.running() is not None:
            hardware.stop()


def pid_of(hardware: JackHardware) -> int:
    record = json.loads(hardware.log.with_name("jackd.json").read_text(encoding="utf-8"))
    return int(record["process"]["pid"])


def refusal(hardware: JackHardware, settings: JackSettings) -> StudioError:
    with pytest.raises(StudioError) as caught:
        hardware.start(settings)
    assert hardware.running() is None
    return caught.value


def leftovers(name: str) -> list[str]:
    return [file.name for file in Path("/dev/shm").iterdir() if name in file.name]


def test_it_runs_as_asked_and_stops(hardware: JackHardware) -> None:
    assert hardware.running() is None
    hardware.start(msgspec.structs.replace(DUMMY, sample_rate=44100, period=512))
    name = os.environ["JACK_DEFAULT_SERVER"]
    assert hardware.running() == JackSettings(
        server=name, driver="dummy", sample_rate=44100, period=512, realtime=False
    )
    graph = JackGraph()
    assert graph.settings() == JackSettings(server=name, sample_rate=44100, period=512, realtime=False)
    assert len(graph.ports()) == 4
    hardware.stop()
    eventually(lambda: not graph.alive, within_s=1)
    graph.close()
    assert hardware.running() is None
    assert leftovers(name) == []


def test_what_is_not_asked_is_filled_in_from_what_runs(hardware: JackHardware) -> None:
    hardware.start(JackSettings(driver="dummy"))
    running = hardware.running()
    assert running is not None
    assert (running.sample_rate, running.period, running.periods) == (48000, 1024, None)
    assert running.realtime is jackd_module.may_be_realtime()


def test_realtime_is_had_or_refused_never_pretended(hardware: JackHardware) -> None:
    """Without the right to it jackd goes on without, and tells every client that it has it."""
    asked = msgspec.structs.replace(DUMMY, realtime=True)
    if jackd_module.may_be_realtime():
        hardware.start(asked)
        scheduled = {os.sched_getscheduler(thread.id) for thread in psutil.Process(pid_of(hardware)).threads()}
        assert scheduled & {os.SCHED_FIFO, os.SCHED_RR}
        hardware.stop()
    if shutil.which("setpriv") is None or os.geteuid() != 0:
        return
    code = (
        "import sys, pathlib\n"
        "from reconciler.engines.jack.server import JackHardware\n"
        "from reconciler.model.resources import JackSettings\n"
        "from reconciler.model.errors import EngineError\n"
        "hardware = JackHardware(pathlib.Path(sys.argv[1]))\n"
        "try:\n"
        "    hardware.start(JackSettings(driver='dummy', realtime=True))\n"
        "except EngineError as error:\n"
        "    print(error.code, error.message, error.hint, hardware.running())\n"
        "hardware.start(JackSettings(driver='dummy'))\n"
        "print(hardware.running().realtime)\n"
        "hardware.stop()\n"
    )
    powerless = ["prlimit", "--rtprio=0", "setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]
    done = subprocess.run(
        [*powerless, sys.executable, "-c", code, str(hardware.log.parent)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    refused, unasked = done.stdout.splitlines()
    assert refused.startswith("jack-not-started")
    assert "may not use realtime" in refused
    assert refused.endswith("None"), "nothing is left running"
    assert unasked == "False"


def test_it_outlives_the_command_and_is_found_by_the_next(hardware: JackHardware) -> None:
    code = (
        "import sys, pathlib\n"
        "from reconciler.engines.jack.server import JackHardware\n"
        "from reconciler.model.resources import JackSettings\n"
        "JackHardware(pathlib.Path(sys.argv[1])).start(\n"
        "    JackSettings(driver='dummy', sample_rate=48000, period=128, realtime=False))\n"
    )
    subprocess.run([sys.executable, "-c", code, str(hardware.log.parent)], check=True, timeout=30)
    running = hardware.running()
    assert running is not None
    assert running.period == 128
    graph = JackGraph()
    assert graph.settings().period == 128
    graph.close()
    hardware.stop()
    with pytest.raises(EngineError) as caught:
        hardware.stop()
    assert caught.value.code == "jack-not-ours"


def test_a_session_of_its_own_keeps_it_from_the_terminals_signals(hardware: JackHardware) -> None:
    hardware.start(DUMMY)
    pid = pid_of(hardware)
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpgid(pid) != os.getpgid(0)


def test_a_second_start_is_refused(hardware: JackHardware) -> None:
    hardware.start(DUMMY)
    pid = pid_of(hardware)
    with pytest.raises(EngineError) as caught:
        hardware.start(DUMMY)
    assert caught.value.code == "jack-not-started"
    assert "runs one already" in caught.value.message
    assert pid_of(hardware) == pid
    assert hardware.running() is not None


def test_two_commands_at_once_start_one_server(hardware: JackHardware) -> None:
    code = (
        "import sys, pathlib\n"
        "from reconciler.engines.jack.server import JackHardware\n"
        "from reconciler.model.resources import JackSettings\n"
        "from reconciler.model.errors import EngineError\n"
        "try:\n"
        "    JackHardware(pathlib.Path(sys.argv[1])).start(JackSettings(driver='dummy', realtime=False))\n"
        "    print('started')\n"
        "except EngineError as error:\n"
        "    print(error.code)\n"
    )
    command = [sys.executable, "-c", code, str(hardware.log.parent)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=30)[0].strip() for process in both)
    assert said == ["jack-not-started", "started"]


@pytest.mark.parametrize(
    ("settings", "reason", "hint"),
    [
        (JackSettings(driver="nosuch"), "no such driver", "dummy"),
        (JackSettings(driver="alsa", device="hw:NOPE", period=128, periods=2), "no such sound card", "aplay -l"),
        (JackSettings(driver="dummy", device="hw:1"), "no device", "Leave device out"),
        (JackSettings(driver="dummy", periods=3), "no periods", "Leave periods out"),
        (JackSettings(), "which driver", "hardware.jack.driver"),
        (JackSettings(driver="net", sample_rate=48000), "does not have one of these settings", None),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_start_that_fails_says_why(
    hardware: JackHardware, settings: JackSettings, reason: str, hint: str | None
) -> None:
    error = refusal(hardware, settings)
    assert error.code == "jack-not-started"
    assert reason in error.message
    assert hint is None or hint in (error.hint or "")
    assert error.where is not None
    assert (error.where.address or "").startswith("hardware.jack")


def test_what_jackd_says_of_its_own_files_is_no_reason() -> None:
    """As 1.9.22 prints it on Debian 13 at every start."""
    chatter = [
        "jack_get_descriptor returns null for 'jack_intime.so'",
        "jack_get_descriptor : dll",
        "Could not open component .so 'zalsa_in.so': libzita-alsa-pcmi.so.0: No such file or directory",
        "jackdmp 1.9.22",
    ]
    assert jackd_module.why(chatter) == ("jackd ended and said nothing", None)
    assert jackd_module.why([*chatter, "Permission denied"])[0] == "this user may not use the sound card"
    assert jackd_module.why([*chatter, "it rains"])[0] == "jackd said: it rains"


def test_a_server_of_somebody_else_is_left_alone(hardware: JackHardware, fresh_jack_server: Jackd) -> None:
    error = refusal(hardware, DUMMY)
    assert error.code == "jack-not-started"
    assert "studio did not start it" in error.message
    with pytest.raises(EngineError) as caught:
        hardware.stop()
    assert caught.value.code == "jack-not-ours"
    graph = JackGraph()
    assert graph.alive
    graph.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    error = refusal(JackHardware(tmp_path / "file" / "run"), DUMMY)
    assert error.code == "jack-not-started"
    assert str(tmp_path / "file") in error.message


def test_a_record_that_cannot_be_written_leaves_no_server(hardware: JackHardware) -> None:
    folder = hardware.log.parent
    (folder / "jackd.new").mkdir(parents=True)
    with pytest.raises(EngineError) as caught:
        hardware.start(DUMMY)
    assert caught.value.code == "jack-not-started"
    with pytest.raises(Unavailable):
        JackGraph()


def test_a_machine_without_jackd_is_told(hardware: JackHardware, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    bare = hardware.log.parent.parent / "bin"
    bare.mkdir()
    (bare / "sh").symlink_to(shell)
    monkeypatch.setenv("PATH", str(bare))
    error = refusal(hardware, DUMMY)
    assert error.code == "jack-not-started"
    assert "jackd is not installed" in error.message


def test_a_record_of_a_process_whose_number_was_reused_is_not_believed(hardware: JackHardware) -> None:
    hardware.start(DUMMY)
    record = hardware.log.with_name("jackd.json")
    kept = record.read_bytes()
    hardware.stop()
    forged = json.loads(kept)
    forged["process"]["pid"] = os.getpid()
    record.write_text(json.dumps(forged), encoding="utf-8")
    assert hardware.running() is None
    with pytest.raises(EngineError) as caught:
        hardware.stop()
    assert caught.value.code == "jack-not-ours"
    hardware.start(DUMMY)
    assert hardware.running() is not None


def test_a_broken_record_is_told_not_guessed(hardware: JackHardware) -> None:
    hardware.log.parent.mkdir(parents=True)
    record = hardware.log.with_name("jackd.json")
    record.write_bytes(b"\x00\xffjunk")
    with pytest.raises(EngineError) as caught:
        hardware.running()
    assert caught.value.code == "jack-record-broken"
    record.unlink()


@pytest.mark.parametrize("repeat", range(3))
def test_a_killed_server_can_be_started_again_at_once(hardware: JackHardware, repeat: int) -> None:
    """Un-reaped, it would keep its name: three of four such starts failed."""
    hardware.start(DUMMY)
    graph = JackGraph()
    os.kill(pid_of(hardware), signal.SIGKILL)
    eventually(lambda: not graph.alive, within_s=1)
    hardware.start(DUMMY)
    graph.close()
    new = JackGraph()
    assert new.alive
    new.close()


def test_a_name_held_by_a_dead_server_is_waited_for(hardware: JackHardware) -> None:
    """Somebody's jackd was killed, and its parent takes its time to notice."""
    name = os.environ["JACK_DEFAULT_SERVER"]
    dead = Jackd(name)
    os.kill(dead.pid, signal.SIGKILL)
    reaper = threading.Timer(0.5, dead.stop)
    reaper.start()
    try:
        hardware.start(DUMMY)
    finally:
        reaper.join()
    assert hardware.running() is not None


def test_a_server_that_does_not_listen_is_killed_and_cleaned_up_after(
    hardware: JackHardware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_LIMIT_S", 0.3)
    hardware.start(DUMMY)
    name, pid = os.environ["JACK_DEFAULT_SERVER"], pid_of(hardware)
    memory = jackd_module.segments(pid)
    assert memory
    assert leftovers(name)
    os.kill(pid, signal.SIGSTOP)
    hardware.stop()
    assert hardware.running() is None
    assert process.mark(pid) is None
    assert leftovers(name) == []
    assert not any(file.exists() for file in memory)
    hardware.start(DUMMY)
    assert hardware.running() is not None


@pytest.mark.parametrize("frames", [64, 100, 1024, 8192])
def test_the_period_changes_while_it_runs(hardware: JackHardware, frames: int) -> None:
    hardware.start(DUMMY)
    graph = JackGraph()
    with crowd("player", pairs=2):
        graph.connect("player:out_1", "player:in_1")
        hardware.set_period(frames)
        assert graph.settings().period == frames
        running = hardware.running()
        assert running is not None
        assert running.period == frames
        assert len(graph.links()) == 1, "links stay"
    graph.close()


@pytest.mark.parametrize("frames", [0, -1, 8193, 10**12])
def test_a_period_that_cannot_be_is_refused(hardware: JackHardware, frames: int) -> None:
    hardware.start(DUMMY)
    with pytest.raises(EngineError) as caught:
        hardware.set_period(frames)
    assert caught.value.code == "period-refused"
    running = hardware.running()
    assert running is not None
    assert running.period == 256


def test_the_period_of_somebody_elses_server_can_be_changed(hardware: JackHardware, fresh_jack_server: Jackd) -> None:
    hardware.set_period(512)
    graph = JackGraph()
    assert graph.settings().period == 512
    graph.close()
    assert hardware.running() is None


def test_the_period_of_no_server_is_refused(hardware: JackHardware) -> None:
    with pytest.raises(Unavailable) as caught:
        hardware.set_period(256)
    assert caught.value.code == "jack-not-running"


def test_a_full_table_of_servers_is_explained(hardware: JackHardware, private_shm: None) -> None:
    """Eight killed servers of eight names leave jackd no room for a ninth, until the table is removed."""
    table = Path("/dev/shm/jack-shm-registry")
    before = table.read_bytes() if table.exists() else None
    for number in range(8):
        with contextlib.suppress(AssertionError):  # the table may be full earlier
            Jackd(f"studio-test-{os.getpid()}-killed-{number}").kill()
    error = refusal(hardware, DUMMY)
    assert "table of servers is full" in error.message
    assert "jack-shm-registry" in (error.hint or "")
    if before is None:
        table.unlink()
    else:
        table.write_bytes(before)
    hardware.start(DUMMY)
    assert hardware.running() is not None


def test_the_log_keeps_what_jackd_said_and_how_it_ended(hardware: JackHardware) -> None:
    hardware.start(DUMMY)
    hardware.stop()
    eventually(lambda: "ended with status" in hardware.log.read_text(encoding="utf-8"))
    assert "JACK server starting in non-realtime mode" in hardware.log.read_text(encoding="utf-8")


def test_starting_takes_less_than_a_second(hardware: JackHardware) -> None:
    start = time.monotonic()
    hardware.start(DUMMY)
    # Measured 0.2 s.
    assert time.monotonic() - start < 2
