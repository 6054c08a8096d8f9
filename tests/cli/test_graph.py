"""``studio graph``: looks, draws, and starts nothing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import VOICE, Inside, Write
from tests.cli.studio import host, studio, terminal
from tests.support.crowd import crowd
from tests.support.jackd import NOBODY

graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


def test_without_a_host_the_manifest_is_drawn_alone_and_said_so(inside: Inside, write: Write) -> None:
    write()
    shown = inside("graph")
    assert (shown.code, shown.err) == (0, "")
    lines = shown.out.splitlines()
    assert lines[0] == "voice: 2 plugins, 5 links, as the manifest declares them"
    assert lines[1].startswith("The plugin host is not running")
    assert "  → eq                          1:2  Equalizer" in lines
    assert host("voice") is None, "looking starts nothing"


def test_after_an_apply_it_shows_how_it_stands(inside: Inside, write: Write) -> None:
    write()
    assert inside("apply", "--yes").code == 0
    assert inside("graph").out.splitlines()[0] == "voice: 2 plugins, 5 links; all as declared"
    write(VOICE.replace("-2.5 dB", "-3 dB") + "  - keyboard:midi -> eq:in_l\n")
    shown = inside("graph").out
    assert "1 changed, 1 pending" in shown.splitlines()[0]
    assert "params.gain -2.5 dB -> -3 dB" in shown


def test_a_plan_is_drawn_as_before_and_after(inside: Inside, write: Write) -> None:
    write()
    told = inside("graph", "--plan").out
    assert "voice: 2 plugins, 5 links; before and after\n7 to create\n" in told
    assert "\n+ → gate" in told
    inside("apply", "--yes")
    write(VOICE.replace("  - gate -> eq\n", ""))
    told = inside("graph", "--plan").out
    assert "\n- → eq" in told
    assert host("voice") is not None


def test_json_is_the_graph_whatever_else_is_asked(inside: Inside, write: Write) -> None:
    write()
    graph = inside("graph", "--json").json
    assert (graph["name"], graph["view"], graph["format"]) == ("voice", "declared", 1)
    assert {node["name"]: node["kind"] for node in graph["nodes"]} == {
        "gate": "plugin",
        "eq": "plugin",
        "system": "hardware",
    }
    edge = next(edge for edge in graph["edges"] if edge["source"] == "gate:out")
    assert edge == {"source": "gate:out", "target": "eq:in_l", "kind": "audio", "state": "declared"}
    assert inside("graph", "-f", "json").json == inside("graph", "--json", "--ports").json == graph


def test_what_contradicts_itself_is_refused(inside: Inside, write: Write) -> None:
    write()
    for arguments in (("--live", "--plan"), ("--json", "-f", "dot")):
        refused = inside("graph", *arguments)
        assert (refused.code, "exclude each other" in refused.err + refused.out) == (1, True)
    assert inside("graph", "-o", "picture.png").err.startswith("error [unknown-format]")


def test_a_picture_goes_into_a_file_of_its_kind(inside: Inside, write: Write, folder: Path) -> None:
    write()
    for name, begins in (("a.dot", "// drawn by studio graph\ndigraph"), ("a.txt", "voice: "), ("a.json", "{")):
        assert inside("graph", "-o", name) == (0, f"wrote {name}\n", "")
        assert (folder / name).read_text(encoding="utf-8").startswith(begins)
        assert inside("graph", "-o", name).code == 0, "an older picture gives way"
    assert json.loads((folder / "a.json").read_text(encoding="utf-8"))["drawn_by"] == "drawn by studio graph"
    refused = inside("graph", "-f", "dot", "-o", "studio.yaml")
    assert (refused.code, "[exists]" in refused.err) == (1, True)
    assert (folder / "studio.yaml").read_text(encoding="utf-8") == VOICE


@graphviz
def test_svg_is_laid_out_by_graphviz(inside: Inside, write: Write, folder: Path) -> None:
    write()
    assert inside("graph", "-o", "a.svg").code == 0
    root = ElementTree.fromstring((folder / "a.svg").read_text(encoding="utf-8"))
    assert root.findtext("{http://www.w3.org/2000/svg}title") == "voice: routing as the manifest declares it"


def test_without_graphviz_everything_else_is_drawn(
    inside: Inside, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    (folder / "empty").mkdir()
    monkeypatch.setenv("PATH", str(folder / "empty"))
    refused = inside("graph", "-f", "svg")
    assert (refused.code, refused.err.startswith("error [graphviz-missing]")) == (1, True)
    assert inside("graph").code == inside("graph", "-f", "dot").code == 0
    assert not (folder / "a.svg").exists()


def test_without_jalv_the_manifest_is_drawn_alone(
    inside: Inside, write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("version: 1\nsession: bare\nengine: { host: jalv }\nlinks: [one:out -> another:in]\n")
    (folder / "empty").mkdir()
    monkeypatch.setenv("PATH", str(folder / "empty"))
    shown = inside("graph")
    assert shown.code == 0
    assert "is not installed, so nothing is known of how it stands" in " ".join(shown.out.split())


def test_a_terminal_shows_colours_and_a_file_has_none(write: Write, folder: Path) -> None:
    write()
    with terminal("graph", "--plan", "-o", "a.txt") as at:
        assert at.end() == 0
    assert "\x1b" not in (folder / "a.txt").read_text(encoding="utf-8")
    with terminal("graph", "--plan") as at:
        assert at.end() == 0
        assert "\x1b[32m+\x1b[0m → \x1b[32mgate" in at.shown
    assert "\x1b" not in studio("graph", "--plan").out


@pytest.mark.jack
@pytest.mark.usefixtures("fresh_jack_server")
def test_live_shows_who_is_really_there(folder: Path) -> None:
    with crowd("crowd", pairs=2) as clients:
        clients.do('add midi-out <click>&"more"')
        done = studio("graph", "--live", cwd=folder)
        assert done.code == 0, done.err
        assert done.out.startswith("studio: 0 plugins, 0 links, as they are now\n")
        assert "crowd                         foreign" in done.out
        assert "hardware" in done.out
        subprocess.run(["jack_connect", "crowd:out_1", "crowd:in_2"], check=True, capture_output=True)
        graph = studio("graph", "--live", "--json", cwd=folder).json
        assert [(edge["source"], edge["target"], edge["kind"]) for edge in graph["edges"]] == [
            ("crowd:out_1", "crowd:in_2", "audio")
        ]
        if shutil.which("dot") is not None:
            drawn = studio("graph", "--live", "--ports", "-f", "svg", cwd=folder).out
            texts = [text.text for text in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
            assert "<click>" in " ".join(text or "" for text in texts)


@pytest.mark.jack
def test_a_manifest_that_stands_on_real_jack(write: Write, folder: Path, jack_server: str) -> None:
    path = write("version: 1\nsession: cables\nlinks: [crowd:out_1 -> system:playback_1, gone:out -> crowd:in_1]\n")
    with crowd("crowd", pairs=1):
        before = studio("graph", path).out
        assert "1 missing, 1 pending" in before.splitlines()[0]
        subprocess.run(["jack_connect", "crowd:out_1", "system:playback_1"], check=True, capture_output=True)
        after = studio("graph", path).out
        assert "0 plugins, 2 links; 1 pending" in after.splitlines()[0]


def test_without_jack_live_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", NOBODY)
    done = studio("graph", "--live", "--json", cwd=folder)
    assert (done.code, done.json["error"]["code"]) == (1, "jack-not-running")


def test_text_needs_nothing_that_starts_slowly(write: Write) -> None:
    write()
    code = (
        "import sys; from reconciler.cli.main import _run; code = _run(['graph']);"
        "print([name for name in ('reconciler.pictures.svg', 'rich', 'numpy') if name in sys.modules]); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.endswith("[]\n")
