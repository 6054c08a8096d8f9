"""MIDI and CV from outside move parameters of effects that have neither, on the real Carla, and studio lets them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.engines import choose
from reconciler.engines.carla import library
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.manifest.load import parse
from reconciler.model.resources import EngineSettings, Link
from reconciler.planning.plan import Plan
from reconciler.session.compile import compile_session
from tests.carla.conftest import MISSING
from tests.support.controller import Controller, controller
from tests.support.jackd import Jackd
from tests.support.waiting import eventually

pytestmark = [pytest.mark.jack, pytest.mark.carla]

HEAD = "version: 1\nsession: controllers\nengine: { host: carla, mode: MODE }\nplugins:\n"
DELAY = "lv2:http://drobilla.net/plugins/mda/Delay"
PLUGINS = f"""\
  one:
    plugin: {DELAY}
    params: {{ l_delay: 0.5, feedback: 0.25 }}
    midi:
      l_delay: {{ cc: 21, channel: 1, range: [0.2, 0.8] }}
      fb_tone: {{ pitch_bend: true, channel: 1 }}
  two:
    plugin: {DELAY}
    midi: {{ l_delay: {{ cc: 21, channel: 2, range: [0.8, 0.2] }} }}
"""
MIDI = f"{HEAD}{PLUGINS}links:\n  - keyboard:midi_out -> one\n  - keyboard:midi_out -> two:events-in\n"
CV = f"""{HEAD}\
  amp: {{ plugin: {DELAY}, midi: {{ feedback: {{ cv: true, range: [-1, 1] }}, fb_tone: {{ cv: true }} }} }}
  source: {{ plugin: "internal:midi2cv" }}
"""
OUTSIDE = f"{CV}links:\n  - keyboard:cv_out -> amp:feedback\n"
INSIDE = f"{CV}links:\n  - keyboard:midi_out -> source\n  - source:velocity -> amp:feedback\n"


class World:
    """A studio on a server of its own, and how to get a desk for a manifest."""

    def __init__(self, server: Jackd, folder: Path, mode: str) -> None:
        self.mode = mode
        self._folder = folder
        self._server = server
        settings = EngineSettings(mode=mode)
        self.studio: LocalStudio = choose.build(
            "carla", prefix="", server=server.name, servers=folder, settings=settings
        )

    def desk(self, text: str) -> Desk:
        source = parse(text.replace("MODE", self.mode), self._folder / "studio.yaml")
        return Desk(source, compile_session(source, choose.catalogue("carla")), "carla", self.studio)

    def apply(self, text: str) -> Plan:
        desk = self.desk(text)
        plan = desk.plan()
        assert plan.refused == ()
        assert desk.apply(plan).proved
        return plan

    def changes(self, text: str) -> list[str]:
        return [change.address for change in self.desk(text).plan().changes]

    def value(self, name: str, symbol: str) -> float:
        self.studio.idle()
        return self.studio.observe().plugins[name].params[symbol]

    def links(self) -> frozenset[Link]:
        return self.studio.observe().links


Make = Callable[[str], World]


@pytest.fixture
def world(fresh_jack_server: Jackd, isolated_xdg: Path, tmp_path: Path) -> Iterator[Make]:
    if library.find() is None:
        pytest.skip(MISSING)
    with ExitStack() as stack:

        def make(mode: str) -> World:
            made = World(fresh_jack_server, tmp_path, mode)
            stack.callback(made.studio.close)
            return made

        yield make


@pytest.fixture
def keyboard(fresh_jack_server: Jackd) -> Iterator[Controller]:
    with controller("keyboard", fresh_jack_server.name) as made:
        yield made


def near(world: World, name: str, symbol: str, wanted: float) -> None:
    eventually(lambda: abs(world.value(name, symbol) - wanted) < 0.01)


BOTH = pytest.mark.parametrize("mode", ["multiple-clients", "patchbay"])


@BOTH
def test_midi_moves_what_follows_it_on_its_channel_and_is_not_fought(
    world: Make, keyboard: Controller, mode: str
) -> None:
    here = world(mode)
    here.apply(MIDI)
    expected = {Link("keyboard:midi_out", "one:events-in"), Link("keyboard:midi_out", "two:events-in")}
    assert expected <= here.links()
    rest = here.value("two", "l_delay")

    keyboard.cc(1, 21, 127)
    near(here, "one", "l_delay", 0.8)
    assert here.value("two", "l_delay") == rest
    keyboard.cc(2, 21, 127)
    near(here, "two", "l_delay", 0.2)
    keyboard.cc(2, 21, 0)
    near(here, "two", "l_delay", 0.8)
    assert abs(here.value("one", "l_delay") - 0.8) < 0.01

    assert here.changes(MIDI) == [], "0.5 is declared and 0.8 is there, because the controller said so"
    assert here.changes(MIDI.replace("l_delay: 0.5", "l_delay: 0.4")) == ["plugins.one.params.l_delay"]
    here.studio.host.set_param("one", "feedback", 0.75)
    assert here.changes(MIDI) == ["plugins.one.params.feedback"]

    renamed = f"{MIDI.replace('  two:', '  second:').replace('two:events', 'second:events')}moved: {{ two: second }}\n"
    here.apply(renamed)
    keyboard.cc(2, 21, 64)
    near(here, "second", "l_delay", 0.5)
    unlinked = renamed.replace("  - keyboard:midi_out -> second:events-in\n", "")
    assert here.apply(unlinked).changes[-1].address == "links.keyboard:midi_out->second:events-in"
    assert Link("keyboard:midi_out", "second:events-in") not in here.links()


@BOTH
def test_carla_keeps_a_mapping_to_the_pitch_wheel_and_moves_nothing_by_it(
    world: Make, keyboard: Controller, mode: str
) -> None:
    """The day this fails, what the manifest's reference says of ``pitch_bend`` is out of date."""
    here = world(mode)
    here.apply(MIDI)
    before = here.value("one", "fb_tone")
    keyboard.bend(1, 16383)
    keyboard.cc(1, 21, 127)
    near(here, "one", "l_delay", 0.8)  # and so the wheel's message, sent before, has come too
    assert here.value("one", "fb_tone") == before
    assert here.studio.observe().plugins["one"].midi["fb_tone"].source == "pitch-bend"


def test_cv_from_a_client_moves_what_follows_it(world: Make, keyboard: Controller) -> None:
    here = world("multiple-clients")
    here.apply(OUTSIDE)
    assert Link("keyboard:cv_out", "amp:feedback") in here.links()
    for volts, wanted in ((1.0, 1.0), (-1.0, 0.0), (0.5, 0.75)):
        keyboard.cv(volts)
        near(here, "amp", "feedback", wanted)
    assert here.changes(OUTSIDE) == []
    less = OUTSIDE.replace("feedback: { cv: true, range: [-1, 1] }, ", "").partition("links:")[0]
    assert here.apply(less).changes[-1].address == "links.keyboard:cv_out->amp:feedback"
    assert "amp:feedback" not in here.studio.observe().ports


@BOTH
def test_cv_of_a_plugin_moves_what_follows_it(world: Make, keyboard: Controller, mode: str) -> None:
    here = world(mode)
    here.apply(INSIDE)
    assert Link("source:velocity", "amp:feedback") in here.links()
    before = here.value("amp", "feedback")
    keyboard.send(0x90, 60, 127)
    eventually(lambda: here.value("amp", "feedback") != before)
    assert here.changes(INSIDE) == []


def test_no_cv_comes_into_a_patchbay(world: Make, keyboard: Controller) -> None:
    here = world("patchbay")
    keyboard.cv(0.0)
    (refusal,) = here.desk(OUTSIDE).plan().refused
    assert (refusal.code, refusal.address) == ("does-not-fit", "links.keyboard:cv_out->amp:feedback")


@BOTH
def test_a_range_for_cv_is_of_voltages_and_a_replacement_keeps_the_link(
    world: Make, keyboard: Controller, mode: str
) -> None:
    here = world(mode)
    here.apply(INSIDE)
    here.apply(INSIDE.replace("range: [-1, 1]", "range: [-5, 5]"))
    follows = here.studio.observe().plugins["amp"].midi["feedback"]
    assert (follows.low, follows.high) == (-5.0, 5.0)
    assert Link("source:velocity", "amp:feedback") in here.links()
    here.apply(INSIDE.replace("fb_tone: { cv: true }", "fb_tone: { cc: 3 }").replace("[-1, 1]", "[-5, 5]"))
    assert Link("source:velocity", "amp:feedback") in here.links()
    del keyboard


def test_two_cv_ports_of_one_plugin_are_told_apart_when_one_goes(world: Make) -> None:
    here = world("patchbay")
    both = f"{CV}links:\n  - source:velocity -> amp:feedback\n  - source:pitch -> amp:fb_tone\n"
    here.apply(both)
    one = both.replace("feedback: { cv: true, range: [-1, 1] }, ", "").replace(
        "  - source:velocity -> amp:feedback\n", ""
    )
    here.apply(one)
    assert {link for link in here.links() if link.target.startswith("amp:")} == {Link("source:pitch", "amp:fb_tone")}
