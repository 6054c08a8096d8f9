"""A process with Carla in it that measures one thing: ``python -m tests.benchmarks.carla_child ROLE SERVER FOLDER``.

A process each, because Carla's engine is one of a kind in its process and memory is never given back. Prints JSON.
"""

import gc
import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from reconciler.engines import choose
from reconciler.engines.carla import library
from reconciler.engines.studio import LocalStudio
from reconciler.manifest.load import load
from reconciler.model.resources import EngineSettings
from reconciler.planning.plan import Baseline, Plan, Policy
from reconciler.planning.reconcile import reconcile
from reconciler.session.compile import compile_session
from reconciler.session.session import Session

DELAY = "http://drobilla.net/plugins/mda/Delay"
PLUGINS = 100
ROUNDS = 15
PORT_IN, PORT_OUT = 255, 510
"""Carla's numbers of a group's first audio input and output (measured)."""


def manifest() -> str:
    """Return a chain of a hundred plugins with six values each, all but default."""
    lines = ["version: 1", "session: hundred", "engine: { host: carla, mode: patchbay }", "plugins:"]
    for number in range(PLUGINS):
        values = {"l_delay": 0.2, "r_delay": 0.3, "feedback": 0.1, "fb_tone": 0.4, "fx_mix": 0.3, "output": 0.6}
        said = ", ".join(f"{key}: {value + number / 1000:.3f}" for key, value in values.items())
        lines += [f"  p{number}:", f"    plugin: lv2:{DELAY}", f"    params: {{ {said} }}"]
    nodes = ["system:capture_[12]", *(f"p{number}" for number in range(PLUGINS)), "system:playback_[12]"]
    return "\n".join([*lines, "chains:", f"  all: [{', '.join(json.dumps(node) for node in nodes)}]", ""])


def timed(call: Callable[[], object]) -> float:
    """Return what a call took, in ms."""
    gc.collect()
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def rss_mb() -> float:
    """Return this process's memory."""
    return psutil.Process().memory_info().rss / 2**20


class Bare:
    """The C interface through ctypes, and nothing around it."""

    def __init__(self, server: str) -> None:
        os.environ["JACK_DEFAULT_SERVER"] = server
        loaded = library.load()
        self.host, self.lib, self.handle, self.constants = (
            loaded.host,
            loaded.host.lib,
            loaded.host.handle,
            loaded.backend,
        )
        self.told: list[tuple[int, int, int, int, str | None]] = []

    def start(self) -> None:
        """Join the server in patchbay mode."""
        constants, host = self.constants, self.host
        host.set_engine_callback(self._heard)
        for option, number, text in (
            (constants.ENGINE_OPTION_PROCESS_MODE, constants.ENGINE_PROCESS_MODE_PATCHBAY, ""),
            (constants.ENGINE_OPTION_TRANSPORT_MODE, constants.ENGINE_TRANSPORT_MODE_JACK, ""),
            (constants.ENGINE_OPTION_AUDIO_DEVICE, 0, "Auto-Connect OFF"),
            (constants.ENGINE_OPTION_OSC_ENABLED, 0, ""),
            (constants.ENGINE_OPTION_PATH_BINARIES, 0, str(library.need().binaries)),
            (constants.ENGINE_OPTION_PATH_RESOURCES, 0, str(library.need().resources)),
        ):
            host.set_engine_option(option, number, text)
        assert host.engine_init("JACK", "bare"), host.get_last_error()

    def read(self) -> list[object]:
        """Read every value of every plugin, and the patchbay."""
        lib, handle = self.lib, self.handle
        found: list[object] = []
        for plugin_id in range(lib.carla_get_current_plugin_count(handle)):
            info = lib.carla_get_plugin_info(handle, plugin_id).contents
            values = {}
            for index in range(lib.carla_get_parameter_count(handle, plugin_id)):
                data = lib.carla_get_parameter_data(handle, plugin_id, index).contents
                if data.type == self.constants.PARAMETER_INPUT:
                    value = lib.carla_get_current_parameter_value(handle, plugin_id, index)
                    values[index] = (value, data.mappedControlIndex, data.mappedMinimum, data.mappedMaximum)
            inner = [lib.carla_get_internal_parameter_value(handle, plugin_id, index) for index in range(-8, -1)]
            count = lib.carla_get_custom_data_count(handle, plugin_id)
            program = lib.carla_get_current_program_index(handle, plugin_id)
            found.append((info.name, info.optionsAvailable, info.optionsEnabled, values, inner, count, program))
        self.told.clear()
        lib.carla_patchbay_refresh(handle, False)
        return [*found, *self.told]

    def build(self, session: Session) -> None:
        """Read, load, set, connect and read."""
        self.read()
        host, lib, handle = self.host, self.lib, self.handle
        for plugin_id, plugin in enumerate(session.plugins.values()):
            uri = plugin.plugin.removeprefix("lv2:")
            assert host.add_plugin(
                self.constants.BINARY_NATIVE,
                self.constants.PLUGIN_LV2,
                None,
                plugin.name,
                uri,
                0,
                None,
                self.constants.PLUGIN_OPTIONS_NULL,
            )
            for index, value in enumerate(plugin.params.values()):
                lib.carla_set_parameter_value(handle, plugin_id, index, value)
                lib.carla_get_current_parameter_value(handle, plugin_id, index)
        self.told.clear()
        lib.carla_patchbay_refresh(handle, False)
        added = self.constants.ENGINE_CALLBACK_PATCHBAY_CLIENT_ADDED
        groups = [group for action, group, _, of, _ in self.told if action == added and of >= 0]
        chain = [1, *groups[-PLUGINS:], 2]
        for left, right in itertools.pairwise(chain):
            for side in (0, 1):
                assert lib.carla_patchbay_connect(handle, False, left, PORT_OUT + side, right, PORT_IN + side)
        self.read()

    def clear(self) -> None:
        """Unload everything."""
        self.host.remove_all_plugins()
        self.host.engine_idle()

    def _heard(
        self, _ptr: object, action: int, plugin: int, one: int, two: int, _three: int, _value: float, text: bytes | None
    ) -> None:
        self.told.append((action, plugin, one, two, text.decode() if text else None))


def compiled(folder: Path) -> Session:
    """Return the session of the hundred plugins."""
    path = folder / "hundred.yaml"
    path.write_text(manifest(), encoding="utf-8")
    return compile_session(load(path), choose.catalogue("carla", folder))


def proved(studio: LocalStudio, session: Session) -> None:
    """Look, plan, execute, look, plan again: an apply."""
    plan = look_and_plan(studio, session)
    outcomes = studio.execute(plan.actions, lambda _: None)
    assert all(outcome.status == "done" for outcome in outcomes), [one for one in outcomes if one.error][:1]
    assert look_and_plan(studio, session).empty


def look_and_plan(studio: LocalStudio, session: Session) -> Plan:
    """Return the plan of the studio as it is."""
    return reconcile(session, studio.observe(), ours_already(session), Policy())


def ours_already(session: Session) -> Baseline:
    """Return what the last apply left: all of it."""
    return Baseline(session.plugins, session.links, declares=session.declares)


def ours(server: str, folder: Path) -> dict[str, object]:
    """An apply from nothing, and a plan of what is there already beside a bare read of it."""
    session = compiled(folder)
    settings = EngineSettings(mode="patchbay")
    studio = choose.build("carla", prefix="", server=server, servers=folder, settings=settings)
    bare = Bare(server)
    applies, plans, anew, reads = [], [], [], []
    for _ in range(ROUNDS):
        studio.host.remove_all()
        studio.idle()
        applies.append(timed(lambda: proved(studio, session)))
    memory = rss_mb()
    for _ in range(ROUNDS * 4):
        reads.append(timed(bare.read))
        # The host has ears too: after the bare read, in which Carla tells all it has, it looks at everything anew.
        anew.append(timed(lambda: look_and_plan(studio, session)))
        plans.append(timed(lambda: look_and_plan(studio, session)))
    changed = msgspec.structs.replace(session.plugins["p50"], params={**session.plugins["p50"].params, "output": 0.25})
    one = msgspec.structs.replace(session, plugins={**session.plugins, "p50": changed})
    calls = [msgspec.to_builtins(action.call) for action in look_and_plan(studio, one).actions]
    studio.close()
    return {"apply": applies, "plan": plans, "anew": anew, "read": reads, "rss_mb": memory, "one_parameter": calls}


def by_hand(server: str, folder: Path) -> dict[str, object]:
    """The same calls in a bare script, and Carla's own loading of the project that comes of it."""
    session = compiled(folder)
    bare = Bare(server)
    bare.start()
    builds, loads = [], []
    project = str(folder / "hundred.carxp")
    for _ in range(ROUNDS):
        bare.clear()
        builds.append(timed(lambda: bare.build(session)))
    assert bare.host.save_project(project)
    for _ in range(ROUNDS):
        bare.clear()
        loads.append(timed(lambda: bare.host.load_project(project)))
    assert bare.host.get_current_plugin_count() == PLUGINS
    bare.host.engine_close()
    return {"build": builds, "load": loads}


def alone(server: str, folder: Path) -> dict[str, object]:
    """Carla with that project and nothing else."""
    bare = Bare(server)
    bare.start()
    assert bare.host.load_project(str(folder / "hundred.carxp"))
    assert bare.host.get_current_plugin_count() == PLUGINS
    memory = rss_mb()
    bare.host.engine_close()
    return {"rss_mb": memory}


if __name__ == "__main__":
    role, server, folder = sys.argv[1:]
    result = {"ours": ours, "by-hand": by_hand, "alone": alone}[role](server, Path(folder))
    print(json.dumps(result))
