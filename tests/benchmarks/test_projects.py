"""Importing a Carla project of a hundred plugins, beside a bare parse of its XML, in the same run."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from reconciler.engines.memory.catalogue import PLUGINS, MemoryCatalogue
from reconciler.model.catalogue import Direction
from reconciler.model.states import Saved, State
from reconciler.projects import reading, transfer
from reconciler.projects.document import Project
from reconciler.projects.importing import import_project
from reconciler.projects.text import render
from reconciler.projects.writing import project_text

ROUNDS = 9
LONGEST_MS = 200
KINDS = [PLUGINS[f"lv2:urn:studio:memory:{name}"] for name in ("compressor", "equalizer", "delay", "limiter", "synth")]


def project() -> Project:
    """A hundred plugins, every parameter of each away from its default, and a hundred connections."""
    plugins, links = [], []
    for number in range(100):
        kind = KINDS[number % len(KINDS)]
        parameters = [
            Saved(info.index, info.symbol, info.name, (info.minimum or 0.0) + number / 128, control=number)
            for info in kind.parameters
            if not (info.toggled or info.integer)
        ]
        uri = kind.uri.removeprefix("lv2:")
        plugins.append(State("LV2", f"plugin {number}", uri, parameters=tuple(parameters), mix={"volume": 0.5}))
        port = next(port for port in kind.ports if port.direction is Direction.OUT)
        links.append((f"plugin {number}:{port.name}", "system:playback_1"))
    return Project(tuple(plugins), None, tuple(links))


@pytest.mark.benchmark
def test_a_project_of_a_hundred_plugins_is_a_manifest_in_200_ms(
    tmp_path: Path,
    timed: Callable[[Callable[[], object]], float],
    report: Callable[[str, dict[str, list[float]], str], dict[str, float]],
) -> None:
    content = project_text(project()).encode()
    path = tmp_path / "large.carxp"
    path.write_bytes(content)
    catalogue = MemoryCatalogue()
    found = import_project(project(), catalogue, session="large", folder=tmp_path, file="large.carxp")

    def whole() -> object:
        return transfer.to_manifest(path, tmp_path / "large.yaml", catalogue, session="large", force=True)

    contenders: dict[str, Callable[[], object]] = {
        "bare parse of the XML": lambda: ElementTree.fromstring(content),
        "project read": lambda: reading.read(content, "large.carxp"),
        "its manifest written as text": lambda: render(found.manifest, ()),
        "the same text by ruamel.yaml": lambda: YAML().dump(found.manifest, StringIO()),
        "imported: read, compiled, on the disk": whole,
    }
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            times[name].append(timed(contender))
    best = report(f"project of 100 plugins, {len(content) // 1000} kB", times, "bare parse of the XML")
    assert best["imported: read, compiled, on the disk"] <= LONGEST_MS
