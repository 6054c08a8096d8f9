"""``studio plugins``: what a person reads, what a program reads, and a snippet that really is a manifest."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from reconciler.cli.plugins import plugins, snippet
from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.manifest.load import parse
from reconciler.model.errors import StudioError
from reconciler.session.compile import compile_session
from tests.catalogue.turtle import AUDIO, bundle, control, plugin

URI = "http://example.org/tremolo"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    shape = (
        'lv2:portProperty lv2:enumeration ; lv2:default 1 ; lv2:scalePoint [ rdfs:label "Off" ; rdf:value 0 ] ,'
        ' [ rdfs:label "Sine: wave" ; rdf:value 1 ]'
    )
    data = plugin(
        URI,
        AUDIO,
        AUDIO.replace('"in"', '"in_r"'),
        'a lv2:OutputPort, lv2:AudioPort ; lv2:symbol "out" ; lv2:name "Out"',
        'a lv2:InputPort, lv2:AudioPort ; lv2:symbol "sidechain" ; lv2:name "Key"',
        control("on", "lv2:designation lv2:enabled ; lv2:portProperty lv2:toggled ; lv2:default 1"),
        control("depth", 'units:unit [ units:symbol "G" ] ; lv2:minimum 0.0 ; lv2:maximum 2 ; lv2:default 0.5'),
        control("shape", shape),
        control("rate", "units:unit units:hz ; lv2:minimum 0.1 ; lv2:maximum 20 ; lv2:default 4.5"),
        name="Tremolo Stereo",
    )
    more = f'<urn:p> a pset:Preset ; lv2:appliesTo <{URI}> ; rdfs:label "Slow" .\n'
    bundle(tmp_path / "lv2", URI, data + f"<{URI}> a lv2:ModulatorPlugin .\n", more=more)
    for number in (1, 2):
        bundle(
            tmp_path / "lv2", f"urn:twin:{number}", plugin(f"urn:twin:{number}", AUDIO, name="Twin"), name=f"{number}"
        )
    bundle(tmp_path / "lv2", "urn:bad", "oh no", name="bad")
    return {
        "LV2_PATH": str(tmp_path / "lv2"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
        "CARLA_PREFIX": str(tmp_path),  # no Carla there: its formats are tested beside it
    }


def run(environ: dict[str, str], *arguments: str) -> Result:
    result = CliRunner().invoke(plugins, list(arguments), env=environ)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def test_search_prints_a_line_for_each(environ: dict[str, str]) -> None:
    lines = run(environ, "search", "tremolo").stdout.splitlines()
    assert lines[0].split() == ["NAME", "CATEGORY", "PORTS", "URI"]
    assert lines[1].split("  ") == ["Tremolo Stereo", "Modulator", "2 in, 1 out, sidechain", f"lv2:{URI}"]
    assert len(lines) == 2
    assert run(environ, "search", "bagpipe").stdout == "No installed plugin matches.\n"


def test_search_as_json(environ: dict[str, str]) -> None:
    found = json.loads(run(environ, "search", "twin", "--json").stdout)["plugins"]
    assert [each["uri"] for each in found] == ["lv2:urn:twin:1", "lv2:urn:twin:2"]


def test_list_says_what_was_left_out(environ: dict[str, str]) -> None:
    text = run(environ, "list").stdout
    assert f"lv2:{URI}" in text
    assert "lv2:urn:bad: " in text.split("Installed, but left out:\n")[1]
    listed = json.loads(run(environ, "list", "--json").stdout)
    assert len(listed["plugins"]) == 3
    assert [each["subject"] for each in listed["broken"]] == ["lv2:urn:bad"]


@pytest.mark.parametrize("asked", [URI, f"lv2:{URI}", "tremolo stereo"])
def test_describe_by_uri_or_name(environ: dict[str, str], asked: str) -> None:
    lines = run(environ, "describe", asked).stdout.splitlines()
    assert lines[:2] == ["Tremolo Stereo", f"lv2:{URI}"]
    rows = [" ".join(line.split()) for line in lines]
    assert "sidechain Key audio in sidechain" in rows
    assert "depth The depth -6.021 dB -inf dB .. 6.021 dB" in rows
    assert "rate The rate 4.5 Hz 0.1 Hz .. 20 Hz" in rows
    assert "shape The shape Sine: wave Off, Sine: wave" in rows
    assert "on The on on off, on" in rows
    assert "Slow urn:p" in rows


def test_describe_ends_with_a_manifest(environ: dict[str, str]) -> None:
    text = run(environ, "describe", URI).stdout.split("In a manifest\n")[1]
    assert yaml.safe_load(text) == {
        "plugins": {"modulator": {"plugin": f"lv2:{URI}", "params": {"depth": 0.5, "shape": "Sine: wave", "rate": 4.5}}}
    }
    assert '# program: "Slow"' in text


def test_the_snippet_of_every_installed_plugin_is_a_manifest_that_means_its_defaults(installed: Lv2Catalogue) -> None:
    for uri in installed.uris():
        described = installed.describe(uri)
        assert described is not None
        text = f"version: 1\nsession: test\n{snippet(described)}\n"
        session = compile_session(parse(text, Path("test.yaml")), installed)
        (made,) = session.plugins.values()
        assert made.plugin == uri
        defaults = {each.symbol: each.default for each in described.parameters}
        assert made.params == {symbol: defaults[symbol] for symbol in made.params}


def test_describe_as_json_is_all_of_it(environ: dict[str, str]) -> None:
    described = json.loads(run(environ, "describe", URI, "--json").stdout)
    assert described["uri"] == f"lv2:{URI}"
    assert [each["symbol"] for each in described["parameters"]] == ["on", "depth", "shape", "rate"]
    assert described["parameters"][1]["unit"] == "gain"
    assert [each["label"] for each in described["presets"]] == ["Slow"]


@pytest.mark.parametrize(
    ("asked", "code", "hint"),
    [
        ("tremolo sterero", "plugin-not-installed", f"lv2:{URI}"),
        ("http://example.org/tremollo", "plugin-not-installed", f"lv2:{URI}"),
        ("http://lsp-plug.in/plugins/lv2/gate_mono", "plugin-not-installed", "apt install lsp-plugins-lv2"),
        ("twin", "plugin-ambiguous", "lv2:urn:twin:1 or lv2:urn:twin:2"),
        ("urn:bad", "plugin-broken", "Install it again"),
        ("", "plugin-not-installed", "studio plugins list"),
    ],
)
def test_describe_what_is_not_there(environ: dict[str, str], asked: str, code: str, hint: str) -> None:
    with pytest.raises(StudioError) as caught:
        run(environ, "describe", asked)
    assert caught.value.code == code
    assert hint in (caught.value.hint or "")


def test_rescan_and_an_unwritable_cache(environ: dict[str, str], tmp_path: Path) -> None:
    assert run(environ, "list", "--rescan").stdout == run(environ, "list").stdout
    spoilt = {**environ, "XDG_CACHE_HOME": str(tmp_path / "lv2" / "bad.lv2" / "data.ttl")}
    result = run(spoilt, "list")
    assert f"lv2:{URI}" in result.stdout
    assert "cannot be kept" in result.stderr
