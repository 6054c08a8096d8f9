"""The catalogue on disk: fast when nothing changed, right when something did, built again when it is not its own."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from reconciler.engines.lv2 import scanner
from reconciler.engines.lv2.catalogue import Lv2Catalogue
from tests.catalogue.turtle import AUDIO, bundle, catalogue, control, plugin


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "lv2"
    for name in ("a", "b", "c"):
        bundle(made, f"urn:{name}", plugin(f"urn:{name}", AUDIO, name=name), name=name)
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What each scan was told to read, by name; the scan itself is the real one."""
    scans: list[list[str]] = []
    real = scanner.Scanner.scan

    def scan(self: scanner.Scanner, bundles: list[Path]) -> object:
        scans.append([bundle.stem for bundle in bundles])
        return real(self, bundles)

    monkeypatch.setattr(scanner.Scanner, "scan", scan)
    return scans


def file(folder: Path) -> Path:
    (found,) = (folder.parent / "cache" / "studio" / "catalogue").glob("*.catalogue")
    return found


def names(known: Lv2Catalogue) -> list[str]:
    return [found.name for found in known.installed()]


def rewrite(path: Path, text: str) -> None:
    """Write a file with a time that differs, on file systems with coarse times too."""
    before = path.stat().st_mtime_ns
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))


def test_the_second_time_nothing_is_read(folder: Path, asked: list[list[str]]) -> None:
    first = catalogue(folder)
    assert names(first) == ["a", "b", "c"]
    second = catalogue(folder)
    assert [second.describe(uri) for uri in second.uris()] == [first.describe(uri) for uri in first.uris()]
    assert asked == [["a", "b", "c"]]


def test_only_the_changed_bundle_is_read_again(folder: Path, asked: list[list[str]]) -> None:
    assert names(catalogue(folder)) == ["a", "b", "c"]
    rewrite(folder / "b.lv2" / "data.ttl", plugin("urn:b", control("mix"), name="better"))
    known = catalogue(folder)
    assert names(known) == ["a", "better", "c"]
    described = known.describe("lv2:urn:b")
    assert described is not None
    assert [each.symbol for each in described.parameters] == ["mix"]
    kept = known.describe("lv2:urn:c")
    assert kept is not None
    assert [port.symbol for port in kept.ports] == ["in"]
    assert asked == [["a", "b", "c"], ["b"]]


def test_a_change_within_one_second_and_of_one_size_is_seen(folder: Path) -> None:
    assert names(catalogue(folder)) == ["a", "b", "c"]
    data = folder / "b.lv2" / "data.ttl"
    rewrite(data, data.read_text(encoding="utf-8").replace('doap:name "b"', 'doap:name "B"'))
    assert names(catalogue(folder)) == ["a", "B", "c"]


def test_bundles_come_and_go(folder: Path, asked: list[list[str]]) -> None:
    assert len(catalogue(folder).uris()) == 3
    bundle(folder, "urn:d", plugin("urn:d", AUDIO), name="d")
    assert catalogue(folder).uris() == ["lv2:urn:a", "lv2:urn:b", "lv2:urn:c", "lv2:urn:d"]
    (folder / "a.lv2" / "manifest.ttl").unlink()
    known = catalogue(folder)
    assert known.uris() == ["lv2:urn:b", "lv2:urn:c", "lv2:urn:d"]
    assert known.describe("lv2:urn:a") is None
    assert asked == [["a", "b", "c"], ["d"], []]


def test_one_catalogue_answers_from_one_moment_until_refreshed(folder: Path) -> None:
    known = catalogue(folder)
    assert names(known) == ["a", "b", "c"]
    rewrite(folder / "b.lv2" / "data.ttl", plugin("urn:b", AUDIO, name="better"))
    assert names(catalogue(folder)) == ["a", "better", "c"]  # another one replaces the file on disk
    assert names(known) == ["a", "b", "c"]
    described = known.describe("lv2:urn:b")
    assert described is not None
    assert described.name == "b"
    known.refresh()
    assert names(known) == ["a", "better", "c"]


def test_a_plugin_installed_later_is_found_when_asked_for(folder: Path, asked: list[list[str]]) -> None:
    known = catalogue(folder)
    assert known.describe("lv2:urn:d") is None
    bundle(folder, "urn:d", plugin("urn:d", AUDIO, name="d"), name="d")
    described = known.describe("lv2:urn:d")
    assert described is not None
    assert described.name == "d"
    assert asked == [["a", "b", "c"], ["d"]]


def test_everything_can_be_read_again(folder: Path, asked: list[list[str]]) -> None:
    known = catalogue(folder)
    known.refresh()
    known.refresh(everything=True)
    assert asked == [["a", "b", "c"], ["a", "b", "c"]]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"not a catalogue", id="foreign"),
        pytest.param(lambda data: os.urandom(5000), id="junk"),
        pytest.param(lambda data: data[: len(data) // 2], id="torn"),
        pytest.param(lambda data: data[:-1], id="one byte short"),
        pytest.param(lambda data: data + b"x", id="one byte long"),
        pytest.param(lambda data: data.replace(b"catalogue 1 ", b"catalogue 999 ", 1), id="another format"),
        pytest.param(lambda data: data.replace(b'"studio":"', b'"studio":!', 1), id="altered index"),
        pytest.param(lambda data: data.replace(b'"symbol":"in"', b'"symbol":"no"'), id="altered pieces"),
    ],
)
def test_a_file_that_is_not_its_own_is_built_again(folder: Path, spoil: object, asked: list[list[str]]) -> None:
    assert callable(spoil)
    good = catalogue(folder)
    expected = [good.describe(uri) for uri in good.uris()]
    data = file(folder).read_bytes()
    spoilt = spoil(data)
    assert spoilt != data
    file(folder).write_bytes(spoilt)
    known = catalogue(folder)
    assert [known.describe(uri) for uri in known.uris()] == expected
    assert asked[1:] == [["a", "b", "c"]]
    # and is good from then on
    again = catalogue(folder)
    assert [again.describe(uri) for uri in again.uris()] == expected
    assert len(asked) == 2


def test_a_damaged_piece_does_not_spread_when_another_bundle_changes(folder: Path, asked: list[list[str]]) -> None:
    assert len(catalogue(folder).uris()) == 3
    data = file(folder).read_bytes()
    place = data.index(b'"symbol":"in"')  # the first piece: bundle a
    file(folder).write_bytes(data[:place] + b'"symbol":"no"' + data[place + 13 :])
    rewrite(folder / "b.lv2" / "data.ttl", plugin("urn:b", AUDIO, name="better"))
    described = catalogue(folder).describe("lv2:urn:a")
    assert described is not None
    assert [port.symbol for port in described.ports] == ["in"]
    assert asked == [["a", "b", "c"], ["a", "b"]]


def test_what_a_killed_process_left_behind_is_cleared_away(folder: Path) -> None:
    known = catalogue(folder)
    known.refresh()
    left = file(folder).with_name(f".{file(folder).name}-abcdef")
    left.write_bytes(b"half a catalogue")
    known.refresh(everything=True)
    assert not left.exists()
    assert sorted(path.suffix for path in file(folder).parent.iterdir()) == [".catalogue", ".lock"]


def test_each_search_path_has_its_own_file(folder: Path, tmp_path: Path, asked: list[list[str]]) -> None:
    other = tmp_path / "other"
    bundle(other, "urn:x", plugin("urn:x", AUDIO), name="x")
    for _ in range(2):
        assert len(catalogue(folder).uris()) == 3
        assert catalogue(other).uris() == ["lv2:urn:x"]
    assert asked == [["a", "b", "c"], ["x"]]


def test_a_cache_that_cannot_be_written_is_told_and_done_without(folder: Path, asked: list[list[str]]) -> None:
    (folder.parent / "cache").write_text("a file where the folder should be", encoding="utf-8")
    known = catalogue(folder)
    assert names(known) == ["a", "b", "c"]
    assert known.cache_error is not None
    assert str(folder.parent / "cache") in known.cache_error
    # What was read is kept in memory: asking for something unknown reads nothing again.
    assert known.describe("lv2:urn:nobody") is None
    assert asked == [["a", "b", "c"]]


def test_the_cache_lies_where_xdg_says(tmp_path: Path) -> None:
    made = tmp_path / "lv2"
    bundle(made, "urn:a", plugin("urn:a", AUDIO))
    for stated, expected in (("", ".cache"), ("relative", ".cache"), (str(tmp_path / "xdg"), "xdg")):
        environ = {"LV2_PATH": str(made), "HOME": str(tmp_path), "XDG_CACHE_HOME": stated}
        Lv2Catalogue(environ=environ).refresh(everything=True)
        assert len(list((tmp_path / expected / "studio" / "catalogue").glob("*.catalogue"))) == 1


def test_two_processes_at_once_do_the_work_once(folder: Path, tmp_path: Path) -> None:
    """A third one dies in the middle of its scan before: its lock does not outlive it."""
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from reconciler.engines.lv2 import scanner
        from reconciler.engines.lv2.catalogue import Lv2Catalogue
        real = scanner.Scanner.scan
        def scan(self, bundles):
            print("scanned", flush=True)
            return real(self, bundles)
        scanner.Scanner.scan = scan
        known = Lv2Catalogue(cache_dir=Path(sys.argv[1]))
        print(len(known.uris()), known.cache_error, flush=True)
    """)
    environ = {**os.environ, "LV2_PATH": str(folder)}
    cache = tmp_path / "shared"

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, str(cache)]
        return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    with start() as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline() == "scanned\n"
        dying.kill()
    running = [start() for _ in range(3)]
    answers = [process.communicate()[0].split("\n") for process in running]
    assert sum("scanned" in answer for answer in answers) <= 1
    assert [answer[-2] for answer in answers] == ["3 None"] * 3
    assert len(list(cache.glob("*.catalogue"))) == 1
