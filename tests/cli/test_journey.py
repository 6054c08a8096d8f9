"""A working day, as a musician has it: one session from nothing to nothing, on real JACK and both hosts."""

import json
from pathlib import Path

import jsonschema
import pytest

from reconciler.planning import publish
from tests.cli.studio import host, studio
from tests.support.crowd import crowd
from tests.support.engines import BOTH, let_auto_mean
from tests.support.jackd import unique_name

pytestmark = [pytest.mark.jack]


@pytest.fixture(params=BOTH)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The host that is taken."""
    taken: str = request.param
    let_auto_mean(taken, monkeypatch)
    return taken


@pytest.fixture(autouse=True)
def no_jack_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Studio is to start it."""
    monkeypatch.setenv("JACK_DEFAULT_SERVER", unique_name())


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_working_day(folder: Path, engine: str) -> None:
    manifest = folder / "studio.yaml"
    assert studio("init", "evening", "--example", "podcast").code == 0
    assert studio("validate").out == "studio.yaml: evening is valid: 6 plugins, 11 links\n"

    morning = studio("plan", "--json", "--exit-code")
    assert morning.code == 2
    jsonschema.validate(morning.json, publish.schema())
    assert studio("status", "--json").json["jack"] is None

    first = studio("apply", "--yes")
    assert (first.code, first.err) == (0, "")
    assert first.out.endswith("applied: 44 calls, read back as planned (generation 1)\n")
    assert studio("plan", "--exit-code") == (0, "evening: in sync, nothing to do\n", "")

    ports = studio("ports", "limiter").out.splitlines()
    (right,) = [place for place, line in enumerate(ports) if line.startswith("limiter:outR ")]
    assert ports[right + 1] == "    -> system:playback_2"
    assert all("gate" in port["port"]["name"] for port in studio("ports", "gate*", "--json").json)
    assert studio("ports", "nothing-like-it").out == "no port is called so\n"

    edit(manifest, "mk: 9 dB", "mk: 6 dB")
    change = studio("plan")
    assert change.out.splitlines()[2].startswith("  ~ plugins.comp.params.mk  9 dB -> 6 dB")
    assert change.out.splitlines()[-1] == "sound: nothing is interrupted"
    louder = studio("apply", "--yes", "--json").json
    assert len(louder["applied"]["ran"]) == 1
    assert (louder["proved"], louder["applied"]["generation"]) == (True, 2)

    with crowd("recorder", 1):
        edit(manifest, "system:playback_2\n", "system:playback_2\n  - limiter:outL -> recorder:in_1\n")
        assert studio("apply", "--yes").code == 0
        assert "    -> recorder:in_1" in studio("ports", "limiter").out.splitlines()
    drift = studio("drift")
    assert (drift.code, "waits for recorder:in_1" in drift.out) == (0, True), "gone, not moved"
    waiting = studio("apply", "--yes")
    assert waiting.code == 4
    assert "waits for recorder:in_1" in waiting.out
    assert studio("plan", "--exit-code").code == 0, "waiting is no difference"

    kept = studio("down", "--keep-jack")
    assert kept.out == "evening: stopped the plugin host\n"
    status = studio("status", "--json").json
    assert (status["jack"]["period"], status["jack_ours"], status["pid"]) == (256, True, None)
    assert studio("drift").code == 2
    assert studio("up").out.startswith(f"evening: the {engine} host runs")
    assert studio("apply", "--yes").code == 4
    assert studio("down").out == "evening: stopped the plugin host and JACK\n"
    assert host("evening") is None
    assert "everything is gone" in studio("status").out


def test_a_session_that_somebody_else_needs_keeps_jack(folder: Path, engine: str) -> None:
    for name in ("one", "two"):
        text = (
            f"version: 1\nsession: {name}\nengine: {{ prefix: '{name}-' }}\n"
            "hardware: { jack: { driver: dummy, manage: start } }\n"
            "plugins: { amp: { plugin: 'lv2:http://plugin.org.uk/swh-plugins/amp' } }\n"
        )
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert studio("apply", f"{name}.yaml", "--yes").code == 0
    assert studio("down", "one.yaml").out == "one: stopped the plugin host\n"
    assert studio("drift", "two.yaml").code == 0
    assert studio("down", "two.yaml").out == "two: stopped the plugin host and JACK\n"


def test_what_is_installed_is_found_and_fits_a_manifest(folder: Path) -> None:
    found = studio("plugins", "search", "simple", "amplifier", "--json").json["plugins"]
    assert "lv2:http://plugin.org.uk/swh-plugins/amp" in [plugin["uri"] for plugin in found]
    described = studio("plugins", "describe", "lv2:http://plugin.org.uk/swh-plugins/amp").out
    snippet = described.partition("In a manifest\n")[2]
    (folder / "studio.yaml").write_text(f"version: 1\nsession: found\n{snippet}", encoding="utf-8")
    assert studio("validate").code == 0
    missing = studio("plugins", "describe", "lv2:http://plugin.org.uk/swh-plugins/apm")
    assert (missing.code, "[plugin-not-installed]" in missing.err) == (1, True)


def test_the_doctor_says_whether_studio_can_work_here(folder: Path) -> None:
    told = studio("doctor")
    assert told.out.splitlines()[-1] in {
        "studio can work here",
        "studio cannot work here yet: mend what is essential above",
    }
    examined = json.loads(studio("doctor", "--json").out)
    assert examined["ready"] is (told.code == 0)
