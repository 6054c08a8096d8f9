"""``studio plugins`` where Carla is: every format, by URI or name, and a snippet that is a manifest."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.plugins import plugins, snippet
from reconciler.manifest.load import parse
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import StudioError
from reconciler.session.compile import compile_session
from tests.carla.plugin_files import CRASH, catalogue, environ, ladspa

pytestmark = pytest.mark.carla


@pytest.fixture
def around(tmp_path: Path) -> dict[str, str]:
    ladspa(tmp_path / "ladspa" / "tiny.so")
    ladspa(tmp_path / "ladspa" / "bad.so", CRASH)
    paths = environ(tmp_path, LADSPA_PATH=str(tmp_path / "ladspa"))
    return {**paths, "XDG_CACHE_HOME": str(tmp_path / "cache")}


def run(around: dict[str, str], *arguments: str) -> Result:
    result = CliRunner().invoke(plugins, list(arguments), env=around)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_search_finds_every_format(around: dict[str, str]) -> None:
    (_, found) = run(around, "search", "tiny").stdout.splitlines()
    assert found.split() == ["Tiny", "Plugin", "1", "in,", "1", "out", "ladspa:tiny.so#tiny"]
    gains = json.loads(run(around, "search", "gain", "--json").stdout)["plugins"]
    assert {"internal:audiogain", "internal:audiogain_s"} <= {each["uri"] for each in gains}


def test_list_says_what_was_left_out(around: dict[str, str], tmp_path: Path) -> None:
    shown = run(around, "list").stdout
    assert "ladspa:tiny.so#tiny" in shown
    assert f"{tmp_path}/ladspa/bad.so: it crashed" in shown.split("Installed, but left out:\n")[1]


@pytest.mark.parametrize("asked", ["ladspa:tiny.so#tiny", "ladspa:tiny.so", "tiny plugin"])
def test_describe(around: dict[str, str], asked: str) -> None:
    lines = run(around, "describe", asked).stdout.splitlines()
    assert lines[:2] == ["Tiny Plugin", "ladspa:tiny.so#tiny"]
    assert ["on_off", "On/Off", "on", "off,", "on"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("ladspa:bad.so", "plugin-broken"),
        ("ladspa:tinny.so#tiny", "plugin-not-installed"),
        ("ladspa:/etc/passwd", "bad-plugin"),
        ("tiny plugins", "plugin-not-installed"),
    ],
)
def test_describe_what_cannot_be(around: dict[str, str], asked: str, code: str) -> None:
    with pytest.raises(StudioError) as caught:
        run(around, "describe", asked)
    assert caught.value.code == code
    if code == "plugin-not-installed":
        assert "ladspa:tiny.so#tiny" in (caught.value.hint or "")


def test_the_snippet_is_a_manifest_that_means_the_defaults(tmp_path: Path) -> None:
    ladspa(tmp_path / "with spaces: and #" / "tiny.so")
    known = catalogue(tmp_path, base=tmp_path, LADSPA_PATH=str(tmp_path))
    for uri in (f"ladspa:{tmp_path}/with spaces: and #/tiny.so#tiny", "internal:audiogain", "internal:audiofile"):
        described = known.describe(uri)
        assert isinstance(described, PluginType)
        text = f"version: 1\nsession: test\n{snippet(described)}\n"
        (made,) = compile_session(parse(text, tmp_path / "test.yaml"), known).plugins.values()
        assert made.plugin == described.uri
        defaults = {each.symbol: each.default for each in described.parameters}
        assert made.params == {symbol: defaults[symbol] for symbol in made.params}


def test_a_manifest_means_one_plugin_however_it_is_written(tmp_path: Path) -> None:
    ladspa(tmp_path / "sounds" / "tiny.so")
    known = catalogue(tmp_path, base=tmp_path, LADSPA_PATH=str(tmp_path / "sounds"))
    plugin = "{ plugin: 'ladspa:sounds/tiny.so', params: { gain_2: 3, On/Off: off } }"
    text = f"version: 1\nsession: s\nplugins:\n  a: {plugin}\n"
    (made,) = compile_session(parse(text, tmp_path / "s.yaml"), known).plugins.values()
    assert made.plugin == "ladspa:tiny.so#tiny"
    assert made.params == {"gain_2": 3.0, "on_off": 0.0}


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("ladspa:sounds/bad.so", "plugin-broken"),
        ("ladspa:sounds/tiny.so#tinny", "plugin-not-installed"),
        ("clap:nobody.clap#x", "plugin-not-installed"),
        ("ladspa:/etc/passwd", "bad-plugin"),
    ],
)
def test_what_a_manifest_cannot_have_is_told_with_its_line(tmp_path: Path, uri: str, code: str) -> None:
    ladspa(tmp_path / "sounds" / "tiny.so")
    ladspa(tmp_path / "sounds" / "bad.so", CRASH)
    text = f"version: 1\nsession: s\nplugins:\n  amp: {{ plugin: '{uri}' }}\n"
    known = catalogue(tmp_path, base=tmp_path, LADSPA_PATH=str(tmp_path / "sounds"))
    with pytest.raises(StudioError) as caught:
        compile_session(parse(text, tmp_path / "s.yaml"), known)
    assert caught.value.code == code
    assert caught.value.where is not None
    assert caught.value.where.line == 4
