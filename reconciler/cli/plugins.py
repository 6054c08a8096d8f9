"""``studio plugins``: what is installed, and how to write it into a manifest."""

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.output import as_json, paint, say, say_json

if TYPE_CHECKING:
    from reconciler.engines.carla.catalogue import CarlaCatalogue
    from reconciler.engines.lv2.catalogue import Lv2Catalogue
    from reconciler.model.catalogue import ParameterInfo, PluginType, PortInfo

_SNIPPET_PARAMETERS = 8
"""How many parameters the manifest snippet shows: enough to see how it goes, few enough to read."""


@click.group(no_args_is_help=False)
def plugins() -> None:
    """Find installed plugins and see what can be set on them."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all of these have."""
    command = as_json(command)
    return click.option("--rescan", is_flag=True, help="Read every plugin again, not only what has changed.")(command)


@plugins.command()
@click.argument("words", nargs=-1, required=True, metavar="WORD...")
@_options
def search(words: tuple[str, ...], as_json: bool, rescan: bool) -> None:
    """List the plugins in whose name, URI, author or category every WORD occurs."""
    catalogue = _catalogue(rescan)
    found = catalogue.search([part for word in words for part in word.split()])
    if as_json:
        say_json({"plugins": [_summary(plugin) for plugin in found]})
        return
    if not found:
        say("No installed plugin matches.")
        return
    _print_table(
        ("NAME", "CATEGORY", "PORTS", "URI"),
        ((plugin.name, plugin.category or "", ports_in_short(plugin), plugin.uri) for plugin in found),
    )


@plugins.command(name="list")
@_options
def list_(as_json: bool, rescan: bool) -> None:
    """List every installed plugin, and what had to be left out."""
    catalogue = _catalogue(rescan)
    installed, broken = catalogue.installed(), catalogue.broken()
    if as_json:
        say_json({"plugins": installed, "broken": broken})
        return
    if installed:
        _print_table(("NAME", "CATEGORY", "URI"), ((each.name, each.category or "", each.uri) for each in installed))
    else:
        say("No plugin is installed. The small collections of Debian: apt install lsp-plugins-lv2 x42-plugins")
    if broken:
        say("\nInstalled, but left out:")
        for each in broken:
            say(f"  {each.subject or each.bundle}: {each.reason}")


@plugins.command()
@click.argument("plugin", metavar="URI|NAME")
@_options
def describe(plugin: str, as_json: bool, rescan: bool) -> None:
    """Show the parameters, ports and presets of one plugin, and how to write it into a manifest."""
    described = find(_catalogue(rescan), plugin)
    if as_json:
        say_json(described)
        return
    say(described.name)
    say(described.uri)
    made = " by ".join(filter(None, (described.category or "Plugin", described.author)))
    say(f"{made}, in {described.bundle}" if described.bundle else made)
    if described.ports:
        say("\nPorts")
        _print_table(
            ("SYMBOL", "NAME", "KIND", ""),
            ((port.symbol, port.name, f"{port.kind} {port.direction}", _remarks(port)) for port in described.ports),
            indent="  ",
        )
    if described.parameters:
        say("\nParameters")
        _print_table(
            ("SYMBOL", "NAME", "DEFAULT", "RANGE", "VALUES"),
            ((each.symbol, each.name, value(each, each.default), *_range(each)) for each in described.parameters),
            indent="  ",
        )
    if described.outputs:
        say("\nMeters and other outputs")
        _print_table(
            ("SYMBOL", "NAME", "RANGE", "VALUES"),
            ((each.symbol, each.name, *_range(each)) for each in described.outputs),
            indent="  ",
        )
    if described.presets:
        say("\nPresets")
        _print_table(("NAME", "URI"), ((preset.label, preset.uri) for preset in described.presets), indent="  ")
    say("\nIn a manifest")
    say(snippet(described))


def find(catalogue: "CarlaCatalogue | Lv2Catalogue", asked: str) -> "PluginType":
    """Return the plugin with that URI (``lv2:`` before it or not) or that name, whichever way it is capitalised.

    Raises
    ------
    StudioError
        ``plugin-not-installed``, ``plugin-broken``, ``plugin-ambiguous`` where several have that name, or
        ``bad-plugin`` for what cannot be one.
    """
    from reconciler.manifest.names import SCHEMES
    from reconciler.model.errors import StudioError

    uri = asked if asked.partition(":")[0] in SCHEMES else f"lv2:{asked}"
    plugin = catalogue.describe(uri)
    if plugin is not None:
        return plugin
    named = [found.uri for found in catalogue.installed() if found.name.casefold() == asked.casefold()]
    if len(named) > 1:
        raise StudioError(
            "plugin-ambiguous",
            f"{len(named)} plugins are called {asked}.",
            hint=f"Give the URI: {' or '.join(named)}",
            details={"uris": named},
        )
    plugin = catalogue.describe(named[0]) if named else None
    if plugin is None:
        raise catalogue.not_installed(uri if ":" in asked else asked)
    return plugin


def snippet(plugin: "PluginType") -> str:
    """Return a piece of manifest that loads the plugin with its first parameters at their defaults."""
    from reconciler.model.values import text

    name = re.sub(r"[^a-z0-9]+", "-", (plugin.category or re.split(r"[/#:]", plugin.uri)[-1]).lower()).strip("-")
    # In quotes if it is the path of somebody's sounds; plain if it is an ordinary URI.
    uri = plugin.uri if re.fullmatch(r"[!-~]+", plugin.uri) else json.dumps(plugin.uri, ensure_ascii=False)
    lines = ["plugins:", f"  {name or 'plugin'}:", f"    plugin: {uri}"]
    if plugin.presets:
        lines.append(f"    # program: {json.dumps(plugin.presets[0].label, ensure_ascii=False)}")
    settable = [each for each in plugin.parameters if each is not plugin.enabled][:_SNIPPET_PARAMETERS]
    if settable:
        lines.append("    params:")
    for each in settable:
        label = _label(each, each.default) if each.enumeration else None
        # In quotes, because YAML takes labels such as "Off" or "1" for something else.
        shown = text(each.default) if label is None else json.dumps(label, ensure_ascii=False)
        remark = ": ".join(filter(None, (each.name, *_range(each)))).replace("\n", " ")
        lines.append(f"      {each.symbol}: {shown}  # {remark}")
    return "\n".join(lines)


def ports_in_short(plugin: "PluginType") -> str:
    """Return what goes in and out, such as ``2 in, 2 out, sidechain, MIDI in``."""
    parts: list[str] = []
    for direction in ("in", "out"):
        count = sum(
            port.kind == "audio" and port.direction == direction and not port.sidechain for port in plugin.ports
        )
        if count:
            parts.append(f"{count} {direction}")
    if any(port.sidechain and port.kind == "audio" for port in plugin.ports):
        parts.append("sidechain")
    for kind, label in (("midi", "MIDI"), ("cv", "CV")):
        parts += [
            f"{label} {direction}"
            for direction in ("in", "out")
            if any(port.kind == kind and port.direction == direction for port in plugin.ports)
        ]
    return ", ".join(parts)


def value(parameter: "ParameterInfo", number: float) -> str:
    """Return a value as a musician reads it: with its unit, linear gain as dB, named values by name."""
    from reconciler.model.catalogue import Unit
    from reconciler.model.values import text

    label = _label(parameter, number) if parameter.enumeration else None
    if label is not None:
        return label
    if parameter.toggled:
        return "on" if number > 0 else "off"
    match parameter.unit:
        case Unit.GAIN:
            return f"{20 * math.log10(number):.4g} dB" if number > 0 else "-inf dB"
        case Unit.PERCENT:
            return f"{text(number)}%"
        case _:
            return f"{text(number)} {parameter.unit_symbol}" if parameter.unit_symbol else text(number)


def _range(parameter: "ParameterInfo") -> tuple[str, str]:
    """Return the range and the named values, each empty if there is none."""
    from reconciler.model.values import text

    named = [
        point.label if parameter.enumeration else f"{text(point.value)}={point.label}"
        for point in parameter.scale_points
    ]
    values = ", ".join(named)
    if parameter.enumeration and values:
        return "", values
    if parameter.toggled:
        return "off, on", values
    low = "" if parameter.minimum is None else value(parameter, parameter.minimum)
    high = "" if parameter.maximum is None else value(parameter, parameter.maximum)
    if not (low or high):
        return "", values
    rate = " at 48 kHz" if parameter.per_sample_rate else ""
    return f"{low or 'any'} .. {high or 'any'}{rate}", values


def _label(parameter: "ParameterInfo", number: float) -> str | None:
    """Return the name of a value if it has one that no other value has."""
    labels = [point.label for point in parameter.scale_points if point.value == number]
    if len(labels) != 1 or sum(point.label == labels[0] for point in parameter.scale_points) != 1:
        return None
    return labels[0]


def _remarks(port: "PortInfo") -> str:
    return ", ".join(word for word, said in (("sidechain", port.sidechain), ("optional", port.optional)) if said)


def _summary(plugin: "PluginType") -> dict[str, Any]:
    return {
        "uri": plugin.uri,
        "name": plugin.name,
        "author": plugin.author,
        "category": plugin.category,
        "bundle": plugin.bundle,
        "ports": ports_in_short(plugin),
    }


def _catalogue(rescan: bool) -> "CarlaCatalogue | Lv2Catalogue":
    """Return the catalogue of all that can be loaded here: every format where Carla is, else LV2."""
    from reconciler.engines.carla import library
    from reconciler.engines.carla.catalogue import CarlaCatalogue
    from reconciler.engines.lv2.catalogue import Lv2Catalogue

    catalogue = Lv2Catalogue() if library.find() is None else CarlaCatalogue(base=Path.cwd())
    catalogue.refresh(everything=rescan)
    if catalogue.cache_error is not None:
        click.echo(f"note: the plugin catalogue cannot be kept for the next time: {catalogue.cache_error}", err=True)
    return catalogue


def _print_table(head: Sequence[str], rows: Iterable[Sequence[str]], indent: str = "") -> None:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for number, row in enumerate(table):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = (indent + "  ".join(cells)).rstrip()
        say(paint(line, "dim") if number == 0 else line)
