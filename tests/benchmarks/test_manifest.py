"""Loading a manifest of 5,000 lines, beside the loaders it could have been built on, in the same run."""

import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from reconciler.manifest import yaml12
from reconciler.manifest.load import parse


def manifest(plugins: int) -> str:
    """Ten lines a plugin."""
    lines = ["version: 1", "session: large", "plugins:"]
    for number in range(plugins):
        lines += [f"  eq-{number}:", "    plugin: lv2:http://example.org/eq", "    params:"]
        lines += [f"      level_{band}: {-band}.25 dB" for band in range(4)]
        lines += [f"      freq_{band}: {100 * band + number}" for band in range(3)]
    return "\n".join(lines) + "\n"


def best(call: Callable[[], object], rounds: int) -> float:
    """Return the shortest of several runs, in ms; the machine is shared."""
    times = []
    for _ in range(rounds):
        gc.collect()
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1000 * min(times)


@pytest.mark.benchmark
def test_a_manifest_of_5000_lines_loads_in_the_time_of_libyaml_s_own_loader(capsys: pytest.CaptureFixture[str]) -> None:
    text = manifest(500)
    path = Path("large.yaml")
    data = yaml12.read(text, "large.yaml")
    assert data is not None
    assert data.data == yaml.load(text, Loader=yaml.CSafeLoader)

    whole = best(lambda: parse(text, path), 7)
    reading = best(lambda: yaml12.read(text, "large.yaml"), 7)
    libyaml = best(lambda: yaml.load(text, Loader=yaml.CSafeLoader), 7)
    safe = best(lambda: YAML(typ="safe", pure=True).load(text), 1)
    round_trip = best(lambda: YAML(typ="rt").load(text), 1)

    source = parse(text, path)
    keys = [(name, key) for name, spec in source.manifest.plugins.items() for key in spec.params]
    places = best(lambda: [source.where("plugins", name, "params", key) for name, key in keys], 5)
    rows = [
        ("loaded and validated, with places", whole),
        ("read only", reading),
        ("PyYAML CSafeLoader", libyaml),
        ("ruamel.yaml safe, pure", safe),
        ("ruamel.yaml round trip", round_trip),
        (f"{len(keys)} places looked up", places),
    ]
    lines = [f"manifest of {len(text.splitlines())} lines, {len(text) // 1000} kB:"]
    lines += [f"  {what:36}{taken:8.1f} ms {taken / libyaml:8.2f}x" for what, taken in rows]
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert whole < 2 * libyaml
    assert whole < round_trip / 3
