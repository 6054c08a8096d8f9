"""What every plugin host says when it refuses: one code and one wording, whichever host it is."""

import difflib
import math
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from reconciler.model.catalogue import Catalogue, PluginType, PresetInfo
from reconciler.model.custom import FILES
from reconciler.model.errors import EngineError, Unavailable, Where
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Capabilities, CustomData


def client_name(prefix: str, name: str, capabilities: Capabilities) -> str:
    """Return the JACK client name of a plugin, or refuse a name that no JACK server would grant as it is.

    jackd2 refuses what is too long, newer jalv cuts it silently, Carla turns ``:`` and ``/`` into dots: each would
    leave a studio in which the plugin is not found under its name.

    Raises
    ------
    EngineError
        ``bad-name``.
    """
    client = prefix + name
    size = len(client.encode())
    if not name or name != name.strip():
        why = "it is empty or has blanks at an end"
    elif ":" in client or "/" in client or any(unicodedata.category(letter).startswith("C") for letter in client):
        why = "it holds a colon, a slash or an invisible character"
    elif size > capabilities.name_bytes:
        why = f"with the prefix it takes {size} bytes, and {capabilities.name_bytes} are allowed"
    else:
        return client
    raise EngineError(
        "bad-name",
        f"No plugin can be called {client!r}: {why}.",
        where=plugin_at(name),
        hint="Choose a short name of letters, digits, blanks and dashes.",
    )


def finite(name: str, symbol: str, value: float) -> None:
    """Refuse NaN and infinity, which jalv would pass to the loudspeakers and Carla would store (both measured).

    Raises
    ------
    EngineError
        ``not-finite``.
    """
    if not math.isfinite(value):
        raise EngineError(
            "not-finite",
            f"{symbol} of {name} cannot be set to {value}: only ordinary numbers reach a plugin.",
            where=Where(address=f"plugins.{name}.params.{symbol}"),
        )


def no_such_plugin(name: str, names: Iterable[str]) -> EngineError:
    """Nothing runs under that name."""
    there = sorted(names)
    hint = _near(name, there) or (
        f"There are {', '.join(there)}." if there else "None runs; `studio apply` starts them."
    )
    return EngineError("no-such-plugin", f"No plugin named {name!r} is running.", where=plugin_at(name), hint=hint)


def name_taken(name: str, client: str) -> EngineError:
    """Another plugin, or a JACK client of somebody else, has the name."""
    return EngineError(
        "name-taken",
        f"The name {client!r} is taken by another JACK client, so the plugin {name!r} cannot have it.",
        where=plugin_at(name),
        hint="Close that client, choose another name, or set engine.prefix to keep sessions apart.",
    )


def no_such_parameter(name: str, symbol: str, known: PluginType) -> EngineError:
    """The plugin has no control input of that symbol."""
    return EngineError(
        "no-such-parameter",
        f"{name} ({known.name}) has no parameter {symbol!r}.",
        where=Where(address=f"plugins.{name}.params.{symbol}"),
        hint=_near(symbol, [info.symbol for info in known.parameters]),
    )


def preset(name: str, program: str, known: PluginType) -> PresetInfo:
    """Return the preset of that URI.

    Raises
    ------
    EngineError
        ``no-such-program``.
    """
    for candidate in known.presets:
        if candidate.uri == program:
            return candidate
    raise EngineError(
        "no-such-program",
        f"{name} ({known.name}) has no preset {program!r}.",
        where=Where(address=f"plugins.{name}.program"),
        hint=_near(program, [candidate.uri for candidate in known.presets]),
    )


def plugin_not_found(name: str, uri: str, catalogue: Catalogue) -> EngineError:
    """No such plugin is installed, as far as the catalogue or the host can see."""
    package = catalogue.package(uri)
    return EngineError(
        "plugin-not-found",
        f"The plugin {uri} of {name!r} is not installed.",
        where=plugin_at(name),
        hint=f"It is in the package {package}." if package else _near(uri, catalogue.uris()),
    )


def plugin_failed(name: str, uri: str, why: str, printed: Iterable[str] = ()) -> EngineError:
    """The plugin was found and would not run; ``printed`` is the end of what it said."""
    lines = list(printed)
    return EngineError(
        "plugin-failed",
        f"The plugin {uri} could not be loaded as {name!r}: {why}.",
        where=plugin_at(name),
        hint="Its last words: " + " | ".join(lines[-3:]) if lines else "It said nothing.",
        details={"plugin": uri, "printed": lines},
    )


def plugin_died(name: str, reason: str) -> EngineError:
    """The plugin's own process ended while something was asked of it."""
    return EngineError(
        "plugin-died",
        f"The plugin {name!r} died during the call: {reason}.",
        where=plugin_at(name),
        hint="Apply again to start it anew; if it dies again, replace it.",
    )


def unsupported(name: str, what: str, hint: str) -> EngineError:
    """A capability that the host lacks."""
    return EngineError("unsupported", f"{what} is not possible for {name!r} here.", where=plugin_at(name), hint=hint)


def has_option(name: str, key: str, options: Iterable[str]) -> None:
    """Refuse an option that the plugin does not have, and the one that cannot be changed once it runs.

    Raises
    ------
    EngineError
        ``unsupported``.
    """
    known = list(options)
    if key not in known:
        have = ", ".join(known) or "none"
        raise unsupported(name, f"Setting the option {key}", f"The options of this plugin are: {have}.")
    if key == FORCE_STEREO:
        raise unsupported(name, f"Changing {key} while it runs", "It takes effect when the plugin is loaded anew.")


def not_stereo(name: str) -> EngineError:
    """The host does not force this plugin to stereo."""
    hint = "Only plugins with one audio port on a side can be, and none that keep a state or send events."
    return unsupported(name, "Forcing stereo", hint)


def file_there(name: str, key: str, data: CustomData) -> None:
    """Refuse a named value that is a file which is not there; a host would keep it all the same (measured on Carla).

    Raises
    ------
    EngineError
        ``no-such-file``.
    """
    if data.type in FILES and not Path(data.value).is_file():
        raise EngineError(
            "no-such-file",
            f"{name}: there is no file {data.value}.",
            where=Where(address=f"plugins.{name}.custom_data.{key}"),
            hint="Bring the file back, or name another one.",
        )


def not_kept(name: str, address: str, asked: object, kept: object) -> EngineError:
    """The call went through, and reading back shows something else."""
    what = address.removeprefix(f"plugins.{name}").rpartition(".")[2]
    return EngineError(
        "not-kept",
        f"{f'{what} of {name}' if what else name}: asked for {_plain(asked)}, and reading back gives {_plain(kept)}.",
        where=Where(address=address),
        details={"asked": str(asked), "kept": str(kept)},
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def jack_gone(server: str | None) -> Unavailable:
    """No JACK server answers, so no plugin can be started."""
    named = f" {server!r}" if server else ""
    return Unavailable(
        "jack-gone",
        f"The JACK server{named} does not answer.",
        hint="Start it, or describe it under hardware.jack with `manage: start`.",
    )


def plugin_at(name: str) -> Where:
    """Return the address of a plugin."""
    return Where(address=f"plugins.{name}")


def _near(wrong: str, known: Iterable[str]) -> str | None:
    """Name the closest of the known ones, if one is close."""
    close = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else None
