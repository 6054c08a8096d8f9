"""From a file to a manifest: places, finding the file, and what loading costs."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.manifest.load import find, load, parse, same_name
from reconciler.model.errors import Problems, StudioError, Where

TEXT = """\
version: 1
session: voice
plugins:
  base: &base
    plugin: lv2:urn:x
    params: { gain: -3 dB }
  eq:
    <<: *base
    active: false
chains:
  voice:
    - system:capture_1
    - eq
links: [a -> eq]
"""


def test_places_of_values_and_keys() -> None:
    source = parse(TEXT, Path("studio.yaml"))
    where = source.where
    assert where("session") == Where("studio.yaml", 2, 10)
    assert where("session", key=True) == Where("studio.yaml", 2, 1)
    assert where("plugins", "base", "params", "gain", address="plugins.base.params.gain") == Where(
        "studio.yaml", 6, 21, "plugins.base.params.gain"
    )
    assert where("plugins", "base", key=True) == Where("studio.yaml", 4, 3)
    assert where("chains", "voice", 1) == Where("studio.yaml", 13, 7)
    assert where("links", 0) == Where("studio.yaml", 14, 9)
    assert where() == Where("studio.yaml", 1, 1)


def test_what_was_merged_stands_where_it_was_written() -> None:
    where = parse(TEXT, Path("studio.yaml")).where
    assert where("plugins", "eq", "active") == Where("studio.yaml", 9, 13)
    assert where("plugins", "eq", "params", "gain") == Where("studio.yaml", 6, 21)


def test_what_is_not_written_stands_at_its_nearest_parent() -> None:
    where = parse(TEXT, Path("studio.yaml")).where
    assert where("plugins", "base", "program") == where("plugins", "base")
    assert where("plugins", "base", "program", key=True) == where("plugins", "base")
    assert where("links", 0, "from") == where("links", 0)
    assert where("links", 5) == where("links")
    assert where("hardware", "jack", key=True) == where()


def test_load_keeps_text_and_digest_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "studio.yaml"
    path.write_text(TEXT, encoding="utf-8")
    source = load(path)
    assert (source.path, source.text) == (path, TEXT)
    assert source.digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert source == load(path)


def test_places_within_the_current_folder_are_shown_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sessions").mkdir()
    path = tmp_path / "sessions" / "a.yaml"
    path.write_text("version: 1\nsession: a\nplugin: {}\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudioError) as caught:
        load(path)
    assert str(caught.value.where) == "sessions/a.yaml:3:1"
    assert caught.value.hint == 'did you mean "plugins"?'


def test_several_mistakes_are_one_problem_with_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "studio.yaml"
    path.write_text("version: 1\nsession: a\nplugin: {}\nlink: []\n", encoding="utf-8")
    with pytest.raises(Problems) as caught:
        load(path)
    assert [error.where and error.where.line for error in caught.value.errors] == [3, 4]


# which file


def write(path: Path, session: str = "a") -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"version: 1\nsession: {session}\n", encoding="utf-8")
    return path


def test_the_argument_is_taken_at_its_word(tmp_path: Path) -> None:
    write(tmp_path / "studio.yaml")
    assert find("other.yaml", tmp_path) == tmp_path / "other.yaml"
    assert find(str(tmp_path / "x.yaml"), Path("/")) == tmp_path / "x.yaml"


def test_a_bare_name_finds_its_file_in_sessions(tmp_path: Path) -> None:
    podcast = write(tmp_path / "sessions" / "podcast.yaml")
    assert find("podcast", tmp_path) == podcast
    other = write(tmp_path / "podcast")
    assert find("podcast", tmp_path) == other


def test_studio_yaml_comes_before_sessions(tmp_path: Path) -> None:
    only = write(tmp_path / "sessions" / "one.yml")
    write(tmp_path / "sessions" / "notes.txt")
    assert find(None, tmp_path) == only
    single = write(tmp_path / "studio.yaml")
    assert find(None, tmp_path) == single


def test_none_or_many_is_an_error_that_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudioError) as none:
        find(None, tmp_path)
    assert none.value.code == "no-manifest"
    assert "studio init" in (none.value.hint or "")
    for name in ("b", "a"):
        write(tmp_path / "sessions" / f"{name}.yaml")
    with pytest.raises(StudioError) as many:
        find(None, tmp_path)
    assert many.value.code == "which-manifest"
    assert many.value.details == {"choices": ["sessions/a.yaml", "sessions/b.yaml"]}


def test_same_name_finds_the_twin_and_passes_over_what_it_cannot_read(tmp_path: Path) -> None:
    mine = write(tmp_path / "mine.yaml", "rig")
    twin = write(tmp_path / "twin.yml", "'rig'  # quoted")
    write(tmp_path / "other.yaml", "rig-2")
    (tmp_path / "broken.yaml").write_text("session: rig\n\tb: [", encoding="utf-8")
    (tmp_path / "binary.yaml").write_bytes(b"rig\0\xff")
    (tmp_path / "folder.yaml").mkdir()
    assert same_name(mine) == [twin]
    assert same_name(twin) == [mine]


def test_loading_imports_nothing_it_does_not_need() -> None:
    code = "import sys, reconciler.manifest.load; print(' '.join(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    loaded = set(run.stdout.split())
    assert "pydantic" in loaded
    assert not loaded & {"ruamel", "ruamel.yaml", "numpy", "scipy", "jack", "rich", "click", "asyncio", "jsonschema"}
