"""What the command says when it is asked for something that does not exist; its help, its version, its completion."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli import main
from reconciler.cli.main import COMMANDS
from tests.cli.conftest import Inside, Write
from tests.cli.studio import studio


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["plna"], 'there is no command "plna"', "did you mean `studio plan`?"),
        (["frobnicate"], 'there is no command "frobnicate"', "`studio --help` lists the commands"),
        (["plan", "--josn"], "No such option '--josn'", "`studio plan --help`"),
        (["plan", "a.yaml", "b.yaml"], "Got unexpected extra argument (b.yaml)", "`studio plan --help`"),
        (["init", "--example"], "Option '--example' requires an argument.", "`studio init --help`"),
        (["completion"], "Missing argument", "`studio completion --help`"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'", "`studio completion --help`"),
        (["plugins"], "Missing command.", "`studio plugins --help`"),
        (["plugins", "serch"], "No such command 'serch'", "`studio plugins --help`"),
        (["--frob"], "No such option", "`studio --help`"),
    ],
)
def test_a_wrong_call_is_an_error_like_any_other(inside: Inside, arguments: list[str], message: str, hint: str) -> None:
    refused = inside(*arguments)
    assert (refused.code, refused.out) == (1, "")
    first, second = refused.err.splitlines()
    assert first.startswith("error [usage] ")
    assert message in first
    assert second.strip() == hint
    assert inside("--json", *arguments).error["code"] == "usage"


def test_the_version_and_the_help(inside: Inside) -> None:
    assert inside("--version").out.startswith("studio ")
    told = inside("--help")
    assert told.code == 0
    assert "\\b" not in told.out
    for name, line in COMMANDS.items():
        assert f"{name} " in told.out
        assert line in told.out
    assert inside() == told


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(inside: Inside, name: str) -> None:
    told = inside(name, "--help")
    assert told.code == 0
    assert told.out.startswith(f"Usage: studio {name}")
    assert "\\b" not in told.out


def test_a_fault_of_ours_is_told_without_a_traceback(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(main.studio, "main", broken)
    told = inside("plan")
    assert told.code == 1
    assert told.err.splitlines()[0] == "error [internal] ZeroDivisionError: by zero"
    assert "`studio --debug ...`" in told.err
    assert inside("plan", "--json").error["code"] == "internal"
    with pytest.raises(ZeroDivisionError):
        inside("--debug", "plan")


def test_debug_shows_where_an_error_was_raised(write: Write) -> None:
    write("version: 1\n")
    told = studio("--debug", "plan")
    assert told.code == 1
    assert told.err.startswith("Traceback")
    assert "Traceback" not in studio("plan").err


@pytest.fixture
def in_bash(folder: Path) -> Callable[[str], list[str]]:
    """What bash offers when Tab is pressed behind some words."""
    script = (
        'source <(studio completion bash); read -ra COMP_WORDS <<< "$1"; '
        '[[ $1 == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        '_studio_completion studio; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def complete(words: str) -> list[str]:
        done = subprocess.run(
            ["bash", "-c", script, "_", words],
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=60,
            env={**os.environ, "PATH": path},
        )
        return done.stdout.split()

    return complete


def test_bash_completes_commands_and_options(in_bash: Callable[[str], list[str]]) -> None:
    assert in_bash("studio pl") == ["plan", "plugins"]
    assert in_bash("studio plan --ex") == ["--explain", "--exit-code"]
    assert in_bash("studio completion ") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(
    ("shell", "mark"), [("bash", "complete -o"), ("zsh", "#compdef studio"), ("fish", "complete ")]
)
def test_every_shell_gets_its_script(inside: Inside, shell: str, mark: str) -> None:
    printed = inside("completion", shell)
    assert printed.code == 0
    assert mark in printed.out
    assert "_STUDIO_COMPLETE" in printed.out
