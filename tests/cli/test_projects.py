"""`studio import` and `studio export` at the command line."""

from pathlib import Path

import pytest

from reconciler.engines.carla import library
from reconciler.projects.document import Project
from reconciler.projects.writing import project_text
from tests.cli.conftest import MEMORY, Inside, Write
from tests.projects.made import lv2, value

INNER = MEMORY.removeprefix("lv2:")
SONG = Project(
    (lv2("gate", "gate", value("release", 120.0)), lv2("my. eq", "equalizer")),
    None,
    (("system:capture_1", "gate:In"), ("gate:Out", "my. eq:In L")),
)


@pytest.fixture(autouse=True)
def only_memory_s_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue of the memory engine stands for whatever is installed."""
    from reconciler.engines import choose
    from reconciler.engines.memory.catalogue import MemoryCatalogue

    monkeypatch.setattr(choose, "project_catalogue", lambda _folder: MemoryCatalogue())


@pytest.fixture
def song(folder: Path) -> Path:
    """A project in the current folder."""
    path = folder / "My Song.carxp"
    path.write_text(project_text(SONG), encoding="utf-8")
    return path


def test_a_project_becomes_a_manifest_that_validates(inside: Inside, song: Path, folder: Path) -> None:
    done = inside("import", song)
    assert (done.code, done.err) == (
        0,
        'note: "my. eq" is called "my- eq" here: its own name cannot stand in a manifest\n',
    )
    assert done.out.splitlines() == [
        "wrote My-Song.yaml: 2 plugins, 2 links, multiple-clients",
        "`studio plan My-Song.yaml` shows what it would do",
    ]
    text = (folder / "My-Song.yaml").read_text(encoding="utf-8")
    assert text.startswith(
        "# Made by `studio import` from My Song.carxp, a Carla project.\n"
        "# What is not as it was there:\n"
        '# - "my. eq" is called "my- eq" here: its own name cannot stand in a manifest\n'
        "version: 1\n"
        "session: My-Song\n"
    )
    assert song.read_text(encoding="utf-8") == project_text(SONG), "it stays as it was"


def test_its_json_has_everything(inside: Inside, song: Path) -> None:
    done = inside("import", song, "-o", "sub/song.yaml", "--session", "song", "--json").json
    assert done == {
        "manifest": "sub/song.yaml",
        "session": "song",
        "mode": "multiple-clients",
        "plugins": 2,
        "links": 2,
        "notes": ['"my. eq" is called "my- eq" here: its own name cannot stand in a manifest'],
        "missing": [],
        "states": [],
    }


def test_nothing_that_is_there_is_written_over_unless_told_to(inside: Inside, song: Path, folder: Path) -> None:
    (folder / "My-Song.yaml").write_text("mine", encoding="utf-8")
    refused = inside("import", song, "--json")
    assert (refused.code, refused.error["code"]) == (1, "exists")
    assert (folder / "My-Song.yaml").read_text(encoding="utf-8") == "mine"
    assert inside("import", song, "--force").code == 0
    assert inside("export", "My-Song.yaml", "-o", song, "--json").error["code"] == "exists"
    assert inside("export", "My-Song.yaml", "-o", song, "--force").code == 0
    assert sorted(each.name for each in folder.iterdir()) == ["My Song.carxp", "My-Song.yaml"], "nothing else is left"


def test_missing_plugins_are_refused_by_name_and_left_out_when_asked(inside: Inside, folder: Path) -> None:
    path = folder / "old.carxp"
    path.write_text(project_text(Project((*SONG.plugins, lv2("gone", "nothing")), None, ())), encoding="utf-8")
    refused = inside("import", path, "--json").error
    assert (refused["code"], refused["where"]["file"]) == ("missing-plugins", "old.carxp")
    assert refused["message"].startswith("1 of 3 plugins cannot be loaded here: gone: ")
    assert not (folder / "old.yaml").exists()
    done = inside("import", path, "--skip-missing", "--json").json
    assert [one["name"] for one in done["missing"]] == ["gone"]
    assert f"# - gone is left out: lv2:{INNER}nothing is not installed" in (folder / "old.yaml").read_text("utf-8")


def test_chunks_become_state_files_beside_the_manifest(inside: Inside, folder: Path) -> None:
    path = folder / "song.carxp"
    chunk = lv2("eq", "equalizer", value("gain", 3.0), chunk="QUJD")
    path.write_text(project_text(Project((chunk,))), encoding="utf-8")
    done = inside("import", path)
    assert done.out.splitlines()[1] == "wrote song.states/eq.carxs"
    assert "state: song.states/eq.carxs" in (folder / "song.yaml").read_text(encoding="utf-8")
    assert inside("export", "song.yaml", "-o", "again.carxp").code == 0
    assert "<Chunk>\nQUJD\n" in (folder / "again.carxp").read_text(encoding="utf-8")


def test_what_no_manifest_can_say_is_told_and_leaves_no_file(inside: Inside, folder: Path) -> None:
    path = folder / "song.carxp"
    twice = lv2("eq", "equalizer", custom_data=((("urn:type", "k", "x" * 600),)))
    path.write_text(project_text(Project((twice,))), encoding="utf-8")
    refused = inside("import", path, "--session", "no such/name", "--json").error
    assert refused["code"] == "bad-session-name"
    assert refused["where"]["file"] == "song.carxp"
    assert sorted(each.name for each in folder.iterdir()) == ["song.carxp"]


def test_a_manifest_becomes_a_project_and_what_is_not_in_it_is_told(inside: Inside, write: Write, folder: Path) -> None:
    write()
    done = inside("export", "-o", "voice.carxp")
    assert done.code == 0
    assert done.err == "not in it: links.eq->system:playback_*: the port is known only where it is\n"
    assert done.out == "wrote voice.carxp: 2 plugins, 3 connections, multiple-clients\n"
    assert inside("import", "voice.carxp", "-o", "again.yaml").code == 0
    assert "program: Warm" in (folder / "again.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "code"), [("", "not-a-project"), ("<CARLA-PROJECT VERSION='2.6'>", "project-corrupt")]
)
def test_a_file_that_is_no_whole_project_is_one_clear_error(
    inside: Inside, folder: Path, content: str, code: str
) -> None:
    (folder / "song.carxp").write_text(content, encoding="utf-8")
    refused = inside("import", "song.carxp")
    assert refused.code == 1
    assert refused.out == ""
    assert refused.err.startswith(f"song.carxp: error [{code}] ")
    assert [each.name for each in folder.iterdir()] == ["song.carxp"]


def test_without_carla_lv2_plugins_are_still_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CARLA_PREFIX", str(tmp_path))
    from reconciler.engines import choose

    assert library.find() is None
    assert choose.project_catalogue(tmp_path).formats == {"lv2"}
