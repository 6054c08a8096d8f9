"""Every kind of bad file: one clear error with its place and a hint, exit code 1, and nothing started.

How each mistake is found is tested in manifest/ and session/; here is what a person sees of it.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.host.place import sessions
from tests.cli.conftest import MEMORY, VOICE, Inside, Write
from tests.cli.studio import terminal

HEAD = "version: 1\nsession: bad\nengine: { host: memory }\n"
ONE = HEAD + f"plugins:\n  eq:\n    plugin: {MEMORY}equalizer\n"
TWO = HEAD + f"plugins:\n  eq: {{ plugin: {MEMORY}equalizer }}\n  b: {{ plugin: {MEMORY}gain }}\n"
PARAMS = ONE + "    params: { %s }\n"


def place_of(hint: str, *places: str) -> list[str]:
    """The two lines of an error."""
    return [*places, f"    {hint}"]


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        (
            HEAD + f"plugins:\n  eq:\n    plugin: {MEMORY}equaliser\n",
            f"6:13: error [plugin-not-installed] eq: {MEMORY}equaliser is not installed on this machine",
            f"did you mean {MEMORY}equalizer?",
        ),
        (
            HEAD + "plugins:\n  eq:\n    plugin: lv2:http://calf.sourceforge.net/plugins/NoSuchThing\n",
            "6:13: error [plugin-not-installed] eq: lv2:http://calf.sourceforge.net/plugins/NoSuchThing is not "
            "installed on this machine",
            "it comes with the package calf-plugins",
        ),
        (
            PARAMS % "gian: 3 dB",
            '7:21: error [unknown-parameter] Equalizer has no parameter "gian"',
            "did you mean gain?",
        ),
        (
            PARAMS % "gain: 30 dB",
            "7:21: error [out-of-range] gain takes a number in dB from -18 dB to 18 dB, not 30 dB",
            "the nearest it can do is 18 dB",
        ),
        (
            PARAMS % "gain: .nan",
            "7:21: error [not-finite] nan is not a finite number",
            "write the value the plugin should have",
        ),
        (
            PARAMS % "gain: 1e99",
            "7:21: error [not-finite] gain cannot be 1e+99",
            "it takes a number in dB from -18 dB to 18 dB",
        ),
        (
            PARAMS % "gain: 3 Hz",
            '7:21: error [wrong-unit] Gain does not take a value in Hz: "3 Hz"',
            "it takes a number in dB from -18 dB to 18 dB",
        ),
        (
            PARAMS % "low_cut: perhaps",
            '7:24: error [unknown-value] low_cut (Low cut) has no value "perhaps"',
            None,
        ),
        (
            TWO + "links:\n  - eq:out_m -> b\n",
            "8:5: error [unknown-port] eq:out_m: Equalizer has no output of that name",
            "did you mean out_",
        ),
        (
            HEAD
            + f"plugins:\n  a: {{ plugin: {MEMORY}synth }}\n  b: {{ plugin: {MEMORY}transpose }}\n"
            + "chains: { x: [a, b] }\n",
            "7:18: error [channels-differ] a into b: one side gives audio, the other takes midi",
            "name the ports, as in `node:port`",
        ),
        (
            HEAD + f'plugins:\n  "a:b": {{ plugin: {MEMORY}gain }}\n',
            '5:3: error [bad-name] "a:b" cannot be a plugin\'s name: : is not allowed',
            "it becomes a JACK client's name",
        ),
        (
            HEAD + f"plugins:\n  {'x' * 64}: {{ plugin: {MEMORY}gain }}\n",
            f"5:3: error [bad-name] \"{'x' * 64}\" cannot be a plugin's name: 64 bytes are more than JACK's 63",
            "it becomes a JACK client's name",
        ),
        (
            TWO + "links: [eq -> b, b -> eq]\n",
            "7:9: error [feedback-loop] the signal runs in a loop: b -> eq -> b",
            "take one of these links out",
        ),
        ("", " error [empty-file] bad.yaml is empty", "begin with `version: 1` and `session: NAME`"),
        (
            "version: 1\nsession: bad\nsession: worse\n",
            '3:1: error [duplicate-key] "session" stands here twice',
            "keep one",
        ),
        ("version: 1\n\tsession: bad\n", "2:1: error [yaml-tab] a tab at the start of the line", "indent with spaces"),
        (
            "version: 1\nsession: ../bad\n",
            '2:10: error [bad-session-name] "../bad" cannot be a session name',
            "use up to",
        ),
    ],
)
def test_a_bad_manifest_is_one_error_with_its_place_and_a_hint(
    inside: Inside, write: Write, text: str, error: str, hint: str | None
) -> None:
    path = write(text, "bad.yaml")
    for command in (["plan"], ["apply", "--yes"]):
        told = inside(*command, path)
        assert (told.code, told.out) == (1, "")
        first, *rest = told.err.splitlines()
        assert first.startswith(f"bad.yaml:{error}")
        assert rest[0].startswith(f"    {hint}") if hint else len(rest) == 1
        assert len(rest) == 1
    as_json = inside("plan", path, "--json").error
    assert as_json["code"] in error
    assert as_json["where"]["file"] == "bad.yaml"
    assert sessions() == [], "nothing was started"


def test_a_host_that_is_not_installed(inside: Inside, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARLA_PREFIX", "/nowhere")
    write(HEAD.replace("memory", "carla"), "bad.yaml")
    told = inside("plan", "bad.yaml")
    assert (told.code, told.out) == (1, "")
    first, hint = told.err.splitlines()
    assert first.startswith("bad.yaml:3:17: error [host-not-installed] Carla, which this session asks for, is not inst")
    assert "CARLA_PREFIX" in hint


def _junk(path: Path) -> None:
    path.write_bytes(b"\x7fELF\x02\x01\x01\0" * 500)


def _latin_1(path: Path) -> None:
    path.write_bytes("version: 1\n# für später\n".encode("latin-1"))


def _fifty_megabytes(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(50 * 2**20)


@pytest.mark.parametrize(
    ("make", "error", "hint"),
    [
        (_junk, "bad.yaml: error [not-text] this is no text file", "a manifest is YAML; is it the right file?"),
        (_latin_1, "bad.yaml:2:4: error [not-utf8] a byte (0xfc) that is not UTF-8", "save the file as"),
        (_fifty_megabytes, "bad.yaml: error [file-too-large] bad.yaml has 50.0 MiB", "is it the right file?"),
        (Path.mkdir, "bad.yaml: error [not-a-file] bad.yaml is a folder", "name a file in it"),
        (os.mkfifo, "bad.yaml: error [not-a-file] bad.yaml is a device or a pipe", "name a regular file"),
        (lambda path: path.symlink_to("bad.yaml"), "bad.yaml: error [file-unreadable] cannot read bad.yaml: ", ""),
        (lambda path: None, "bad.yaml: error [no-such-file] there is no file bad.yaml", ""),
    ],
)
def test_what_is_no_manifest_at_all(
    inside: Inside, folder: Path, make: Callable[[Path], None], error: str, hint: str
) -> None:
    make(folder / "bad.yaml")
    told = inside("plan", "bad.yaml")
    assert (told.code, told.out) == (1, "")
    first, *rest = told.err.splitlines()
    assert first.startswith(error)
    assert not hint or rest[0].startswith(f"    {hint}")


def test_two_manifests_with_one_session_name_side_by_side(inside: Inside, write: Write) -> None:
    write(name="sessions/one.yaml")
    write(name="sessions/two.yaml")
    told = inside("validate", "one")
    assert told.code == 1
    assert told.err.splitlines() == [
        'sessions/one.yaml:2:10: error [session-name-taken] sessions/two.yaml has the same session name, "voice"',
        "    every manifest needs a name of its own",
    ]


def test_a_second_file_may_not_take_over_a_session_that_was_applied(inside: Inside, write: Write) -> None:
    first = write()
    inside("apply", "--yes")
    write(VOICE.replace("120 ms", "240 ms"), "copy.yaml")
    refused = inside("apply", "copy.yaml", "--yes")
    assert refused.code == 1
    assert refused.err.splitlines() == [
        f'copy.yaml:2:10: error [session-name-taken] the session "voice" was applied from {first}, which still has '
        "that name",
        "    rename the session in one of the two files",
    ]
    assert inside("drift").code == 0, "nothing was touched"
    first.unlink()
    assert inside("apply", "copy.yaml", "--yes").code == 0


def test_every_mistake_of_a_file_is_told_in_one_go(inside: Inside, write: Write) -> None:
    write(VOICE.replace("threshold", "treshold").replace("120 ms", "120 km").replace("Warm", "Hot"))
    told = inside("plan")
    assert [line.split(" error ")[0] for line in told.err.splitlines() if " error " in line] == [
        "studio.yaml:7:25:",
        "studio.yaml:7:42:",
        "studio.yaml:10:14:",
    ]
    assert len(inside("plan", "--json").error["details"]["errors"]) == 3


def test_a_name_full_of_control_characters_does_not_reach_the_terminal(inside: Inside, write: Write) -> None:
    write('version: 1\n"\\e[2Jsession\\a": bad\n')
    told = inside("plan")
    assert told.code == 1
    assert '"\\x1b[2Jsession\\x07" is not known' in told.err
    with terminal("plan") as at:
        assert at.end() == 1
        assert "\x1b[2J" not in at.shown
