"""Whatever stands where a manifest should be, reading ends with one clear error and never waits."""

import os
from pathlib import Path

import pytest

from reconciler.manifest import files
from reconciler.manifest.load import load, parse
from reconciler.model.errors import StudioError

GOOD = "version: 1\nsession: voice\n"


def refusal(path: Path) -> StudioError:
    with pytest.raises(StudioError) as caught:
        load(path)
    assert caught.value.where is not None
    assert caught.value.where.file == str(path)
    return caught.value


def test_a_missing_file_suggests_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "podcast.yaml").write_text(GOOD, encoding="utf-8")
    error = refusal(tmp_path / "podcats.yaml")
    assert error.code == "no-such-file"
    assert error.hint == f"did you mean {tmp_path / 'podcast.yaml'}?"
    assert "studio init" in (refusal(tmp_path / "none" / "studio.yaml").hint or "")
    assert refusal(tmp_path / "none" / "song.carxp").hint is None, "`studio init` makes manifests only"


def test_a_file_as_a_folder_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(GOOD, encoding="utf-8")
    assert refusal(tmp_path / "a" / "b.yaml").code == "no-such-file"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "not-a-file"


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    assert refusal(pipe).code == "not-a-file"


def test_a_device_is_refused() -> None:
    assert refusal(Path("/dev/zero")).code == "not-a-file"


def test_a_loop_of_links_is_unreadable(tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert refusal(loop).code == "file-unreadable"


def test_a_zero_byte_in_the_name(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a\0b").code == "no-such-file"


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    large = tmp_path / "large.yaml"
    with large.open("wb") as file:
        file.truncate(50 * 2**20)
    error = refusal(large)
    assert error.code == "file-too-large"
    assert "50.0 MiB" in error.message


def test_an_unreadable_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text(GOOD, encoding="utf-8")
    secret.chmod(0)
    if os.geteuid() != 0:
        assert refusal(secret).code == "file-unreadable"
        return
    # Root reads everything: be somebody else for one call.
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_uid == 0 and folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(folder.stat().st_mode | 0o011)
    os.seteuid(65534)
    try:
        assert refusal(secret).code == "file-unreadable"
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "empty-file", ""),
        (b"# nothing\n", "empty-file", ""),
        (b"\x7fELF\x02\x01\0\0", "not-text", ""),
        (b"\x89PNG\r\n\x1a\n", "not-utf8", ":1:1"),
        ("version: 1\n".encode("utf-16"), "not-utf8", ""),
        (b"version: 1\nsession: caf\xe9\n", "not-utf8", ":2:13"),
        (b"version: 1\nsession: a\x1bb\n", "not-text", ":2:11"),
    ],
)
def test_what_is_no_text(tmp_path: Path, content: bytes, code: str, place: str) -> None:
    path = tmp_path / "studio.yaml"
    path.write_bytes(content)
    error = refusal(path)
    assert error.code == code
    assert str(error.where) == f"{path}{place}"


def test_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "studio.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode() + b"plugins:\r\n")
    source = load(path)
    assert source.manifest.session == "voice"
    assert str(source.where("session")) == f"{path}:2:10"


def test_half_a_character_in_text_from_elsewhere() -> None:
    with pytest.raises(StudioError) as caught:
        parse("session: \ud800", Path("x.yaml"))
    assert (caught.value.code, str(caught.value.where)) == ("not-utf8", "x.yaml:1:10")


def test_paths_are_shown_as_people_read_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert files.shown(tmp_path / "sessions" / "a.yaml") == "sessions/a.yaml"
    assert files.shown(Path("a.yaml")) == "a.yaml"
    assert files.shown(tmp_path.parent / "a.yaml") == str(tmp_path.parent / "a.yaml")
