"""A plugin that takes Carla down costs one message that names it, not the session: it is left out until let in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.engines.choose import catalogue
from tests.carla.plugin_files import ladspa
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


ELSEWHERE = """\
char command[200] = "";
FILE *words = fopen("/proc/self/cmdline", "r");
for (size_t n = fread(command, 1, sizeof command - 1, words); n--;) command[n] = command[n] ? command[n] : ' ';
fclose(words);
if (!strstr(command, "host.process")) return;
unsigned long thread;
int pthread_create(unsigned long *, const void *, void *(*)(void *), void *);
pthread_create(&thread, NULL, (void *(*)(void *))16, NULL);
sleep(60)"""
"""Its library crashes in a thread of its own, while Carla waits for it."""

NEAR = f"""\
version: 1
session: near
engine: {{ host: carla }}
plugins:
  one: {{ plugin: '{AMP}' }}
  near: {{ plugin: 'ladspa:near.so#tiny' }}
"""


@pytest.fixture
def crashing_elsewhere(tmp_path: Path, jack_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A session with a plugin during whose loading another thread crashes; returns the plugin's file."""
    file = ladspa(tmp_path / "near.so", ELSEWHERE)
    monkeypatch.setenv("LADSPA_PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "studio.yaml").write_text(NEAR, encoding="utf-8")
    yield file
    put_everything_down()


def test_who_was_near_a_crash_in_another_thread_is_blamed_only_the_second_time(crashing_elsewhere: Path) -> None:
    first = studio("apply", "--yes")
    assert first.code == 1, first
    told, hint = first.err.splitlines()
    assert "while loading near (" in told
    assert told.endswith("Segmentation fault, not in that call but in another thread, such as sound runs in")
    assert "nobody is blamed: apply again" in hint
    assert studio("plan", "--json").json.get("quarantined", []) == [], "looking twice is not crashing twice"
    assert studio("plan", "--json").json.get("quarantined", []) == []
    second = studio("apply", "--yes")
    assert second.code == 1, second
    assert "the second time in a row; apply again: the rest is built without near" in second.err
    third = studio("apply", "--yes")
    assert third.code == 4, third
    assert "loading near for the second time, though in another thread" in third.out
    assert studio("status", "--json").json["plugins"] == ["one"]


def test_who_was_near_is_forgotten_when_an_apply_comes_through(crashing_elsewhere: Path) -> None:
    assert studio("apply", "--yes").code == 1
    ladspa(crashing_elsewhere)
    assert studio("apply", "--yes").code == 0
    assert studio("down").code == 0
    ladspa(crashing_elsewhere, ELSEWHERE)
    again = studio("apply", "--yes")
    assert (again.code, "nobody is blamed" in again.err) == (1, True), again


def test_in_a_process_of_its_own_it_takes_nobody_down(
    tmp_path: Path, jack_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if catalogue("carla").describe(CRASHER) is None:
        pytest.skip("lsp-plugins-lv2 is not installed (Debian: lsp-plugins-lv2)")
    monkeypatch.chdir(tmp_path)
    bridged = SESSION.replace(f"plugin: '{CRASHER}'", f"plugin: '{CRASHER}', bridge: true")
    (tmp_path / "studio.yaml").write_text(bridged, encoding="utf-8")
    try:
        done = studio("apply", "--yes")
        told = studio("status", "--json").json
        assert told["quarantined"] == []
        assert {"one", "two"} <= set(told["plugins"])
        if "bomb" in told["plugins"]:
            assert done.code == 0, done
        else:
            assert done.code == 4, done
            assert "load bomb" in done.out
    finally:
        put_everything_down()
