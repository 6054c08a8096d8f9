"""What a manifest means: plugins with every value canonical, every origin known, every mistake told at once."""

from pathlib import Path

import pytest

from reconciler.engines.memory import MemoryCatalogue
from reconciler.manifest.load import parse
from reconciler.model.catalogue import PluginType
from reconciler.model.errors import Problems, StudioError
from reconciler.model.resources import JackSettings, Plugin
from reconciler.model.values import float32
from reconciler.session.compile import compile_session
from reconciler.session.session import Session

M = "lv2:urn:studio:memory:"


class Shop(MemoryCatalogue):
    """A catalogue that knows where a plugin could be had."""

    def package(self, uri: str) -> str | None:
        return "memory-plugins" if uri.startswith(M) else "far-plugins" if uri.startswith("lv2:urn:far:") else None


def compiled(text: str) -> Session:
    return compile_session(parse(f"version: 1\nsession: s\n{text}", Path("s.yaml")), Shop())


def errors(text: str) -> list[StudioError]:
    with pytest.raises(StudioError) as caught:
        compiled(text)
    return list(caught.value.errors) if isinstance(caught.value, Problems) else [caught.value]


def refusal(text: str) -> tuple[str, str, str | None, str | None]:
    """The only error: its code, its place as line:column, its message, its hint."""
    (one,) = errors(text)
    assert one.where is not None
    return one.code, f"{one.where.line}:{one.where.column}", one.message, one.hint


def test_values_become_what_the_plugin_takes() -> None:
    session = compiled(
        f"""
plugins:
  comp:
    plugin: {M}compressor
    params: {{ threshold: -20 dB, Makeup: 6 dB, detection: rms, "#7": 0.1 s }}
"""
    )
    assert session.plugins == {
        "comp": Plugin(
            "comp",
            f"{M}compressor",
            params={"threshold": -20.0, "makeup": float32(10 ** (6 / 20)), "detection": 1.0, "attack": 100.0},
        )
    }
    assert session.units["comp"] == {"threshold": "dB", "attack": "ms", "makeup": "gain"}


def test_every_address_has_its_place() -> None:
    session = compiled(
        f"hardware: {{ jack: {{ manage: start }} }}\nplugins:\n  eq:\n    plugin: {M}equalizer\n    program: Warm\n"
        "    params:\n      Freq: 440\nlinks:\n  - system:capture_1 -> eq:in_l\n"
    )
    places = {address: str(where) for address, where in session.origins.items()}
    assert places == {
        "hardware.jack": "s.yaml:3:13",
        "plugins.eq": "s.yaml:5:3",
        "plugins.eq.program": "s.yaml:7:14",
        "plugins.eq.params.freq": "s.yaml:9:13",
        "links.system:capture_1->eq:in_l": "s.yaml:11:5",
    }
    assert session.origin("plugins.eq.params.gain") == session.origins["plugins.eq"], "the nearest parent"
    assert session.origin("nowhere.at.all") is None


def test_a_parameter_rests_where_its_program_puts_it() -> None:
    session = compiled(
        f"plugins:\n  eq: {{ plugin: {M}equalizer, program: warm }}\n  dry: {{ plugin: {M}equalizer }}\n"
    )
    assert session.plugins["eq"].program == "urn:studio:memory:equalizer#warm"
    assert session.rest["eq"]["freq"] == 220.5
    assert session.rest["dry"]["freq"] == 1000.0


@pytest.mark.parametrize(
    ("spec", "active"), [("", True), ("active: false", False), ("params: { enabled: false }", False)]
)
def test_active_and_the_plugins_own_switch_are_one(spec: str, active: bool) -> None:
    session = compiled(f"plugins:\n  eq:\n    plugin: {M}equalizer\n    {spec}\n")
    assert session.plugins["eq"].active is active
    assert session.switched == {"eq": ("enabled",)}


def test_active_may_not_contradict_the_switch() -> None:
    code, place, message, hint = refusal(
        f"plugins:\n  eq:\n    plugin: {M}equalizer\n    active: true\n    params: {{ enabled: false }}\n"
    )
    assert (code, place, hint) == ("contradiction", "4:3", "keep one of the two")
    assert message == "active: true contradicts params.enabled, the plugin's own switch"


def test_what_is_ignored_is_known_by_symbol() -> None:
    session = compiled(
        f"plugins:\n  eq: {{ plugin: {M}equalizer, ignore: [active, params.Low cut freq, 'params.g*'] }}\n"
        f"  all: {{ plugin: {M}gain, ignore: ['params.*', program] }}\n"
    )
    assert session.ignored == {
        "eq": ("active", "params.low_cut_freq", "params.gain"),
        "all": ("params.gain", "program"),
    }
    assert refusal(f"plugins:\n  eq:\n    plugin: {M}gain\n    ignore: [params.gian]\n")[:2] == (
        "unknown-parameter",
        "6:14",
    )


def test_the_server_the_host_and_the_guards_come_along() -> None:
    session = compiled(
        f"hardware: {{ jack: {{ driver: alsa, device: 'hw:1', period: 64, manage: restart }} }}\n"
        f"engine: {{ host: memory, prefix: 'b-' }}\nplugins:\n  b: {{ plugin: {M}gain, protect: true }}\n"
        "moved: { a: b }\n"
    )
    assert (session.host, session.prefix, session.manage) == ("memory", "b-", "restart")
    assert session.jack == JackSettings(driver="alsa", device="hw:1", period=64)
    assert (session.protected, session.moved) == (frozenset({"b"}), {"a": "b"})
    assert (compiled("").jack, compiled("").manage) == (None, "never")


def test_a_missing_plugin_is_told_with_what_would_help() -> None:
    missing = "plugins:\n  eq:\n    plugin: {}\n"
    assert refusal(missing.format(f"{M}equaliser")) == (
        "plugin-not-installed",
        "5:13",
        f"eq: {M}equaliser is not installed on this machine",
        f"did you mean {M}equalizer?",
    )
    assert refusal(missing.format("lv2:urn:far:verb"))[3] == "it comes with the package far-plugins"
    assert refusal(missing.format("lv2:urn:nowhere"))[3] == "`studio plugins search WORD` lists what is installed"


@pytest.mark.parametrize(
    ("params", "code", "place"),
    [
        ("{ gian: 0 dB }", "unknown-parameter", "6:21"),
        ("{ gain: 99 dB }", "out-of-range", "6:21"),
        ("{ gain: 3 Hz }", "wrong-unit", "6:21"),
        ("{ gain: 3 bananas }", "unknown-unit", "6:21"),
        ("{ gain: loud }", "bad-quantity", "6:21"),
        ("{ low_cut: 0.5 }", "unknown-value", "6:24"),
        ("{ gain: 1, Gain: 2 }", "declared-twice", "6:30"),
    ],
)
def test_a_wrong_value_is_told_at_its_place(params: str, code: str, place: str) -> None:
    told = refusal(f"plugins:\n  eq:\n    plugin: {M}equalizer\n    params: {params}\n")
    assert (told[0], told[1]) == (code, place)
    assert told[3], "something to do about it"


def test_every_mistake_is_told_at_once_and_in_order() -> None:
    told = errors(
        f"plugins:\n  a:\n    plugin: {M}gate\n    params: {{ treshold: 1, release: 1 year }}\n"
        f"  b:\n    plugin: {M}nothing\n  c:\n    plugin: {M}synth\n    program: Leed\n"
        "links:\n  - a -> b\n  - a:out -> c:audio_in\n"
    )
    assert [(error.code, error.where and error.where.line) for error in told] == [
        ("unknown-parameter", 6),
        ("unknown-unit", 6),
        ("plugin-not-installed", 8),
        ("unknown-program", 11),
        ("unknown-port", 14),
    ]
    assert told[3].hint == 'did you mean "Lead"?'


def test_a_kind_of_plugin_that_no_catalogue_knows_is_left_to_the_plan() -> None:
    session = compiled(
        "plugins:\n  old: { plugin: 'ladspa:amp.so#amp', active: false }\nlinks: [old -> system:playback_1]\n"
    )
    assert session.plugins["old"] == Plugin("old", "ladspa:amp.so#amp", active=False)
    assert [wire.address for wire in session.wires] == ["links.old->system:playback_1"]


def test_a_catalogue_is_asked_once_a_plugin() -> None:
    class Counting(MemoryCatalogue):
        asked: list[str] = []

        def describe(self, uri: str) -> PluginType | None:
            self.asked.append(uri)
            return super().describe(uri)

    catalogue = Counting()
    links = "links: [system:capture_1 -> a, a -> system:playback_1]"
    text = f"version: 1\nsession: s\nplugins:\n  a: {{ plugin: {M}gain }}\n{links}\n"
    compile_session(parse(text, Path("s.yaml")), catalogue)
    assert catalogue.asked == [f"{M}gain"]


def test_an_empty_session_is_a_session() -> None:
    session = compiled("")
    assert (session.name, session.plugins, session.links, session.wires) == ("s", {}, frozenset(), ())
    assert session.origin("session") is None
