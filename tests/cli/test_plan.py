"""``studio plan``, ``validate`` and ``init``: looking, which changes nothing and starts nothing."""

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.planning import publish
from tests.cli.conftest import MEMORY, VOICE, Inside, Write
from tests.cli.studio import host

IN_SYNC = "voice: in sync, nothing to do\n"


def test_a_plan_names_every_change_and_its_line(inside: Inside, write: Write) -> None:
    write()
    shown = inside("plan")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[0] == "voice: 7 to create"
    assert any(line.startswith("  + plugins.gate") and line.endswith("studio.yaml:5") for line in lines)
    assert lines[-1] == "sound: only the paths through eq, gate are touched"


def test_a_plan_starts_nothing_and_leaves_nothing(inside: Inside, write: Write, isolated_xdg: Path) -> None:
    write()
    inside("plan")
    assert host("voice") is None
    assert not (isolated_xdg / "state" / "studio").exists()


def test_the_exit_code_tells_when_asked(inside: Inside, write: Write) -> None:
    write()
    assert inside("plan", "--exit-code").code == 2
    assert inside("apply", "--yes").code == 0
    assert inside("plan", "--exit-code") == (0, IN_SYNC, "")


def test_explain_shows_the_very_calls(inside: Inside, write: Write) -> None:
    write()
    explained = inside("plan", "--explain").out
    calls = explained.partition("calls, in this order:\n")[2].splitlines()
    told = [line.split(maxsplit=1)[1] for line in calls]
    assert told[0].startswith(f"load gate = {MEMORY}gate ")
    assert [number for number, *_ in map(str.split, calls)] == [str(number) for number in range(len(calls))]
    assert len(calls) == len(inside("plan", "--json").json["actions"])
    assert any(line.startswith("connect gate:out -> eq:in_l ") for line in told)


def test_json_fits_the_published_schema_and_has_every_key(inside: Inside, write: Write) -> None:
    write(VOICE + "  - keyboard:out -> eq:in_l\n")
    plan = inside("plan", "--json").json
    jsonschema.validate(plan, publish.schema())
    assert plan["format"] == 1
    assert set(plan) >= {"session", "changes", "actions", "pending", "refused", "summary", "fingerprint"}
    assert set(plan["changes"][0]) >= {"address", "action", "before", "after", "reason", "interrupts", "origin"}
    assert [pending["waits_for"] for pending in plan["pending"]] == ["keyboard:out"]


def test_the_same_studio_gives_the_same_plan(inside: Inside, write: Write) -> None:
    write()
    first, second = (inside("plan", "--json").json for _ in range(2))
    assert first == second


def test_the_manifest_is_found_by_itself(inside: Inside, write: Write) -> None:
    assert inside("plan", "--json").error["code"] == "no-manifest"
    write(name="sessions/voice.yaml")
    assert inside("plan", "--json").json["session"] == "voice"
    write(VOICE.replace("session: voice", "session: other"), "sessions/other.yaml")
    refused = inside("plan")
    assert (refused.code, "sessions/other.yaml, sessions/voice.yaml" in refused.err) == (1, True)
    assert inside("plan", "other", "--json").json["session"] == "other"
    write(VOICE.replace("session: voice", "session: here"))
    assert inside("plan", "--json").json["session"] == "here"


def test_refusals_are_part_of_the_plan(inside: Inside, write: Write) -> None:
    write()
    inside("apply", "--yes")
    write(VOICE.replace("engine: { host: memory }", 'engine: { host: memory, prefix: "b-" }'))
    shown = inside("plan")
    assert "refused, so nothing of it is applied" in shown.out
    assert "`studio down` stops it" in shown.out
    applied = inside("apply", "--yes")
    assert (applied.code, "[host-differs]" in applied.err) == (5, True)


def test_validate_says_what_it_found(inside: Inside, write: Write) -> None:
    write()
    assert inside("validate") == (0, "studio.yaml: voice is valid: 2 plugins, 4 links\n", "")
    told = inside("validate", "--json").json
    assert told == {"session": "voice", "plugins": 2, "links": 4, "valid": True}


def test_init_writes_a_manifest_that_is_valid(inside: Inside, folder: Path) -> None:
    assert inside("init", "evening").out == "wrote studio.yaml; `studio plan` shows what it would do\n"
    assert inside("validate", "--json").json["session"] == "evening"


def test_init_never_overwrites(inside: Inside, write: Write) -> None:
    path = write()
    refused = inside("init")
    assert (refused.code, refused.err) == (1, "studio.yaml: error [exists] there is a studio.yaml already\n")
    assert path.read_text(encoding="utf-8") == VOICE


def test_init_takes_the_name_of_the_folder(inside: Inside, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = folder / "Friday night (live)"
    here.mkdir()
    monkeypatch.chdir(here)
    inside("init")
    assert inside("validate", "--json").json["session"] == "Friday-night-live"


def test_init_begins_with_an_example(inside: Inside, folder: Path) -> None:
    assert {"podcast", "instrument", "live-rig"} <= set(inside("init", "--example", "list").out.split())
    assert inside("init", "sunday", "--example", "podcast").code == 0
    assert "\nsession: sunday\n" in (folder / "studio.yaml").read_text(encoding="utf-8")


def test_init_refuses_a_name_without_a_place_in_a_file_that_is_not_there(inside: Inside, folder: Path) -> None:
    refused = inside("init", "bad name!")
    assert refused.code == 1
    assert refused.err.startswith('error [bad-session-name] "bad name!" cannot be a session name\n')
    assert inside("init", "--example", "podcats").err.startswith("error [no-such-example]")
    assert list(folder.iterdir()) == []


def test_init_tells_when_it_may_not_write(folder: Path, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    doomed = folder / "doomed"
    doomed.mkdir()
    monkeypatch.chdir(doomed)
    doomed.rmdir()
    assert "[not-written] studio.yaml cannot be written" in inside("init", "here").err
    for command in (["init"], ["plan"]):
        refused = inside(*command)
        assert (refused.code, refused.err) == (
            1,
            "error [folder-gone] the folder you are in is gone\n    `cd` to another one\n",
        )


def test_schema_writes_both_and_prints_one(inside: Inside, folder: Path) -> None:
    assert inside("schema").out == "wrote schemas/session.schema.json\nwrote schemas/plan.schema.json\n"
    for name in ("session", "plan"):
        text = (folder / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
        assert inside("schema", "--print", name).out == text
        jsonschema.Draft202012Validator.check_schema(json.loads(text))
    (folder / "file").touch()
    assert "[not-written]" in inside("schema", "--folder", "file").err


def test_a_manifest_elsewhere_is_called_as_it_was_named(
    inside: Inside, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(VOICE.replace("release", "relese"))
    (path.parent / "elsewhere").mkdir()
    monkeypatch.chdir(path.parent / "elsewhere")
    refused = inside("plan", path)
    assert refused.err.splitlines()[0].startswith(f"{path}:7:")
