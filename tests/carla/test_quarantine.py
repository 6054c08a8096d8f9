"""A plugin that takes Carla down costs one message that names it, not the session: it is left out until let in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engines.choose import catalogue
from tests.cli.studio import host, put_everything_down, studio

pytestmark = [pytest.mark.jack, pytest.mark.carla]

AMP = "lv2:http://plugin.org.uk/swh-plugins/amp"
CRASHER = "lv2:http://lsp-plug.in/plugins/lv2/multisampler_x48_do"
"""Of lsp-plugins 1.2.5; takes the process down while Carla loads it (measured)."""

SESSION = f"""\
version: 1
session: crash
engine: {{ host: carla }}
plugins:
  one: {{ plugin: '{AMP}', params: {{ gain: -3 }} }}
  bomb: {{ plugin: '{CRASHER}' }}
  two: {{ plugin: '{AMP}', params: {{ gain: -6 }} }}
links:
  - one -> bomb:in_l
  - one -> two
"""


@pytest.fixture
def manifest(tmp_path: Path, jack_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A session of which the apply has failed once, at the plugin in the middle."""
    if catalogue("carla").describe(CRASHER) is None:
        pytest.skip("lsp-plugins-lv2 is not installed (Debian: lsp-plugins-lv2)")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "studio.yaml"
    path.write_text(SESSION, encoding="utf-8")
    _it_fails("apply", "--yes")
    yield path
    put_everything_down()


def _it_fails(*command: str) -> None:
    failed = studio(*command)
    if failed.code in {0, 4} and "bomb" in studio("status").out:
        pytest.skip(f"this version of {CRASHER} does not crash")
    assert failed.code == 1
    first, hint = failed.err.splitlines()
    assert first.startswith("studio.yaml:6:3: error [host-died] the plugin host died while loading bomb (")
    assert "Segmentation fault" in first
    assert "the rest is built without bomb; `studio apply --retry bomb` lets it in again" in hint


def test_the_next_apply_builds_the_rest_and_says_what_is_left_out(manifest: Path) -> None:
    second = studio("apply", "--yes")
    assert second.code == 4, second
    assert "plugins.bomb  it took its host down (" in second.out
    assert "links.one:output->bomb:in_l  waits for bomb" in second.out
    assert "read back as planned, 1 waiting for a port, 1 left out (generation 1)" in second.out
    status = studio("status", "--json").json
    assert status["plugins"] == ["one", "two"]
    assert [one["name"] for one in status["quarantined"]] == ["bomb"]
    assert "`studio apply --retry bomb` lets it in" in studio("status").out
    assert studio("drift").code == 0
    plan = studio("plan", "--json", "--exit-code")
    assert plan.code == 0
    assert [(one["name"], one["plugin"]) for one in plan.json["quarantined"]] == [("bomb", CRASHER)]
    again = studio("apply", "--yes")
    assert (again.code, "in sync" in again.out) == (4, True)


def test_retry_lets_it_in_and_it_is_back_when_it_does_it_again(manifest: Path) -> None:
    wrong = studio("apply", "--yes", "--retry", "two")
    assert (wrong.code, "[not-quarantined]" in wrong.err, "bomb" in wrong.err) == (1, True, True)
    _it_fails("apply", "--yes", "--retry", "bomb")
    assert studio("apply", "--yes").code == 4


def test_another_plugin_under_its_name_is_let_in(manifest: Path) -> None:
    manifest.write_text(SESSION.replace(CRASHER, AMP).replace("bomb:in_l", "bomb"), encoding="utf-8")
    done = studio("apply", "--yes")
    assert done.code == 0, done
    assert studio("status", "--json").json["quarantined"] == []
    manifest.write_text(SESSION, encoding="utf-8")
    assert studio("plan", "--json").json["quarantined"] == [], "what was let go is forgotten"


def test_a_host_that_is_killed_blames_nobody(manifest: Path) -> None:
    assert studio("apply", "--yes").code == 4
    process = host("crash")
    assert process is not None
    process.kill()
    process.wait(10)
    assert [one["name"] for one in studio("plan", "--json").json["quarantined"]] == ["bomb"]
    assert studio("apply", "--yes").code == 4
    assert studio("status", "--json").json["plugins"] == ["one", "two"]
