"""Pictures as files: a name says the form, an older picture gives way, nothing else does."""

from pathlib import Path

import pytest

from reconciler.model.errors import StudioError
from reconciler.pictures.files import Form, form_of, write
from reconciler.pictures.graph import MARK

PICTURE = f"// {MARK}\ndigraph {{}}\n"


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.svg", Form.SVG), ("a.SVG", Form.SVG), ("a.b.gv", Form.DOT), ("a.txt", Form.TEXT), ("a.json", Form.JSON)],
)
def test_the_name_says_the_form(name: str, form: Form) -> None:
    assert form_of(Path(name)) is form


@pytest.mark.parametrize("name", ["picture", "a.png", ".svg"])
def test_another_name_says_nothing(name: str) -> None:
    with pytest.raises(StudioError) as caught:
        form_of(Path(name))
    assert caught.value.code == "unknown-format"


def test_an_older_picture_gives_way_and_a_manifest_does_not(tmp_path: Path) -> None:
    file = tmp_path / "a.dot"
    write(file, PICTURE)
    write(file, f"{PICTURE}\n")
    assert file.read_text(encoding="utf-8") == f"{PICTURE}\n"
    file.write_text("version: 1\n", encoding="utf-8")
    with pytest.raises(StudioError) as caught:
        write(file, PICTURE)
    assert caught.value.code == "exists"
    assert file.read_text(encoding="utf-8") == "version: 1\n"
    write(file, PICTURE, force=True)
    assert file.read_text(encoding="utf-8") == PICTURE
    assert [path.name for path in tmp_path.iterdir()] == ["a.dot"], "nothing is left beside it"


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    write(tmp_path / "real.dot", PICTURE)
    link = tmp_path / "link.dot"
    link.symlink_to("real.dot")
    write(link, f"{PICTURE}\n")
    assert link.is_symlink()
    assert (tmp_path / "real.dot").read_text(encoding="utf-8") == f"{PICTURE}\n"


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    for place, code in (
        (tmp_path / "no" / "a.dot", "not-written"),
        (Path("/dev/null"), "exists"),
        (tmp_path, "exists"),
    ):
        with pytest.raises(StudioError) as caught:
            write(place, PICTURE, force=True)
        assert (caught.value.code, caught.value.where and caught.value.where.file) == (code, str(place))
