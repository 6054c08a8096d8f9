"""What the catalogue costs, as ratios against lv2info and against lilv doing nothing but reading the same files."""

import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.engines.lv2.catalogue import Lv2Catalogue

pytestmark = pytest.mark.benchmark

BARE = textwrap.dedent("""
    import sys
    from pathlib import Path
    from reconciler.engines.lv2.lilv import Lilv
    with Lilv().world() as world:
        for bundle in sys.argv[1:]:
            world.load_bundle(Path(bundle))
        for plugin in world.plugins():
            world.c.lilv_plugin_get_num_ports(plugin)
""")


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def best(call: Callable[[], object], runs: int) -> float:
    return min(seconds(call) for _ in range(runs))


def test_cost_of_the_catalogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shutil.which("lv2info"), "lilv-utils is needed"

    def fresh() -> Lv2Catalogue:
        return Lv2Catalogue(cache_dir=tmp_path)

    def cold() -> None:
        fresh().refresh(everything=True)

    scan_s = best(cold, 2)
    known = fresh()
    uris = known.uris()
    ports = sum(
        len(plugin.parameters) + len(plugin.outputs) + len(plugin.ports)
        for uri in uris
        if (plugin := known.describe(uri)) is not None
    )
    bundles = sorted({found.bundle for found in known.installed()})
    bare_s = best(
        lambda: subprocess.run([sys.executable, "-c", BARE, *bundles], check=True, stderr=subprocess.DEVNULL), 2
    )

    def lv2info() -> None:
        for uri in uris:
            subprocess.run(
                ["lv2info", uri.removeprefix("lv2:")],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    lv2info_s = seconds(lv2info)
    uri = max(uris, key=lambda each: "gate" in each)
    list_s = best(lambda: fresh().uris(), 10)
    describe_s = best(lambda: fresh().describe(uri), 10)
    unsure = [fresh() for _ in range(50)]
    for each in unsure:
        each.uris()
    again = iter(unsure)
    next_s = best(lambda: next(again).describe(uri), 50)

    table = f"""
catalogue of {len(uris)} plugins, {ports} ports
  full scan                 {scan_s:8.2f} s    {scan_s / lv2info_s:.2f}x lv2info ({lv2info_s:.2f} s)
                                         {scan_s / bare_s:.2f}x lilv only reading the files ({bare_s:.2f} s)
  warm: all URIs            {list_s * 1e3:8.2f} ms   {list_s / scan_s:.4f}x a scan
  warm: one plugin          {describe_s * 1e3:8.2f} ms   {describe_s / scan_s:.4f}x a scan
  one more, catalogue open  {next_s * 1e3:8.3f} ms
"""
    with capsys.disabled():
        sys.stdout.write(table)
    assert scan_s < lv2info_s
    assert scan_s < 3.0 * bare_s
    assert describe_s < scan_s / 50
    assert next_s < describe_s / 5
