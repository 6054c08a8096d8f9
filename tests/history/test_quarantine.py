"""The quarantine's file."""

from pathlib import Path

import pytest

from reconciler.history.quarantine import Quarantine
from reconciler.model.errors import StudioError
from reconciler.planning.plan import Quarantined

VOX = Quarantined("vox", "lv2:urn:vox", "2026-11-22 17:30", "loading vox")
EQ = Quarantined("eq", "lv2:urn:eq", "2026-11-22 17:31", "loading eq", bridge=True)


def test_nobody_is_in_it_at_first(tmp_path: Path) -> None:
    assert Quarantine(tmp_path / "new").read() == {}


def test_who_is_in_stays_in_until_let_out(tmp_path: Path) -> None:
    Quarantine(tmp_path).write([VOX, EQ])
    assert Quarantine(tmp_path).read() == {"vox": VOX, "eq": EQ}
    Quarantine(tmp_path).write([EQ])
    assert Quarantine(tmp_path).read() == {"eq": EQ}


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    folder = tmp_path / "never"
    Quarantine(folder).write([])
    assert not folder.exists()


def test_a_damaged_file_is_told_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "quarantine.json").write_text('[{"name":', encoding="utf-8")
    with pytest.raises(StudioError) as caught:
        Quarantine(tmp_path).read()
    assert caught.value.code == "quarantine-damaged"
    assert "rm " in (caught.value.hint or "")


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioError) as caught:
        Quarantine(tmp_path / "file").read()
    assert caught.value.code == "quarantine-damaged"
