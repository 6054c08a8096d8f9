"""What the catalogue of all of Carla's formats costs, as ratios against Carla's tool run bare on the same files."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.engines.carla import library
from reconciler.engines.carla.catalogue import CarlaCatalogue
from reconciler.engines.carla.formats import FILES, Format, find_files
from reconciler.engines.lv2.catalogue import Lv2Catalogue

pytestmark = pytest.mark.benchmark


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def test_cost_of_the_catalogue_of_all_formats(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    carla = library.find()
    if carla is None:
        pytest.skip("Carla is not installed: its catalogue is not measured")
    lv2 = Lv2Catalogue(cache_dir=tmp_path / "lv2")
    lv2.refresh()

    def fresh() -> CarlaCatalogue:
        return CarlaCatalogue(lv2=lv2, cache_dir=tmp_path / "carla")

    cold_s = seconds(lambda: fresh().installed())
    warm_s = min(seconds(lambda: fresh().installed()) for _ in range(5))
    files = [
        (format_, file) for format_ in FILES if format_ is not Format.SFZ for file in find_files(format_, os.environ)
    ]
    tool = str(carla.binaries / "carla-discovery-native")

    def bare() -> None:
        for format_, file in files:
            subprocess.run(
                [tool, str(format_), str(file)], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )

    bare_s = seconds(bare)
    uris = [uri for uri in fresh().uris() if not uri.startswith("lv2:")]
    uri = "internal:audiogain"
    load_s = seconds(lambda: fresh().describe(uri))
    describe_s = min(seconds(lambda: fresh().describe(uri)) for _ in range(10))
    python_s = min(
        seconds(lambda: subprocess.run([sys.executable, "-c", "import msgspec"], check=True)) for _ in range(5)
    )

    table = f"""
catalogue of {len(uris)} plugins in {len(files)} files, LV2 aside
  all files, cold           {cold_s:8.2f} s    {cold_s / bare_s:.2f}x Carla's tool alone ({bare_s:.2f} s)
  all files, warm           {warm_s * 1e3:8.2f} ms   {warm_s / cold_s:.4f}x cold
  one plugin, loaded        {load_s * 1e3:8.2f} ms   {load_s / python_s:.1f}x bare Python ({python_s * 1e3:.0f} ms)
  one plugin, warm          {describe_s * 1e3:8.2f} ms
"""
    with capsys.disabled():
        sys.stdout.write(table)
    assert cold_s < 1.5 * bare_s + 0.5
    assert warm_s < cold_s / 10
    assert describe_s < load_s / 10
