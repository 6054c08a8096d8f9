"""Carla by itself, without a line of ours: a child process that loads libcarla and makes the calls it is told.

What Carla saves and loads here is the measure of what we read and write.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from reconciler.engines.carla.library import Installation

MULTIPLE_CLIENTS, PATCHBAY = 1, 3
"""Process modes of CarlaBackend.h."""

INTERNAL, LADSPA, DSSI, LV2, VST2, VST3, SF2, SFZ, CLAP = 1, 2, 3, 4, 5, 6, 10, 11, 14
"""Plugin types of CarlaBackend.h."""

_SCRIPT = """
import json, os, sys, time
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
order = json.load(sys.stdin)
sys.path.insert(0, order["wrapper"])
import carla_backend as backend
host = backend.CarlaHostDLL(order["library"], False)
events = []
def heard(_, action, number, v1, v2, v3, vf, text):
    events.append((action, number, v1, v2, (text or b"").decode()))
host.set_engine_callback(heard)
option = host.set_engine_option
option(backend.ENGINE_OPTION_PATH_BINARIES, 0, os.path.dirname(order["library"]))
option(backend.ENGINE_OPTION_PATH_RESOURCES, 0, order["wrapper"] + "/resources")
option(backend.ENGINE_OPTION_PROCESS_MODE, order["mode"], "")
option(backend.ENGINE_OPTION_TRANSPORT_MODE, backend.ENGINE_TRANSPORT_MODE_INTERNAL, "")
option(backend.ENGINE_OPTION_AUDIO_DEVICE, 0, "Auto-Connect OFF")
option(backend.ENGINE_OPTION_OSC_ENABLED, 0, "")
assert host.engine_init("JACK", order["client"]), host.get_last_error()
def wait(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        host.engine_idle()
        time.sleep(0.01)
def add(kind, name, label, file=None, extra=None):
    import ctypes
    extra = ctypes.cast(ctypes.c_char_p(extra.encode()), ctypes.c_void_p) if extra else None
    ok = host.add_plugin(backend.BINARY_NATIVE, kind, file, name, label, 0, extra, backend.PLUGIN_OPTIONS_NULL)
    assert ok, host.get_last_error()
    wait(0.05)
def link(source, target, outside=False):
    # By the names that Carla tells, "group:port": within its patchbay, or outside, in JACK.
    del events[:]
    host.patchbay_refresh(outside)
    wait(0.1 if outside else 0)
    groups = {n: t for a, n, _, _, t in events if a == backend.ENGINE_CALLBACK_PATCHBAY_CLIENT_ADDED}
    ports = {(groups[n] + ":" + t, bool(f & 1)): (n, p) for a, n, p, f, t in events
             if a == backend.ENGINE_CALLBACK_PATCHBAY_PORT_ADDED}
    assert (source, False) in ports and (target, True) in ports, sorted(ports)
    assert host.patchbay_connect(outside, *ports[source, False], *ports[target, True]), host.get_last_error()
def values(plugin):
    return {host.get_parameter_info(plugin, i)["name"]: host.get_current_parameter_value(plugin, i)
            for i in range(host.get_parameter_count(plugin))}
def names():
    return [host.get_plugin_info(i)["name"] for i in range(host.get_current_plugin_count())]
own = {"wait": wait, "add": add, "link": link, "values": values, "names": names}
told = []
for step, *arguments in order["steps"]:
    told.append((own.get(step) or getattr(host, step))(*arguments))
    wait(0.02)
host.engine_close()
json.dump(told, out)
out.close()
os._exit(0)
"""


def run(carla: Installation, server: str, mode: int, *steps: list[Any], client: str = "Carla") -> list[Any]:
    """Make the calls in a Carla of its own and return what each one gave.

    A step is the name of a method of Carla's own wrapper (or ``add``, ``link``, ``values``, ``names``, ``wait``) and
    its arguments.
    """
    import os

    order = {
        "library": str(carla.library),
        "wrapper": str(carla.wrapper.parent),
        "mode": mode,
        "client": client,
        "steps": steps,
    }
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "JACK_DEFAULT_SERVER": server, "JACK_NO_START_SERVER": "1"},
    )
    assert done.returncode == 0, done.stderr
    told: list[Any] = json.loads(done.stdout)
    return told


def load(path: Path) -> list[list[Any]]:
    """Return the steps that load a project into an empty Carla."""
    return [["remove_all_plugins"], ["load_project", str(path)], ["wait", 0.3]]
