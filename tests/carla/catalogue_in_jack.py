"""A program for tests: loads plugins into Carla, each a JACK client, and says what it finds of each as JSON.

Run with a JACK server, the folder of the catalogue's cache and URIs.
"""

import ctypes
import json
import os
import sys
import time
from pathlib import Path

import jack

from reconciler.engines.carla import library
from reconciler.engines.carla.catalogue import CarlaCatalogue


def main() -> None:
    """Answer on standard output, one line for each URI."""
    folder, *uris = sys.argv[1:]
    known = CarlaCatalogue(cache_dir=Path(folder))
    loaded = library.load()
    host, backend = loaded.host, loaded.backend
    for option, value, text in (
        (backend.ENGINE_OPTION_PATH_BINARIES, 0, str(loaded.installation.binaries)),
        (backend.ENGINE_OPTION_PATH_RESOURCES, 0, str(loaded.installation.resources)),
        (backend.ENGINE_OPTION_PROCESS_MODE, backend.ENGINE_PROCESS_MODE_MULTIPLE_CLIENTS, ""),
        (backend.ENGINE_OPTION_TRANSPORT_MODE, backend.ENGINE_TRANSPORT_MODE_JACK, ""),
        (backend.ENGINE_OPTION_AUDIO_DEVICE, 0, "Auto-Connect OFF"),
        (backend.ENGINE_OPTION_OSC_ENABLED, 0, ""),
    ):
        host.set_engine_option(option, value, text)
    assert host.engine_init("JACK", f"studio-test-{os.getpid()}"), host.get_last_error()
    look = jack.Client("look")
    for number, uri in enumerate(uris):
        loading, plugin = known.loading(uri), known.describe(uri)
        assert loading is not None
        assert plugin is not None
        extra = ctypes.c_char_p(loading.extra.encode()) if loading.extra else None
        added = host.add_plugin(
            backend.BINARY_NATIVE,
            loading.number,
            loading.file,
            f"p{number}",
            loading.label,
            loading.unique_id,
            extra,
            backend.PLUGIN_OPTIONS_NULL,
        )
        assert added, (uri, host.get_last_error())
        deadline = time.monotonic() + 5
        while len(found := look.get_ports(f"^p{number}:")) < len(plugin.ports) and time.monotonic() < deadline:
            host.engine_idle()
            time.sleep(0.005)
        info = host.get_plugin_info(0)
        answer = {
            "ports": sorted((port.shortname, port.is_output, port.is_midi) for port in found),
            "uri": known.uri_of(info["type"], info["filename"], info["label"], info["uniqueId"]),
            "values": {each.symbol: host.get_current_parameter_value(0, each.index) for each in plugin.parameters},
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        host.remove_plugin(0)
    look.close()
    host.engine_close()


if __name__ == "__main__":
    main()
