"""Bundles that break, hang or kill the scanner: each is named and left out, and the rest is there."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.model.errors import EngineError, Unavailable
from tests.catalogue.turtle import AUDIO, PREFIXES, bundle, catalogue, plugin

GOOD = ["lv2:urn:good:a", "lv2:urn:good:z"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two good bundles; the one under test lies between them in the order of reading."""
    made = tmp_path / "lv2"
    bundle(made, "urn:good:a", plugin("urn:good:a", AUDIO), name="a")
    bundle(made, "urn:good:z", plugin("urn:good:z", AUDIO), name="z")
    return made


def scanners() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that ended in another test and was not waited for yet
            if "reconciler.engines.lv2.scan" in child.cmdline():
                found.append(child)
    return found


def test_a_plugin_with_a_syntax_error_is_left_out_with_the_place(folder: Path) -> None:
    broken = bundle(folder, "urn:bad", plugin("urn:bad", AUDIO)[:-20] + " [ oh no", name="m")
    known = catalogue(folder)
    assert known.uris() == GOOD
    (said,) = known.broken()
    assert (said.bundle, said.subject) == (str(broken), "lv2:urn:bad")
    assert f"{broken}/data.ttl:" in said.reason
    error = known.not_installed("lv2:urn:bad")
    assert error.code == "plugin-broken"
    assert said.reason in error.message


def test_a_missing_data_file_is_named(folder: Path) -> None:
    broken = bundle(folder, "urn:bad", "", name="m")
    (broken / "data.ttl").unlink()
    known = catalogue(folder)
    assert known.uris() == GOOD
    assert "data.ttl" in known.broken()[0].reason


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(f'{PREFIXES}<urn:bad> a lv2:Plugin ; doap:name "No ports" .', id="no ports"),
        pytest.param(plugin("urn:bad", AUDIO, name="x").replace("doap:name", "rdfs:label"), id="no name"),
        pytest.param(plugin("urn:bad", AUDIO.replace('"in"', '"not a symbol"')), id="symbol with blanks"),
        pytest.param(plugin("urn:bad", AUDIO).replace("lv2:index 0", "lv2:index 3"), id="hole in the indexes"),
        pytest.param(plugin("urn:bad", AUDIO).replace("lv2:index 0", "lv2:index 'first'"), id="index is no number"),
    ],
)
def test_a_plugin_that_no_host_could_load_is_left_out(folder: Path, data: str) -> None:
    bundle(folder, "urn:bad", data, name="m")
    known = catalogue(folder)
    assert known.uris() == GOOD
    assert [(each.subject, bool(each.reason)) for each in known.broken()] == [("lv2:urn:bad", True)]


def test_a_broken_manifest_leaves_its_bundle_out(folder: Path) -> None:
    broken = bundle(folder, "urn:bad", plugin("urn:bad", AUDIO), name="m", more="and then <<")
    known = catalogue(folder)
    assert known.uris() == GOOD
    (said,) = known.broken()
    assert (said.bundle, said.subject) == (str(broken), None)
    assert "manifest.ttl:" in said.reason
    assert str(broken) in (known.not_installed("lv2:urn:bad").hint or "")


def test_a_broken_preset_is_left_out_and_the_plugin_stays(folder: Path) -> None:
    more = "<urn:p> a pset:Preset ; lv2:appliesTo <urn:good:m> ; rdfs:seeAlso <preset.ttl> .\n"
    made = bundle(folder, "urn:good:m", plugin("urn:good:m", AUDIO), name="m", more=more)
    (made / "preset.ttl").write_text(PREFIXES + '<urn:p> rdfs:label "Half', encoding="utf-8")
    known = catalogue(folder)
    described = known.describe("lv2:urn:good:m")
    assert described is not None
    assert described.presets == ()
    assert [each.subject for each in known.broken()] == ["urn:p"]


def test_a_folder_without_a_manifest_is_no_bundle(folder: Path) -> None:
    (folder / "notes").mkdir()
    (folder / "readme.txt").write_text("hello", encoding="utf-8")
    known = catalogue(folder)
    assert known.uris() == GOOD
    assert known.broken() == []


def test_a_link_to_nothing_is_survived(folder: Path) -> None:
    (folder / "a.lv2" / "gone.ttl").symlink_to("nowhere.ttl")
    assert catalogue(folder).uris() == GOOD


def test_a_bundle_that_crashes_lilv_is_left_out(folder: Path) -> None:
    """lilv 0.24 takes the index for unsigned and writes before its table: SIGSEGV."""
    data = plugin("urn:bad", AUDIO).replace("lv2:index 0", "lv2:index -2")
    broken = bundle(folder, "urn:bad", data, name="m")
    known = catalogue(folder)
    assert known.uris() == GOOD
    (said,) = known.broken()
    assert said.bundle == str(broken)
    assert scanners() == []


def test_a_bundle_that_hangs_is_left_out_after_the_time_limit(folder: Path) -> None:
    broken = bundle(folder, "urn:bad", "", name="m")
    (broken / "data.ttl").unlink()
    os.mkfifo(broken / "data.ttl")  # nobody writes: opening it waits for ever
    known = catalogue(folder, time_limit_s=1.0)
    started = time.monotonic()
    assert known.uris() == GOOD
    assert time.monotonic() - started < 15
    (said,) = known.broken()
    assert (said.bundle, said.subject) == (str(broken), None)
    assert "said nothing for 1 s" in said.reason
    assert scanners() == []
    # It is remembered: the next command does not wait again.
    started = time.monotonic()
    again = catalogue(folder, time_limit_s=30.0)
    assert again.broken() == known.broken()
    assert time.monotonic() - started < 1.0


def test_a_scanner_that_is_killed_goes_on_after_the_bundle_it_was_reading(folder: Path) -> None:
    broken = bundle(folder, "urn:bad", "", name="m")
    (broken / "data.ttl").unlink()
    os.mkfifo(broken / "data.ttl")
    killed: list[int] = []

    def kill() -> None:
        # Opening returns when the scanner opens the other end, so it is in the middle of this bundle.
        with (broken / "data.ttl").open("wb"):
            for child in scanners():
                killed.append(child.pid)
                child.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    known = catalogue(folder)
    assert known.uris() == GOOD
    killer.join()
    assert len(killed) == 1
    (said,) = known.broken()
    assert said.bundle == str(broken)
    assert "SIGKILL" in said.reason


def test_a_scanner_does_not_outlive_a_killed_command(folder: Path) -> None:
    broken = bundle(folder, "urn:bad", "", name="m")
    (broken / "data.ttl").unlink()
    os.mkfifo(broken / "data.ttl")
    program = "from reconciler.engines.lv2.catalogue import Lv2Catalogue; Lv2Catalogue(time_limit_s=60).uris()"
    environ = {**os.environ, "LV2_PATH": str(folder), "XDG_CACHE_HOME": str(folder.parent / "cache")}
    with (
        subprocess.Popen([sys.executable, "-c", program], env=environ) as command,
        (broken / "data.ttl").open("wb"),  # returns when the scanner reads this bundle, and keeps it there
    ):
        (scanner,) = psutil.Process(command.pid).children()
        command.kill()
        command.wait()
        deadline = time.monotonic() + 10
        while scanner.is_running() and scanner.status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the scanner lives on"
            time.sleep(0.01)


def test_what_a_library_prints_is_not_taken_for_an_answer() -> None:
    program = (
        "import os; from reconciler.engines.lv2 import scan; out = scan._guard_stdout();"
        " os.write(1, b'noise'); print('more noise', flush=True); out.write(b'answer')"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert result.stdout == b"answer"
    assert result.stderr == b"noisemore noise\n"


def test_no_lilv_is_an_error_that_names_the_packages(tmp_path: Path) -> None:
    known = Lv2Catalogue(cache_dir=tmp_path, library="liblilv-of-nobody.so.0")
    with pytest.raises(Unavailable) as caught:
        known.uris()
    assert caught.value.code == "lilv-missing"
    for package in ("liblilv-0-0", "lilv-libs", "pacman -S lilv"):
        assert package in (caught.value.hint or "")
    assert list(tmp_path.glob("*.catalogue")) == []


def test_a_scanner_that_does_not_run_is_an_error_that_says_what_it_printed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho out of order >&2\nexit 7\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(EngineError) as caught:
        catalogue(folder).uris()
    assert caught.value.code == "scan-failed"
    assert "exit code 7" in caught.value.message
    assert "out of order" in caught.value.message
