"""The rules of the manifest: what a name, a plugin, a link may be, and what does not fit together."""

import json
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifest.load import Source, parse
from reconciler.manifest.models import PLANNED, SECTIONS, HostChoice, LinkSpec, Manage, Mode, PluginSpec, Unmanaged
from reconciler.model.errors import Problems, StudioError

HEAD = "version: 1\nsession: test\n"


def read(body: str) -> Source:
    return parse(HEAD + textwrap.dedent(body), Path("studio.yaml"))


def refusals(text: str) -> list[StudioError]:
    with pytest.raises(StudioError) as caught:
        parse(text, Path("studio.yaml"))
    return list(caught.value.errors) if isinstance(caught.value, Problems) else [caught.value]


def refusal(body: str) -> StudioError:
    found = refusals(HEAD + textwrap.dedent(body))
    assert len(found) == 1, [str(error) for error in found]
    assert "pydantic" not in str(found[0])
    return found[0]


def test_the_least_manifest_has_all_defaults() -> None:
    manifest = read("").manifest
    assert (manifest.engine.host, manifest.engine.mode) == (HostChoice.AUTO, Mode.MULTIPLE_CLIENTS)
    assert manifest.engine.prefix == ""
    assert manifest.hardware.jack is None
    assert manifest.policy.unmanaged is Unmanaged.WARN
    assert (manifest.plugins, manifest.chains, manifest.links, manifest.moved) == ({}, {}, [], {})


def test_everything_at_once() -> None:
    manifest = read("""
        hardware:
          jack: { server: rig, driver: alsa, device: "hw:USB,0", sample_rate: 48000, period: 128, periods: 3,
                  realtime: true, manage: restart }
        engine: { host: jalv, mode: patchbay, prefix: "live " }
        plugins:
          eq:
            plugin: lv2:http://example.org/eq
            active: false
            params: { gain: -3 dB, freq: 1000, on: true, mode: RMS, "#7": 0.5 }
            program: Warm
            protect: true
            ignore: [params.level_*]
          Кик-drum 2: { plugin: "sf2:sounds/my kick.sf2", program: 3 }
        chains: { voice: [system:capture_1, eq, "Carla (2):in: a b"] }
        links: [eq -> reverb, { from: "a:b:c", to: eq }]
        moved: { old: eq }
        policy: { unmanaged: prune }
    """).manifest
    jack = manifest.hardware.jack
    assert jack is not None
    assert (jack.manage, jack.period, jack.device) == (Manage.RESTART, 128, "hw:USB,0")
    eq = manifest.plugins["eq"]
    assert eq.params == {"gain": "-3 dB", "freq": 1000, "on": True, "mode": "RMS", "#7": 0.5}
    assert [type(value) for value in eq.params.values()] == [str, int, bool, str, float]
    assert manifest.plugins["Кик-drum 2"].program == 3
    assert manifest.chains["voice"][2] == "Carla (2):in: a b"
    assert [(link.source, link.target) for link in manifest.links] == [("eq", "reverb"), ("a:b:c", "eq")]


@pytest.mark.parametrize(
    "body",
    [
        "hardware:\n",
        "hardware:\n  jack:\n",
        "engine:\n",
        "plugins:\n",
        "chains:\n",
        "links:\n",
        "moved:\n",
        "policy:\n",
    ],
)
def test_an_empty_section_is_empty(body: str) -> None:
    assert read(body).manifest == read("").manifest


def test_empty_params_and_ignore_are_empty() -> None:
    spec = read("plugins:\n  eq:\n    plugin: lv2:urn:x\n    params:\n    ignore:\n").manifest.plugins["eq"]
    assert spec == PluginSpec(plugin="lv2:urn:x")


@pytest.mark.parametrize(
    ("body", "code", "place", "words", "hint"),
    [
        # keys
        ("pluginz: {}\n", "unknown-key", "3:1", '"pluginz" is not known', 'did you mean "plugins"?'),
        ("Links: []\n", "unknown-key", "3:1", '"Links"', 'did you mean "links"?'),
        ("sample_rate: 48000\n", "unknown-key", "3:1", "sample_rate", "it belongs under hardware.jack"),
        ("xyzzy: 1\n", "unknown-key", "3:1", "xyzzy", "known here: version, session"),
        ("plugins: {eq: {plugin: lv2:urn:x, parms: {}}}\n", "unknown-key", "3:35", "plugins.eq", '"params"'),
        ("plugins: {eq: {plugin: lv2:urn:x, zzz: 1}}\n", "unknown-key", "3:35", "zzz", "`params:`"),
        ("links: [{form: a, to: b, from: c}]\n", "unknown-key", "3:10", "links.0", '"from"'),
        ("plugins: {eq: {active: true}}\n", "missing-key", "3:15", '"plugin" is missing in plugins.eq', None),
        # types
        ("plugins: [eq]\n", "wrong-type", "3:10", "a mapping", None),
        ("plugins: {eq: lv2:urn:x}\n", "wrong-type", "3:15", "a mapping", None),
        ("plugins:\n  eq:\n", "no-value", "4:6", '"eq" has no value', None),
        ("plugins: {eq: {plugin: 5}}\n", "wrong-type", "3:24", '"plugin" must be text, not 5', 'quotes: "5"'),
        ("plugins: {eq: {plugin: lv2:urn:x, active: yes}}\n", "wrong-type", "3:43", 'not "yes"', "write true"),
        ("plugins: {eq: {plugin: lv2:urn:x, active: }}\n", "no-value", "3:43", "active", "true or false"),
        ("plugins: {eq: {plugin: lv2:urn:x, protect: 1}}\n", "wrong-type", "3:44", "true or false", None),
        ("plugins: {eq: {plugin: lv2:urn:x, ignore: active}}\n", "wrong-type", "3:43", "a list", "write [active]"),
        ("plugins: {eq: {plugin: lv2:urn:x, params: {a: }}}\n", "no-value", "3:47", "missing", None),
        ("plugins: {eq: {plugin: lv2:urn:x, params: {a: [1]}}}\n", "wrong-type", "3:47", "one value", None),
        ("plugins: {eq: {plugin: lv2:urn:x, params: {a: .nan}}}\n", "not-finite", "3:47", "nan", None),
        ("plugins: {eq: {plugin: lv2:urn:x, params: {a: -.inf}}}\n", "not-finite", "3:47", "-inf", None),
        ("plugins: {eq: {plugin: lv2:urn:x, params: {a: 1e999}}}\n", "not-finite", "3:47", "inf", None),
        ("plugins: {eq: {plugin: lv2:urn:x, program: true}}\n", "wrong-type", "3:44", "program", None),
        ("plugins: {eq: {plugin: lv2:urn:x, program: -1}}\n", "wrong-type", "3:44", "from 0", None),
        ("plugins: {eq: {plugin: lv2:urn:x, program: 1.5}}\n", "wrong-type", "3:44", "program", None),
        ("chains: {voice: [a]}\n", "too-short", "3:17", "at least 2", None),
        ("chains: {voice: [a, 5]}\n", "wrong-type", "3:21", "text", None),
        # hardware and engine
        ("hardware: {jack: {sample_rate: 4000}}\n", "out-of-range", "3:32", "at least 8000", None),
        ("hardware: {jack: {sample_rate: 48000.0}}\n", "wrong-type", "3:32", "whole number", None),
        ('hardware: {jack: {period: "128"}}\n', "wrong-type", "3:27", "whole number", "quotes off"),
        ("hardware: {jack: {period: 8193}}\n", "out-of-range", "3:27", "at most 8192", None),
        ("hardware: {jack: {periods: 1}}\n", "out-of-range", "3:28", "at least 2", None),
        ("hardware: {jack: {period: .inf}}\n", "wrong-type", "3:27", "whole number", None),
        ("hardware: {jack: {manage: always}}\n", "unknown-value", "3:27", "never, start or restart", None),
        ("hardware: {jack: {manage: restrat}}\n", "unknown-value", "3:27", "restrat", '"restart"'),
        ("hardware: {jack: {driver: -dalsa}}\n", "bad-word", "3:27", "-dalsa", "jackd"),
        ("hardware: {jack: {server: a/b}}\n", "bad-word", "3:27", "a/b", None),
        ("engine: {host: calra}\n", "unknown-value", "3:16", "auto, jalv, carla or memory", '"carla"'),
        ("engine: {mode: rack}\n", "unknown-value", "3:16", "multiple-clients or patchbay", None),
        ('engine: {prefix: "a:"}\n', "bad-prefix", "3:18", ": is not allowed", None),
        ("policy: {unmanaged: warm}\n", "unknown-value", "3:21", "warm", '"warn"'),
        # names
        ("plugins: {'a:b': {plugin: lv2:urn:x}}\n", "bad-name", "3:11", ": is not allowed", "JACK"),
        ("plugins: {'': {plugin: lv2:urn:x}}\n", "bad-name", "3:11", "empty", None),
        ("plugins: {' eq': {plugin: lv2:urn:x}}\n", "bad-name", "3:11", "space", None),
        ("plugins: {eq*: {plugin: lv2:urn:x}}\n", "bad-name", "3:11", "* is not allowed", None),
        ('plugins: {"e\\tq": {plugin: lv2:urn:x}}\n', "bad-name", "3:11", "invisible", None),
        ("plugins: {system: {plugin: lv2:urn:x}}\n", "bad-name", "3:11", "system", None),
        (f"plugins: {{{'é' * 32}: {{plugin: lv2:urn:x}}}}\n", "bad-name", "3:11", "64 bytes", None),
        (
            f"engine: {{prefix: ab}}\nplugins: {{{'e' * 62}: {{plugin: lv2:urn:x}}}}\n",
            "bad-name",
            "4:11",
            "64 bytes",
            "shorten",
        ),
        ("engine: {prefix: sys}\nplugins: {tem: {plugin: lv2:urn:x}}\n", "bad-name", "4:11", "system", None),
        # plugins
        ("plugins: {eq: {plugin: http://x.org/eq}}\n", "bad-plugin", "3:24", "kind of plugin", '"lv2:http://x.org/eq"'),
        ("plugins: {eq: {plugin: urn:x}}\n", "bad-plugin", "3:24", "kind of plugin", '"lv2:urn:x"'),
        ("plugins: {eq: {plugin: lv3:urn:x}}\n", "bad-plugin", "3:24", "kind of plugin", 'did you mean "lv2:"?'),
        ("plugins: {eq: {plugin: LV2:urn:x}}\n", "bad-plugin", "3:24", "kind of plugin", 'did you mean "lv2:"?'),
        ("plugins: {eq: {plugin: reverb}}\n", "bad-plugin", "3:24", "kind of plugin", "lv2:, ladspa:"),
        ('plugins: {eq: {plugin: "lv2:"}}\n', "bad-plugin", "3:24", "names no plugin", None),
        ("plugins: {eq: {plugin: lv2:reverb}}\n", "bad-plugin", "3:24", "no LV2 URI", "search reverb"),
        # ignore
        ("plugins: {eq: {plugin: lv2:urn:x, ignore: [parms.a]}}\n", "bad-ignore", "3:44", "parms.a", "params."),
        ("plugins: {eq: {plugin: lv2:urn:x, ignore: [activ]}}\n", "bad-ignore", "3:44", "activ", '"active"'),
        (
            "plugins: {eq: {plugin: lv2:urn:x, params: {gain_l: 1}, ignore: ['params.gain*']}}\n",
            "declared-and-ignored",
            "3:44",
            '"gain_l" is set here and also ignored, by "params.gain*"',
            None,
        ),
        (
            "plugins: {eq: {plugin: lv2:urn:x, active: true, ignore: [active]}}\n",
            "declared-and-ignored",
            "3:35",
            '"active"',
            None,
        ),
        # links and chains
        ("links: [a, b]\n"[:-5] + "]\n", "bad-link", "3:9", "not a link", "SOURCE -> TARGET"),
        ("links: [a <- b]\n", "bad-link", "3:9", "not a link", "source first"),
        ("links: [a -> b -> c]\n", "bad-link", "3:9", "not a link", "chains"),
        ("links: [a => b]\n", "bad-link", "3:9", "not a link", 'write -> for "=>"'),
        ("links: ['-> b']\n", "bad-link", "3:9", "not a link", None),
        ("links: [5]\n", "bad-link", "3:9", "not a link", None),
        ("links: ['a: -> b']\n", "bad-port", "3:9", "no port after the colon", None),
        ("links: ['a -> :b']\n", "bad-port", "3:9", "no name before the colon", None),
        ("links: [{from: a}]\n", "missing-key", "3:9", '"to" is missing in links.0', None),
        ("links: [{from: '', to: b}]\n", "bad-port", "3:16", "missing", None),
        ("links: [{from: 'a -> b', to: b}]\n", "bad-port", "3:16", "arrow", None),
        ("chains: {voice: [a, 'eq:']}\n", "bad-port", "3:21", "no port", '"eq"'),
        (
            "plugins: {bass-comp: {plugin: lv2:urn:x}}\nchains: {voice: [a, Bass_comp]}\n",
            "unknown-node",
            "4:21",
            '"Bass_comp" is no plugin',
            'did you mean "bass-comp"?',
        ),
        ("plugins: {eq: {plugin: lv2:urn:x}}\nlinks: [EQ -> b]\n", "unknown-node", "4:9", '"EQ"', '"eq"'),
        # attach
        ("engine: { attach: 'osc.udp://127.0.0.1:22752/Carla' }\n", "bad-attach", "3:19", "osc.tcp", "osc.tcp://127"),
        ("engine: { attach: 'osc.tcp://192.168.1.9:22752/x' }\n", "bad-attach", "3:19", "no password", None),
        ("engine: { attach: 'osc.tcp://127.0.0.1/Carla' }\n", "bad-attach", "3:19", "a host and a port", None),
        ("engine: { attach: 'osc.tcp://127.0.0.1:99999/x' }\n", "bad-attach", "3:19", "a host and a port", None),
        ("engine: { attach: 'osc.tcp://[::1]:22752/x' }\n", "bad-attach", "3:19", "not this machine", None),
        ("engine: { attach: 'osc.tcp://me@localhost:2/x' }\n", "bad-attach", "3:19", "more than", None),
        ("engine: { host: jalv, attach: 'osc.tcp://localhost:1/x' }\n", "attach-host", "3:17", "jalv", "host: carla"),
        (
            "engine: { attach: 'osc.tcp://localhost:1/x' }\nhardware: { jack: { manage: start } }\n",
            "attach-jack",
            "4:29",
            "lives on",
            "take `manage` out",
        ),
        # moved
        ("plugins: {eq: {plugin: lv2:urn:x}}\nmoved: {eq: eq}\n", "bad-move", "4:13", "itself", None),
        ("plugins: {eq: {plugin: lv2:urn:x}}\nmoved: {a: eq, b: eq}\n", "bad-move", "4:19", '"a"', "one of the two"),
        ("plugins: {eq: {plugin: lv2:urn:x}}\nmoved: {old: eqq}\n", "bad-move", "4:14", '"eqq"', '"eq"'),
        (
            "plugins: {a: {plugin: lv2:urn:x}, b: {plugin: lv2:urn:x}}\nmoved: {a: b}\n",
            "bad-move",
            "4:9",
            "still",
            None,
        ),
    ],
)
def test_each_rule_has_its_code_place_and_words(body: str, code: str, place: str, words: str, hint: str | None) -> None:
    error = refusal(body)
    assert (error.code, str(error.where)) == (code, f"studio.yaml:{place}")
    assert words in error.message
    if hint is not None:
        assert hint in (error.hint or "")


def test_moves_in_a_ring_or_a_row_are_refused() -> None:
    ring = refusals(HEAD + "plugins: {c: {plugin: lv2:urn:x}}\nmoved: {a: b, b: a}\n")
    assert [error.code for error in ring] == ["bad-move", "bad-move"]
    row = refusal("plugins: {c: {plugin: lv2:urn:x}}\nmoved: {a: b, b: c}\n")
    assert row.hint == "write the last name only"


def test_a_foreign_client_with_a_similar_name_may_be_named_with_its_port() -> None:
    body = "plugins: {eq: {plugin: lv2:urn:x}}\nlinks: ['EQ:out -> eq', 'eq2 -> eq']\n"
    assert read(body).manifest.links[0].source == "EQ:out"


@pytest.mark.parametrize("name", ["podcast", "2-inputs", "A.b_c-d", "x" * 64])
def test_session_names(name: str) -> None:
    assert parse(f"version: 1\nsession: {name}\n", Path("x")).manifest.session == name


@pytest.mark.parametrize("name", ["''", ".hidden", "../up", "a/b", "a b", "é", "x" * 65, "-a"])
def test_a_session_name_becomes_a_folder(name: str) -> None:
    (error,) = refusals(f"version: 1\nsession: {name}\n")
    assert (error.code, str(error.where)) == ("bad-session-name", "studio.yaml:2:10")


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("version: 2\nsession: x\n", "unknown-version", "version 2"),
        ("version: 1.0\nsession: x\n", "unknown-version", "version 1.0"),
        ("version: true\nsession: x\n", "unknown-version", "True"),
        ("version: '1'\nsession: x\n", "unknown-version", "1"),
        ("version:\nsession: x\n", "unknown-version", ""),
        ("session: x\n", "missing-key", '"version" is missing'),
        ("version: 1\n", "missing-key", '"session" is missing'),
        ("version: 1\nsession: 5\n", "wrong-type", '"session" must be text, not 5'),
        ("version: 1\nsession:\n", "no-value", '"session" has no value'),
    ],
)
def test_version_and_session(text: str, code: str, words: str) -> None:
    (error,) = refusals(text)
    assert error.code == code
    assert words in error.message


def test_keys_of_later_versions_are_refused_by_name() -> None:
    bodies = {
        SECTIONS[()]: "{key}: 1\n",
        SECTIONS[("hardware",)]: "hardware: {{{key}: 1}}\n",
        SECTIONS[("links", "*")]: "links: [{{from: a, to: b, {key}: 1}}]\n",
        SECTIONS[("policy",)]: "policy: {{{key}: 1}}\n",
    }
    assert set(bodies) == set(PLANNED)
    for model, keys in PLANNED.items():
        assert not keys & set(model.model_fields)
        for key in keys:
            error = refusal(bodies[model].format(key=key))
            assert error.code == "not-supported", key
            assert f'"{key}"' in error.message


def test_all_mistakes_come_at_once_in_the_order_of_the_file() -> None:
    errors = refusals(
        "version: 1\nsession: a b\npluginz: {}\nplugins:\n  eq: {plugin: lv2:urn:x, active: 5}\n  'a:b': {plugin: x}\n"
    )
    assert [(error.code, error.where and error.where.line) for error in errors] == [
        ("bad-session-name", 2),
        ("unknown-key", 3),
        ("wrong-type", 5),
        ("bad-name", 6),
        ("bad-plugin", 6),
    ]


def test_links_may_be_made_by_name_or_alias_in_code() -> None:
    link = LinkSpec.model_validate({"from": " a ", "to": "b"})
    assert (link.source, link.target) == ("a", "b")


def test_every_field_says_what_it_means() -> None:
    for model in SECTIONS.values():
        for name, field in model.model_fields.items():
            assert field.description, (model, name)
            assert field.description.endswith((".", ")", "`")), (model, name)


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(["a -> b", "*"])
    ),
    lambda each: st.one_of(st.lists(each, max_size=3), st.dictionaries(st.text(max_size=5), each, max_size=3)),
    max_leaves=5,
)
PLACES = [
    (*(("eq" if part == "*" and path[0] == "plugins" else part) for part in path), field.alias or name)
    for path, model in SECTIONS.items()
    if path != ("links", "*")
    for name, field in model.model_fields.items()
]


@settings(deadline=None)
@given(st.sampled_from([*PLACES, ("links", 0), ("chains", "x"), ("moved", "x"), ("plugins", "eq")]), VALUES)
def test_any_value_anywhere_is_taken_or_refused_with_its_place(path: tuple[str | int, ...], value: object) -> None:
    document: object = value
    for part in reversed(path):
        document = [document] if isinstance(part, int) else {part: document}
    assert isinstance(document, dict)
    text = json.dumps({"version": 1, "session": "x", **document})
    text = text.replace("NaN", ".nan").replace("-Infinity", "-.inf").replace("Infinity", ".inf")
    try:
        parse(text, Path("studio.yaml"))
    except StudioError as error:
        for each in error.errors if isinstance(error, Problems) else [error]:
            assert each.where is not None
            assert each.where.line == 1
            assert "pydantic" not in each.message
            assert "validation" not in each.message


@settings(deadline=None)
@given(st.one_of(st.text(), st.text("{}[]:,-&*!|>'\"#%@ \n\tab1", max_size=40)))
def test_any_text_is_a_manifest_or_one_error(text: str) -> None:
    with pytest.raises(StudioError):
        parse(text, Path("studio.yaml"))
