"""What is in a plugin file: by Carla's own tool, whatever the file does to the process that loads it."""

import os
import time
from pathlib import Path

import pytest

from reconciler.engines.carla.discovery import Discovered, read
from reconciler.engines.carla.formats import Format, find_files, fingerprint, is_plugin_file, locate, search_path
from tests.carla import plugin_files
from tests.carla.plugin_files import CRASH, HANG, environ, installed, ladspa, tool

pytestmark = pytest.mark.carla

LIMIT_S = 20.0


def test_a_ladspa_file(tmp_path: Path) -> None:
    amp = installed(Format.LADSPA, "amp_1181.so", "swh-plugins")
    reading = read(tool(), Format.LADSPA, amp, environ(tmp_path), LIMIT_S)
    maker = "Steve Harris <steve@plugin.org.uk>"
    assert reading.plugins == (
        Discovered("Simple amplifier", "amp", maker, "dynamics", 1181, audio_ins=1, audio_outs=1),
    )
    assert reading.flaw is None


def test_a_soundfont_comes_in_two_forms(tmp_path: Path) -> None:
    font = installed(Format.SF2, "TimGM6mb.sf2", "timgm6mb-soundfont")
    reading = read(tool(), Format.SF2, font, environ(tmp_path), LIMIT_S)
    assert [(plugin.name, plugin.audio_outs, plugin.midi_ins) for plugin in reading.plugins] == [
        ("TimGM6mb", 2, 1),
        ("TimGM6mb (16 outputs)", 32, 1),
    ]


def test_a_vst2_file_has_its_unique_id(tmp_path: Path) -> None:
    file = installed(Format.VST2, "3BandEQ-vst.so", "dpf-plugins-vst")
    (plugin,) = read(tool(), Format.VST2, file, environ(tmp_path), LIMIT_S).plugins
    assert (plugin.name, plugin.maker, plugin.unique_id) == ("3 Band EQ", "DISTRHO", 1144210769)


def test_what_is_built_into_carla(tmp_path: Path) -> None:
    plugins = read(tool(), Format.INTERNAL, None, environ(tmp_path), LIMIT_S).plugins
    names = {plugin.label: plugin.name for plugin in plugins}
    assert names["audiogain"] == "Audio Gain (Mono)"
    assert names["midisplit"] == "MIDI Split"


def test_an_instrument_of_sfz_is_known_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "Grand_Piano.sfz"
    file.write_text("<region> sample=*sine\n", encoding="utf-8")
    (plugin,) = read(tool(), Format.SFZ, file, environ(tmp_path), LIMIT_S).plugins
    assert (plugin.name, plugin.label, plugin.audio_outs, plugin.midi_ins) == ("Grand Piano", "Grand_Piano", 2, 1)


def test_a_library_that_crashes_is_told_with_its_signal(tmp_path: Path) -> None:
    reading = read(tool(), Format.LADSPA, ladspa(tmp_path / "bad.so", CRASH), environ(tmp_path), LIMIT_S)
    assert reading.plugins == ()
    assert reading.flaw == "it crashed when Carla tried it out (SIGSEGV)"


def test_its_last_words_are_told_too(tmp_path: Path) -> None:
    file = ladspa(tmp_path / "bad.so", 'write(2, "no dongle\\n", 10); abort()')
    reading = read(tool(), Format.LADSPA, file, environ(tmp_path), LIMIT_S)
    assert reading.flaw == "it crashed when Carla tried it out (SIGABRT; it said: no dongle)"


def test_a_library_that_hangs_is_killed_when_its_time_is_up(tmp_path: Path) -> None:
    file = ladspa(tmp_path / "hung.so", HANG)
    started = time.monotonic()
    reading = read(tool(), Format.LADSPA, file, environ(tmp_path), 0.5)
    assert reading.flaw == "it did not come to an end within 0.5 s when Carla tried it out"
    assert time.monotonic() - started < 5


def test_what_a_hanging_library_started_is_killed_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    again = f'if (!fork()) for (;;) {{ FILE *f = fopen("{mark}", "a"); fputc(46, f); fclose(f); usleep(20000); }}'
    source = "#include <stdio.h>\n" + plugin_files.LADSPA
    file = plugin_files.compiled(source, tmp_path / "fork.so", WHEN_LOADED=f"{again} {HANG}", NUMBER="1")
    reading = read(tool(), Format.LADSPA, file, environ(tmp_path), 1.0)
    assert reading.flaw is not None
    size = mark.stat().st_size
    assert size > 0
    deadline = time.monotonic() + 0.3  # fifteen of its steps
    while time.monotonic() < deadline:
        assert mark.stat().st_size <= size + 1  # one was under way
        time.sleep(0.02)


@pytest.mark.parametrize("text", ["hello", "hello, this is no library at all\n" * 50, ""])
def test_a_text_that_is_called_so(tmp_path: Path, text: str) -> None:
    file = tmp_path / "text.so"
    file.write_text(text, encoding="utf-8")
    for format_ in (Format.LADSPA, Format.DSSI, Format.VST2):
        reading = read(tool(), format_, file, environ(tmp_path), LIMIT_S)
        assert reading.plugins == ()
        assert reading.flaw is not None
        assert "no library" in reading.flaw or "too short" in reading.flaw


def test_a_library_that_is_no_plugin(tmp_path: Path) -> None:
    file = plugin_files.compiled("int nothing;", tmp_path / "plain.so")
    reading = read(tool(), Format.LADSPA, file, environ(tmp_path), LIMIT_S)
    assert reading.flaw == "Carla says: Not a LADSPA plugin"


def test_a_text_that_is_called_sf2(tmp_path: Path) -> None:
    file = tmp_path / "text.sf2"
    file.write_text("la la la\n" * 100, encoding="utf-8")
    assert read(tool(), Format.SF2, file, environ(tmp_path), LIMIT_S).flaw == "Carla says: Not a SF2 file"


def test_the_variable_of_a_format_is_its_search_path(tmp_path: Path) -> None:
    around = {"HOME": "/home/ada", "LADSPA_PATH": f"{tmp_path}:~/mine::relative:{tmp_path}"}
    assert search_path(Format.LADSPA, around) == [tmp_path, Path("/home/ada/mine")]
    assert search_path(Format.LADSPA, {**around, "LADSPA_PATH": ""}) == []
    usual = search_path(Format.VST2, around)
    assert usual[:3] == [Path("/home/ada/.vst"), Path("/usr/lib/vst"), Path("/usr/local/lib/vst")]
    assert Path("/home/ada/.lxvst") in usual


def test_files_are_found_below_and_in_order(tmp_path: Path) -> None:
    names = ("a/deep/z.so", "a/b.so", "a/.hidden.so", "a/readme.txt", "c/b.so", "c/A.SO")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "gone.so").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "a" / "pipe.so")
    for raw in (b"latin-\xe9.so", b"two\nlines.so", b" blank.so"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/a/" + raw)).touch()
    around = {"HOME": "/", "LADSPA_PATH": f"{tmp_path}/a:{tmp_path}/c:{tmp_path}/missing"}
    found = [str(path.relative_to(tmp_path)) for path in find_files(Format.LADSPA, around)]
    assert found == ["a/b.so", "a/deep/z.so", "c/A.SO", "c/b.so"]
    assert locate(Format.LADSPA, "b.so", around) == tmp_path / "a" / "b.so"
    assert locate(Format.LADSPA, "z.so", around) == tmp_path / "a" / "deep" / "z.so"
    assert locate(Format.LADSPA, "pipe.so", around) is None


def test_a_vst3_is_a_folder(tmp_path: Path) -> None:
    inside = tmp_path / "x.vst3" / "Contents" / "x86_64-linux" / "x.so"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"1")
    (tmp_path / "file.vst3").touch()
    assert find_files(Format.VST3, {"VST3_PATH": str(tmp_path)}) == [tmp_path / "x.vst3"]
    assert not is_plugin_file(Format.VST3, tmp_path / "file.vst3")
    before = fingerprint(tmp_path / "x.vst3")
    inside.write_bytes(b"12")
    assert fingerprint(tmp_path / "x.vst3") != before
