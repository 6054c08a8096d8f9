"""Golden plans: ``tests/cases/*.yaml``, each a studio as somebody left it, a manifest, and the plan's text."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engines.memory import (
    CAPABILITIES,
    ENGINE,
    IN_PATCHBAY,
    LIKE_CARLA,
    LIKE_JALV,
    MemoryCatalogue,
    MemoryStudio,
)
from reconciler.engines.studio import LocalStudio
from reconciler.execution.desk import Desk
from reconciler.history.quarantine import Quarantine
from reconciler.manifest.load import parse
from reconciler.model import states
from reconciler.model.catalogue import Kind
from reconciler.model.custom import STRING
from reconciler.model.errors import StudioError
from reconciler.model.resources import CustomData, MidiMap
from reconciler.planning.plan import Quarantined
from reconciler.planning.text import render
from reconciler.session.compile import compile_session

HOSTS = {"any": CAPABILITIES, "carla": LIKE_CARLA, "jalv": LIKE_JALV}
CASES = sorted((Path(__file__).parent.parent / "cases").glob("*.yaml"))


def make_desk(manifest: dict[str, Any], world: MemoryStudio) -> Desk:
    if world.host.settings == IN_PATCHBAY:
        manifest = {"engine": {"mode": "patchbay"}, **manifest}
    text = yaml.safe_dump({"version": 1, "session": "case", **manifest}, sort_keys=False, allow_unicode=True)
    source = parse(text, Path("case.yaml"))
    studio = LocalStudio(world.host, world.open_graph, world.hardware)
    return Desk(source, compile_session(source, MemoryCatalogue()), "memory", studio)


def _write_state(path: Path, *, plugin: str, values: dict[str, float]) -> None:
    saved = tuple(states.Saved(number, symbol, symbol, value) for number, (symbol, value) in enumerate(values.items()))
    path.write_bytes(states.compose(states.State(type="LV2", label=plugin, parameters=saved)))


def _by_hand(world: MemoryStudio, deed: str) -> None:
    match deed.split():
        case ["set", name, symbol, value]:
            world.host.set_param(name, symbol, float(value))
        case ["mix", name, key, value]:
            world.host.set_mix(name, key, float(value))
        case ["map", name, symbol, "cc", number]:
            world.host.map_midi(name, symbol, MidiMap("cc", 0.0, 1.0, int(number)))
        case ["unmap", name, symbol]:
            world.host.map_midi(name, symbol, None)
        case ["switch", name, key, value]:
            world.host.set_option(name, key, value == "on")
        case ["keep", name, key, value]:
            world.host.set_custom_data(name, key, CustomData(STRING, value))
        case ["bypass", name]:
            world.host.set_active(name, False)
        case ["add", name, uri]:
            world.host.add(name, uri)
        case ["remove", name]:
            world.host.remove(name)
        case ["connect", source, "->", target]:
            world.graph.connect(source, target)
        case ["disconnect", source, "->", target]:
            world.graph.disconnect(source, target)
        case ["stop", "jack"]:
            world.lose_server()
        case words:
            raise AssertionError(f"no such deed: {words}")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_plan_reads_as_written(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, state in case.get("states", {}).items():
        _write_state(tmp_path / name, **state)
    engine = IN_PATCHBAY if case.get("mode") == "patchbay" else ENGINE
    world = MemoryStudio(capabilities=HOSTS[case.get("host", "any")], engine=engine)
    for client, ports in case.get("foreign", {}).items():
        kind = Kind(ports.get("kind", "audio"))
        world.add_client(client, outputs=ports.get("outputs", []), inputs=ports.get("inputs", []), kind=kind)
    if "before" in case:
        desk = make_desk(case["before"], world)
        assert desk.apply(desk.plan(programs=True), programs=True).proved
    for deed in case.get("by_hand", []):
        _by_hand(world, deed)
    inside = [Quarantined(name, **one) for name, one in case.get("quarantined", {}).items()]
    Quarantine(tmp_path / "state" / "studio" / "case").write(inside)
    try:
        text = render(
            make_desk(case["manifest"], world).plan(
                case.get("release", ()), programs=case.get("allow_programs", False)
            ),
            explain=case.get("explain", False),
        )
    except StudioError as error:
        text = f"error [{error.code}] {error.message}\n{error.hint}"
    text = re.sub(rf"{tmp_path}/(\S+ into \S+) +", r"\1  ", text).replace(f"{tmp_path}/", "")  # as wide as no path is
    assert text.rstrip() == case["plan"].rstrip()
