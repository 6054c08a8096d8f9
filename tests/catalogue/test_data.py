"""What a bundle's data means, on bundles written for the purpose."""

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.engines.lv2.catalogue import Lv2Catalogue
from reconciler.engines.lv2.reader import resolve_range
from reconciler.model.catalogue import Direction, Kind, ParameterInfo, PluginType, Unit
from reconciler.model.values import float32
from tests.catalogue.turtle import AUDIO, PREFIXES, bundle, catalogue, control, plugin

URI = "http://example.org/test"
NAN = float("nan")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "lv2"
    made.mkdir()
    return made


def read(folder: Path, *ports: str, rest: str = "") -> PluginType:
    bundle(folder, URI, plugin(URI, *ports, rest=rest))
    found = catalogue(folder).describe(f"lv2:{URI}")
    assert found is not None
    return found


def parameter(folder: Path, rest: str) -> ParameterInfo:
    found = read(folder, control("value", rest)).parameter("value")
    assert found is not None
    return found


def test_enumeration_is_in_the_order_of_its_values(folder: Path) -> None:
    points = (
        '[ rdfs:label "Two" ; rdf:value 2 ] , [ rdfs:label "One half" ; rdf:value 0.5 ] , [ rdfs:label "No number" ;'
        ' rdf:value "x" ]'
    )
    found = parameter(folder, f"lv2:portProperty lv2:enumeration ; lv2:scalePoint {points} ; lv2:default 2")
    assert found.enumeration
    assert not found.integer
    assert [(point.label, point.value) for point in found.scale_points] == [("One half", 0.5), ("Two", 2.0)]
    assert found.default == 2.0


def test_properties_are_told_apart(folder: Path) -> None:
    words = {
        "toggled": "lv2:toggled",
        "integer": "lv2:integer",
        "logarithmic": "pprops:logarithmic",
        "enumeration": "lv2:enumeration",
    }
    found = read(folder, *(control(name, f"lv2:portProperty {word}") for name, word in words.items()))
    for name in words:
        info = found.parameter(name)
        assert info is not None
        assert {word: getattr(info, word) for word in words} == {word: word == name for word in words}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ((0.0, 1.0, 0.5), (0.0, 1.0, 0.5)),
        ((0.0, 1.0, NAN), (0.0, 1.0, 0.0)),
        ((-1.0, 1.0, NAN), (-1.0, 1.0, 0.0)),
        ((20.0, 100.0, NAN), (20.0, 100.0, 20.0)),
        ((-60.0, -6.0, NAN), (-60.0, -6.0, -6.0)),
        ((NAN, NAN, NAN), (None, None, 0.0)),
        ((NAN, NAN, 7.0), (None, None, 7.0)),
        ((0.0, 1.0, 7.0), (0.0, 1.0, 1.0)),
        ((0.0, 1.0, -7.0), (0.0, 1.0, 0.0)),
        ((-float("inf"), float("inf"), 1.0), (None, None, 1.0)),
        ((0.0, 1.0, float("inf")), (0.0, 1.0, 0.0)),
    ],
)
def test_range_and_default(
    stated: tuple[float, float, float], expected: tuple[float | None, float | None, float]
) -> None:
    assert resolve_range(*stated, per_rate=False) == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ((0.0, 0.5, 0.25), (0.0, 24000.0, 12000.0)),  # a multiple, as the bounds
        ((0.0, 0.5, 1000.0), (0.0, 24000.0, 1000.0)),  # in Hz
        ((0.0, 0.5, NAN), (0.0, 24000.0, 0.0)),
        ((0.0, 0.5, 48000.0), (0.0, 24000.0, 24000.0)),
    ],
)
def test_range_that_follows_the_sample_rate(
    stated: tuple[float, float, float], expected: tuple[float, float, float]
) -> None:
    assert resolve_range(*stated, per_rate=True) == expected


def test_bounds_that_are_not_numbers_are_no_bounds(folder: Path) -> None:
    found = parameter(
        folder,
        'lv2:minimum "NaN"^^xsd:float ; lv2:maximum "INF"^^xsd:float ; lv2:default 0.1',
    )
    assert (found.minimum, found.maximum) == (None, None)
    assert found.default == float32(0.1)


def test_sample_rate_bounds_are_marked(folder: Path) -> None:
    found = parameter(folder, "lv2:portProperty lv2:sampleRate ; lv2:minimum 0.0 ; lv2:maximum 0.5 ; lv2:default 0.25")
    assert found.per_sample_rate
    assert (found.minimum, found.maximum, found.default) == (0.0, 24000.0, 12000.0)


UNITS: list[tuple[str, Unit, str | None]] = [
    ("units:db", Unit.DB, "dB"),
    ("units:coef", Unit.GAIN, None),
    ("units:hz", Unit.HZ, "Hz"),
    ("units:khz", Unit.KHZ, "kHz"),
    ("units:ms", Unit.MS, "ms"),
    ("units:s", Unit.S, "s"),
    ("units:min", Unit.MIN, "min"),
    ("units:pc", Unit.PERCENT, "%"),
    ("units:semitone12TET", Unit.SEMITONE, "semi"),
    ("units:cent", Unit.CENT, "ct"),
    ("units:oct", Unit.OCTAVE, "oct"),
    ("units:bpm", Unit.BPM, "BPM"),
    ("units:midiNote", Unit.MIDI_NOTE, "note"),
    ("units:degree", Unit.DEGREE, "deg"),
    ("units:frame", Unit.OTHER, "frames"),
    ('[ a units:Unit ; units:symbol "G" ]', Unit.GAIN, "G"),
    ('[ a units:Unit ; units:symbol "dB" ]', Unit.DB, "dB"),
    ('[ a units:Unit ; units:symbol "Np" ]', Unit.OTHER, "Np"),
    ('[ a units:Unit ; rdfs:label "bananas" ]', Unit.OTHER, "bananas"),
    ("[ a units:Unit ]", Unit.OTHER, None),
]


def test_units_of_the_specification_and_of_the_plugins_own(folder: Path) -> None:
    found = read(folder, *(control(f"p{place}", f"units:unit {stated}") for place, (stated, _, _) in enumerate(UNITS)))
    said = [(each.unit, each.unit_symbol) for each in found.parameters]
    assert said == [(unit, symbol) for _, unit, symbol in UNITS]


def test_no_unit_is_none(folder: Path) -> None:
    found = parameter(folder, "lv2:default 1")
    assert (found.unit, found.unit_symbol) == (None, None)


def test_ports_by_kind_and_direction(folder: Path) -> None:
    midi = "atom:bufferType atom:Sequence ; atom:supports midi:MidiEvent"
    found = read(
        folder,
        AUDIO,
        'a lv2:OutputPort, lv2:AudioPort ; lv2:symbol "out" ; lv2:name "Out"',
        f'a lv2:InputPort, atom:AtomPort ; {midi} ; lv2:symbol "events" ; lv2:name "Events"',
        'a lv2:OutputPort, ev:EventPort ; ev:supportsEvent midi:MidiEvent ; lv2:symbol "old" ; lv2:name "Old"',
        'a lv2:InputPort, lv2:CVPort ; lv2:symbol "cv" ; lv2:name "CV" ; lv2:portProperty lv2:connectionOptional',
        'a lv2:InputPort, atom:AtomPort ; lv2:symbol "messages" ; lv2:name "Messages"',
        'a lv2:OutputPort, lv2:ControlPort ; lv2:symbol "delay" ; lv2:name "D" ; lv2:portProperty lv2:reportsLatency',
    )
    assert [(port.symbol, port.kind, port.direction, port.index, port.optional) for port in found.ports] == [
        ("in", Kind.AUDIO, Direction.IN, 0, False),
        ("out", Kind.AUDIO, Direction.OUT, 1, False),
        ("events", Kind.MIDI, Direction.IN, 2, False),
        ("old", Kind.MIDI, Direction.OUT, 3, False),
        ("cv", Kind.CV, Direction.IN, 4, True),
    ]
    assert [(each.symbol, each.index, each.designation) for each in found.outputs] == [
        ("delay", 6, "http://lv2plug.in/ns/lv2core#latency")
    ]


def test_sidechain_is_flagged_or_grouped_or_named(folder: Path) -> None:
    ports = {
        "flagged": ("lv2:portProperty lv2:isSideChain", True),
        "grouped": (f"pg:group <{URI}#side>", True),
        "grouped_main": (f"pg:group <{URI}#main>", False),
        "sidechain": ("", True),
        "sidechain_in_l": ("", True),
        "sc": ("", True),
        "sc_r": ("", True),
        "SC1": ("", True),
        "scale": ("", False),
        "scope_l": ("", False),
    }
    groups = f"<{URI}#main> a pg:InputGroup .\n<{URI}#side> pg:sideChainOf <{URI}#main> ; lv2:symbol 'keys' .\n"
    lines = (
        f'a lv2:InputPort, lv2:AudioPort ; lv2:symbol "{symbol}" ; lv2:name "Key" ; {rest}'
        for symbol, (rest, _) in ports.items()
    )
    outgoing = 'a lv2:OutputPort, lv2:AudioPort ; lv2:symbol "sc_out" ; lv2:name "Through"'
    bundle(folder, URI, plugin(URI, *lines, outgoing) + groups)
    found = describe(catalogue(folder))
    said = {port.symbol: port.sidechain for port in found.ports}
    assert said == {**{symbol: sidechain for symbol, (_, sidechain) in ports.items()}, "sc_out": False}
    assert [port.group for port in found.ports][:4] == [None, "keys", "main", None]


def test_category_is_the_most_special_class(folder: Path) -> None:
    classes = {
        "lv2:Plugin": None,
        "lv2:Plugin, lv2:CompressorPlugin": "Compressor",
        "lv2:Plugin, lv2:FilterPlugin, lv2:EQPlugin, lv2:ParaEQPlugin": "Parametric EQ",
        "lv2:Plugin, lv2:DynamicsPlugin, lv2:AmplifierPlugin": "Amplifier",
        "lv2:Plugin, <http://example.org/own#BananaPlugin>": "BananaPlugin",
    }
    for place, types in enumerate(classes):
        uri = f"{URI}/{place}"
        bundle(folder, uri, plugin(uri, AUDIO) + f"<{uri}> a {types} .\n", name=str(place))
    known = catalogue(folder)
    said = [each.category for uri in known.uris() if (each := known.describe(uri))]
    assert said == list(classes.values())


def test_author_features_and_names_do_not_depend_on_the_language(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    rest = (
        'doap:maintainer [ foaf:name "Änne" ] ; lv2:requiredFeature <urn:b>, <urn:a> ; lv2:optionalFeature <urn:c> ;'
        ' doap:name "Prüfung"@de ;'
    )
    found = read(folder, control("mix", 'lv2:name "Mischung"@de'), rest=rest)
    assert found.name == "Test"
    assert found.parameters[0].name == "The mix"
    assert found.author == "Änne"
    assert found.required_features == ("urn:a", "urn:b")
    assert found.bundle == str(folder / "test.lv2")


def preset(uri: str, label: str, of: str, values: str) -> str:
    return f'<{uri}> a pset:Preset ; lv2:appliesTo <{of}> ; rdfs:label "{label}" ; lv2:port {values} .\n'


def test_presets_of_another_bundle_come_and_go_with_it(folder: Path) -> None:
    own = preset("urn:p:own", "Own", URI, '[ lv2:symbol "mix" ; pset:value 0.1 ]')
    bundle(folder, URI, plugin(URI, control("mix")), more=own)
    assert [each.label for each in describe(catalogue(folder)).presets] == ["Own"]

    extra = folder / "extra-presets.lv2"
    extra.mkdir()
    (extra / "manifest.ttl").write_text(
        f"{PREFIXES}<urn:p:loud> a pset:Preset ; lv2:appliesTo <{URI}> ; rdfs:seeAlso <loud.ttl> .\n", encoding="utf-8"
    )
    (extra / "loud.ttl").write_text(
        PREFIXES
        + preset(
            "urn:p:loud",
            "Loud",
            URI,
            '[ lv2:symbol "mix" ; pset:value 1 ] , [ lv2:symbol "old" ; lv2:default 0.3 ] ,'
            ' [ lv2:symbol "file" ; pset:value "kick.wav" ]',
        ),
        encoding="utf-8",
    )
    presets = describe(catalogue(folder)).presets
    assert [(each.label, each.uri) for each in presets] == [("Loud", "urn:p:loud"), ("Own", "urn:p:own")]
    assert presets[0].values == {"mix": 1.0, "old": float32(0.3)}
    assert presets[1].values == {"mix": float32(0.1)}

    (extra / "manifest.ttl").unlink()
    assert [each.label for each in describe(catalogue(folder)).presets] == ["Own"]


def test_the_newer_of_two_copies_wins_and_else_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"

    def put(folder: Path, name: str, version: int) -> None:
        rest = f"lv2:minorVersion 2 ; lv2:microVersion {version} ;"
        bundle(folder, URI, plugin(URI, AUDIO, name=name, rest=rest))

    def name_on_path() -> str:
        environ = {"LV2_PATH": f"{first}:{second}", "HOME": str(tmp_path)}
        return describe(Lv2Catalogue(environ=environ)).name

    put(first, "first", 4)
    put(second, "second", 4)
    assert name_on_path() == "first"
    put(second, "second", 6)
    assert name_on_path() == "second"
    put(second, "second", 2)
    assert name_on_path() == "first"


def test_the_path_is_expanded_as_lilv_does(tmp_path: Path) -> None:
    bundle(tmp_path / "home" / ".lv2", URI, plugin(URI, AUDIO))
    bundle(tmp_path / "more", URI + "/2", plugin(URI + "/2", AUDIO), name="other")
    environ = {
        "HOME": str(tmp_path / "home"),
        "EXTRA": str(tmp_path / "more"),
        "LV2_PATH": f"~/.lv2::$EXTRA:{tmp_path}/absent",
    }
    assert Lv2Catalogue(environ=environ).uris() == [f"lv2:{URI}", f"lv2:{URI}/2"]
    assert Lv2Catalogue(environ={**environ, "LV2_PATH": ""}).uris() == []


def test_without_lv2_path_lilv_and_we_look_in_the_same_places(installed: Lv2Catalogue) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "LV2_PATH"}
    listed = subprocess.run(["lv2ls"], capture_output=True, text=True, encoding="utf-8", env=environ, check=True)
    if "LV2_PATH" not in os.environ:
        assert installed.uris() == sorted(f"lv2:{uri}" for uri in listed.stdout.split())


def describe(known: Lv2Catalogue) -> PluginType:
    found = known.describe(f"lv2:{URI}")
    assert found is not None
    return found
