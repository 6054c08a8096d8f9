"""What only a person at a terminal sees: the question, colours, progress; and pipes, which see none of it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from reconciler.host.client import HostClient
from reconciler.model.actions import Action, SetParam
from tests.cli.conftest import VOICE, Inside, Write
from tests.cli.studio import COMMAND, host, studio, terminal
from tests.support.waiting import eventually

ESCAPE = "\x1b["
QUESTION = r"apply this\? \[y/N\]: $"


def test_yes_applies(write: Write, inside: Inside) -> None:
    write()
    with terminal("apply") as at:
        assert at.until(QUESTION).type("y\n").end() == 0
        assert "11 calls, read back as planned (generation 1)" in at.shown
    assert inside("drift").code == 0


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_anything_else_leaves_all_as_it_was(write: Write, answer: str) -> None:
    write()
    with terminal("apply") as at:
        assert at.until(QUESTION).type(answer).end() == 1
        assert "nothing was applied" in at.shown
    assert host("voice") is None


def test_ctrl_c_at_the_question_leaves_all_as_it_was(write: Write) -> None:
    write()
    with terminal("apply") as at:
        assert at.until(QUESTION).interrupt() == 130
        assert "interrupted" in at.shown
        assert "Traceback" not in at.shown
    assert host("voice") is None


def test_a_studio_that_moves_under_the_question_makes_the_plan_stale(write: Write, inside: Inside) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace("120 ms", "240 ms"))
    with terminal("apply") as at:
        at.until(QUESTION)
        client = HostClient.find("voice")
        assert client is not None
        client.execute([Action(0, SetParam("eq", "gain", 3.0), "by hand")], lambda _: None)
        client.close()
        assert at.type("y\n").end() == 3
        assert "[plan-stale] the studio moved since the plan was made: plugins.eq.params.gain" in at.shown
        assert "look at the new plan and apply again" in at.shown
    changes = inside("plan", "--json").json["changes"]
    assert [change["address"] for change in changes] == ["plugins.gate.params.release", "plugins.eq.params.gain"]


def test_a_host_that_dies_under_the_question_makes_the_plan_stale(write: Write, inside: Inside) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace("120 ms", "240 ms"))
    with terminal("apply") as at:
        at.until(QUESTION)
        process = host("voice")
        assert process is not None
        process.kill()
        process.wait(10)
        code = at.type("y\n").end()
        assert (code, "[host-died]" in at.shown) == (1, True)
    assert inside("apply", "--yes").code == 0


def test_another_apply_meanwhile_is_told_who_is_at_it(write: Write) -> None:
    write()
    with terminal("apply") as at:
        at.until(QUESTION)
        refused = studio("apply", "--yes")
        assert refused.code == 1
        assert re.fullmatch(
            rf"error \[locked\] `\S+ apply` \(process {at.pid}\) has been changing this session since [\d:]+\n"
            "    wait for it, or end it\n",
            refused.err,
        )
        assert studio("down").code == 1
        assert studio("plan").code == 0, "looking is always allowed"
        assert at.type("y\n").end() == 0


def test_a_terminal_shows_colours_and_a_pipe_none(write: Write) -> None:
    write()
    with terminal("plan") as at:
        assert at.end() == 0
        assert f"{ESCAPE}32m+" in at.shown
    assert ESCAPE not in studio("plan").out
    with terminal("plan", env={"NO_COLOR": "1"}) as at:
        assert at.end() == 0
        assert ESCAPE not in at.shown


def test_an_error_is_coloured_at_a_terminal_unless_that_is_not_wanted(write: Write) -> None:
    write("version: 1\n")
    with terminal("plan") as at:
        assert at.end() == 1
        assert f"{ESCAPE}31m" in at.shown
    with terminal("plan", env={"NO_COLOR": "1"}) as at:
        assert at.end() == 1
        assert ESCAPE not in at.shown
    assert ESCAPE not in studio("plan").err


@pytest.mark.jack
@pytest.mark.jalv
def test_a_long_apply_shows_how_far_it_is(folder: Path, jack_server: str) -> None:
    studio("init", "--example", "podcast")
    manifest = folder / "studio.yaml"
    slow = manifest.read_text(encoding="utf-8") + "engine: { host: jalv }\n"  # Carla is done before the bar shows
    manifest.write_text(slow, encoding="utf-8")
    with terminal("apply", "--yes") as at:
        assert at.end(within_s=60) == 0
        assert re.search(r"applying .*\d+/43", at.shown)
    assert "applying" not in (down := studio("down")).out + down.err
    quiet = studio("apply", "--yes")
    assert (quiet.code, quiet.err) == (0, ""), "no progress where nobody watches"


def test_a_short_apply_shows_no_progress(write: Write, inside: Inside) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace("120 ms", "240 ms"))
    with terminal("apply", "--yes") as at:
        assert at.end() == 0
        assert "applied" in at.shown
        assert "applying" not in at.shown


def test_a_reader_that_has_enough_hears_no_complaint(write: Write) -> None:
    write()
    command = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" plan --explain | head -1', "_", *COMMAND],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    assert (command.stdout, command.stderr) == ("voice: 7 to create\n", "")


def test_a_reader_that_is_gone_before_the_first_word(write: Write) -> None:
    write()
    read, closed = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [*COMMAND, "plan"], stdout=closed, stderr=subprocess.PIPE, encoding="utf-8", check=False, timeout=60
        )
    finally:
        os.close(closed)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("arguments", [["plan"], ["plan", "--json"]])
def test_a_reader_without_room_is_an_error(write: Write, arguments: list[str]) -> None:
    write()
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False, timeout=60
        )
    first, _ = done.stderr.splitlines()
    assert done.returncode == 1
    assert first == "error [output-not-written] standard output cannot be written: No space left on device"


def test_an_apply_without_any_input_at_all_asks_nobody(write: Write) -> None:
    write()
    done = subprocess.run(
        ["sh", "-c", '"$@" apply <&-', "_", *COMMAND], capture_output=True, encoding="utf-8", check=False, timeout=60
    )
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, "error [not-confirmed] there is nobody to ask here")


def test_names_are_told_even_where_the_terminal_cannot_show_them(write: Write) -> None:
    encoding = "latin-1"
    write(VOICE.replace("  gate:\n", "  Stimme ☎:\n").replace("-> gate", "-> Stimme ☎").replace("- gate", "- Stimme ☎"))
    done = studio("plan", env={"PYTHONIOENCODING": encoding})
    assert (done.code, done.err) == (0, "")
    assert "plugins.Stimme \\u260e" in done.out
    write("version: 1\n☎: 1\n")
    assert "\\u260e" in studio("plan", env={"PYTHONIOENCODING": encoding}).err


def test_the_command_that_is_installed_is_the_same(write: Write) -> None:
    installed = Path(sys.executable).with_name("studio")
    done = subprocess.run([installed, "--version"], capture_output=True, encoding="utf-8", check=True, timeout=60)
    assert done.stdout == studio("--version").out
    assert re.fullmatch(r"studio \d+\.\d+\.\d+\S*\n", done.stdout)


def test_ctrl_c_while_it_waits_ends_it_at_once(write: Write, inside: Inside) -> None:
    write()
    inside("up")
    process = host("voice")
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    with terminal("status") as at:
        eventually(lambda: _waits(at.pid), what="the command waits for the host")
        assert at.type("\x03").end(within_s=5) == 130
        assert "interrupted" in at.shown
    process.send_signal(signal.SIGCONT)


def _waits(pid: int) -> bool:
    """Whether a process has a socket open, as one that talks to its host does."""
    return bool(psutil.Process(pid).net_connections("unix"))
