"""Servers, hosts, plugins and disks that fail while somebody works: one clear error, and the next apply goes on.

All of it on real JACK and jalv, with the command in processes of its own.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from reconciler.host.client import ends_within
from reconciler.host.place import servers
from tests.cli.conftest import Write
from tests.cli.studio import COMMAND, Done, host, plugins_of, running, studio, terminal
from tests.support.crowd import crowd
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.jalv]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
COUNT = 8
QUESTION = r"apply this\? \[y/N\]: $"

ROW = "version: 1\nsession: row\nplugins:\n" + "".join(
    f"  amp{number}: {{ plugin: '{AMP}', params: {{ gain: -{number} dB }} }}\n" for number in range(COUNT)
)
ROW += (
    f"chains:\n  row: [system:capture_1, {', '.join(f'amp{number}' for number in range(COUNT))}, system:playback_1]\n"
    "engine: { host: jalv }\n"
)
OWN_JACK = "hardware: { jack: { driver: dummy, sample_rate: 48000, period: 256, manage: start } }\n"


class Apply(NamedTuple):
    """An apply that is at work, and the host that it works with."""

    process: "subprocess.Popen[str]"
    host: psutil.Process


def in_the_middle(apply: "subprocess.Popen[str]") -> psutil.Process:
    """Wait until an apply has loaded some plugins and not all; return its host."""

    def found() -> psutil.Process | None:
        assert apply.poll() is None, f"it ended too soon: {apply.communicate()}"
        process = host("row")
        return process if process is not None and 2 <= len(plugins_of(process)) < COUNT - 2 else None

    process = eventually(found, within_s=20, what="the apply is half way")
    assert process is not None
    return process


def finished() -> None:
    """Apply to the end, and see that nothing is left to do."""
    done = studio("apply", "--yes")
    assert done.code == 0, done.out + done.err
    assert studio("plan", "--exit-code").code == 0
    process = host("row")
    assert process is not None
    assert len(plugins_of(process)) == COUNT, "neither one too few nor one left over"


def gone(processes: list[psutil.Process]) -> None:
    """See that processes have ended."""
    assert all(ends_within(process.pid, 5) for process in processes)


# -- JACK ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"], ["ports"], ["up"]])
def test_no_server(write: Write, command: list[str]) -> None:
    write(ROW)
    done = studio(*command)
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("error [jack-not-running] no JACK server is running\n    ")


def test_a_server_that_cannot_start(write: Write) -> None:
    write(ROW + "hardware: { jack: { driver: alsa, device: 'hw:NoSuchCard', manage: start } }\n")
    assert studio("plan").code == 0
    done = studio("apply", "--yes")
    assert done.code == 1
    assert "studio.yaml:15:13: error [jack-not-started]" in done.err
    process = host("row")
    assert process is not None
    assert plugins_of(process) == []


def test_a_server_that_dies_between_the_plan_and_the_yes(write: Write, fresh_jack_server: Jackd) -> None:
    write(ROW)
    with terminal("apply") as at:
        at.until(QUESTION)
        fresh_jack_server.kill()
        assert at.type("y\n").end() == 1
        assert "[jack-not-running] no JACK server is running" in at.shown
    fresh_jack_server.restart()
    finished()


def test_a_server_of_ours_that_dies_between_the_plan_and_the_yes(write: Write) -> None:
    path = write(ROW + OWN_JACK)
    assert studio("apply", "--yes").code == 0
    path.write_text(path.read_text("utf-8").replace("-3 dB", "-4 dB"), "utf-8")
    with terminal("apply") as at:
        at.until(QUESTION)
        _kill_our_jackd()
        assert (at.type("y\n").end(), at.shown) == (3, at.shown)
        assert "[plan-stale]" in at.shown
        assert "hardware.jack" in at.shown
    finished()
    assert "JACK" in studio("down").out


@pytest.mark.parametrize("manage", ["never", "start"])
def test_a_server_that_dies_in_the_middle_of_an_apply(write: Write, fresh_jack_server: Jackd, manage: str) -> None:
    write(ROW + f"hardware: {{ jack: {{ driver: dummy, manage: {manage} }} }}\n")
    with running("apply", "--yes") as apply:
        process = in_the_middle(apply)
        plugins = plugins_of(process)
        fresh_jack_server.kill()
        out, err = apply.communicate(timeout=60)
    assert apply.returncode == 1, out
    assert "studio.yaml:15:13: error [jack-gone] the JACK server died during the apply, with " in err
    assert "failed" not in out, "one error, not one for every call"
    gone(plugins)
    assert studio("status", "--json").json["unfinished"] is True
    if manage == "never":
        fresh_jack_server.restart()
    finished()
    assert studio("status", "--json").json["unfinished"] is False


# -- the host and its plugins ----------------------------------------------------------------------------------------


def test_a_host_that_dies_in_the_middle_of_an_apply(write: Write, jack_server: str) -> None:
    write(ROW)
    with running("apply", "--yes") as apply:
        process = in_the_middle(apply)
        plugins = plugins_of(process)
        process.kill()
        _, err = apply.communicate(timeout=60)
    assert apply.returncode == 1
    first, hint = err.splitlines()
    assert first.startswith("error [host-died] the plugin host died")
    assert hint.strip().startswith("apply again: it is started anew and goes on from what is there (log: ")
    gone([process, *plugins])
    finished()


def test_ctrl_c_stops_an_apply_where_it_is(write: Write, jack_server: str) -> None:
    write(ROW)
    with running("apply", "--yes") as apply:
        process = in_the_middle(apply)
        apply.send_signal(signal.SIGINT)
        _, err = apply.communicate(timeout=30)
    assert apply.returncode == 130
    assert err.splitlines()[-1] == "interrupted; `studio apply` goes on from what is there"
    assert "Traceback" not in err
    seen = len(studio("status", "--json").json["plugins"])
    assert 2 <= seen < COUNT, "it stopped after the plugin at hand"
    assert len(studio("status", "--json").json["plugins"]) == seen, "for good"
    assert len(plugins_of(process)) == seen
    finished()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_an_apply_that_is_killed_is_gone_on_with(write: Write, jack_server: str, ending: signal.Signals) -> None:
    path = write(ROW)
    with running("apply", "--yes") as apply:
        in_the_middle(apply)
        apply.send_signal(ending)
        apply.wait(30)
    left = [name for name in studio("status", "--json").json["plugins"] if name != "amp0"]
    assert left, "something was loaded"
    row = "version: 1\nsession: row\nengine: { host: jalv }\n"
    path.write_text(f"{row}plugins:\n  amp0: {{ plugin: '{AMP}' }}\n", "utf-8")
    deleted = [change["address"] for change in studio("plan", "--json").json["changes"] if change["action"] == "delete"]
    assert sorted(deleted)[-len(left) :] == [f"plugins.{name}" for name in left], "its lines are gone, so it goes"
    assert studio("apply", "--yes").code == 0
    assert studio("status", "--json").json["plugins"] == ["amp0"]


def test_a_plugin_that_is_killed_is_drift_and_is_healed(write: Write, jack_server: str) -> None:
    write(ROW)
    assert studio("apply", "--yes").code == 0
    process = host("row")
    assert process is not None
    victim = next(plugin for plugin in plugins_of(process) if "amp3" in plugin.cmdline())
    victim.kill()
    gone([victim])
    drift = studio("drift")
    assert drift.code == 2
    assert [line.split()[1] for line in drift.out.splitlines() if line.startswith("  +")] == [
        "plugins.amp3",
        "links.amp2:output->amp3:input",
        "links.amp3:output->amp4:input",
    ]
    assert "amp3: it was killed by force (SIGKILL)" in studio("status").out
    finished()
    assert studio("drift").code == 0


def test_a_name_that_a_foreign_client_has(write: Write, jack_server: str) -> None:
    write(ROW)
    with crowd("amp5", 1, server=jack_server):
        done = studio("apply", "--yes")
        assert done.code == 5
        assert done.err.splitlines() == [
            'studio.yaml:9:3: error [name-taken] amp5: the name "amp5" is taken by another JACK client',
            "    close that client, choose another name, or set engine.prefix to keep sessions apart",
        ]
        assert host("row") is None, "nothing was started"
    finished()


def test_a_name_that_only_the_server_knows_to_be_taken(write: Write, jack_server: str) -> None:
    write(ROW)
    with crowd("amp5", server=jack_server):  # a client without ports is not to be seen
        done = studio("apply", "--yes")
        assert done.code == 4
        assert "failed load amp5" in done.out
        assert "taken by another JACK client" in done.out
        assert "plugins.amp5" in done.out.partition("left:")[2]
    finished()


def test_two_sessions_share_a_server_and_not_a_name(write: Write, jack_server: str) -> None:
    write(ROW)
    finished()
    two = "version: 1\nsession: two\nengine: ENGINE\n"
    two += f"plugins:\n  amp0: {{ plugin: '{AMP}' }}\n  own: {{ plugin: '{AMP}' }}\n"
    write(two.replace("ENGINE", "{ host: jalv }"), "two.yaml")
    done = studio("apply", "two.yaml", "--yes")
    assert (done.code, "two.yaml:5:3: error [name-taken]" in done.err) == (5, True)
    write(two.replace("ENGINE", "{ host: jalv, prefix: b- }"), "two.yaml")
    assert studio("apply", "two.yaml", "--yes").code == 0
    assert studio("drift").code == 0
    assert any(line.startswith("b-amp0:input ") for line in studio("ports").out.splitlines())
    assert any(line.startswith("amp0:input ") for line in studio("ports", "--manifest", "two.yaml").out.splitlines())


# -- disks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def mortal() -> Callable[..., Done]:
    """Run a command as somebody for whom permissions count, whoever runs the tests."""
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.getuid() == 0 else []
    if drop and (shutil.which("setpriv") is None or subprocess.run([*drop, "true"], check=False).returncode):
        pytest.skip("root cannot give up its powers here")

    def run(*arguments: str) -> Done:
        done = subprocess.run(
            [*drop, *COMMAND, *arguments], capture_output=True, encoding="utf-8", check=False, timeout=60
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def test_a_file_that_may_not_be_read(write: Write, mortal: Callable[..., Done]) -> None:
    write(ROW).chmod(0)
    done = mortal("plan")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "studio.yaml: error [file-unreadable] you may not read studio.yaml",
        "    `chmod u+r studio.yaml`, if it is yours",
    ]


def test_a_state_folder_that_may_not_be_written(
    write: Write, mortal: Callable[..., Done], isolated_xdg: Path, jack_server: str
) -> None:
    write(ROW)
    (isolated_xdg / "state").chmod(0o500)
    done = mortal("apply", "--yes")
    (isolated_xdg / "state").chmod(0o700)
    assert done.code == 1
    assert "[state-not-written]" in done.err
    assert "Permission denied" in done.err
    assert "XDG_STATE_HOME" in done.err
    assert host("row") is None, "nothing was started that could not be recorded"
    finished()


def test_a_runtime_folder_that_may_not_be_written(
    write: Write, mortal: Callable[..., Done], isolated_xdg: Path, jack_server: str
) -> None:
    write(ROW)
    (isolated_xdg / "run").chmod(0o500)
    done = mortal("apply", "--yes")
    (isolated_xdg / "run").chmod(0o700)
    assert done.code == 1
    assert "[runtime-folder]" in done.err
    assert "XDG_RUNTIME_DIR" in done.err


def test_a_disk_that_is_full_in_the_middle_of_an_apply(write: Write, isolated_xdg: Path, jack_server: str) -> None:
    write(ROW)
    state = isolated_xdg / "state"
    small = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(state)]
    if subprocess.run(small, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small disk here")
    try:
        done = studio("apply", "--yes")
        assert (done.code, "[state-not-written]" in done.err) == (1, True)
        assert "No space left on device" in done.err
        subprocess.run(["mount", "-o", "remount,size=4m", str(state)], check=True)
        finished()
    finally:
        subprocess.run(["umount", str(state)], check=True)


def test_a_generation_that_is_damaged_stops_everything_that_needs_it(
    write: Write, isolated_xdg: Path, jack_server: str
) -> None:
    path = write(ROW)
    assert studio("apply", "--yes").code == 0
    state = isolated_xdg / "state" / "studio" / "row"
    damaged = state / "generations" / "000001.json"
    damaged.write_bytes(damaged.read_bytes()[:100])
    path.write_text(ROW.replace("-3 dB", "-4 dB"), "utf-8")
    for command in (["plan"], ["apply", "--yes"], ["drift"], ["status"]):
        done = studio(*command)
        assert done.code == 1
        assert done.err.startswith(f"{damaged}: error [history-damaged] what was applied last cannot be read")
    hint = studio("plan", "--json").error["hint"]
    subprocess.run(["sh", "-c", hint.split("`")[1]], check=True)
    finished()


def _kill_our_jackd() -> None:
    record = json.loads((servers() / "jackd.json").read_text("utf-8"))
    process = psutil.Process(record["process"]["pid"])
    process.kill()
    gone([process])
