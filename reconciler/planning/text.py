"""A plan as text: one line a change, the same on every machine (colour is the terminal's business)."""

import math
from collections.abc import Callable, Iterator

import msgspec

from reconciler.model.actions import (
    Action,
    AddPlugin,
    Connect,
    Disconnect,
    LoadState,
    MapMidi,
    RemoveAll,
    RemovePlugin,
    RenamePlugin,
    ReplacePlugin,
    RestartEngine,
    RestartServer,
    SetActive,
    SetCustomData,
    SetEngine,
    SetMix,
    SetOption,
    SetParam,
    SetPeriod,
    SetProgram,
    StartServer,
)
from reconciler.model.catalogue import Unit
from reconciler.model.errors import Where
from reconciler.model.resources import CustomData, EngineSettings, JackSettings, MidiMap
from reconciler.model.values import text as number
from reconciler.planning.plan import Act, Change, Interrupts, Plan, Quarantined

Paint = Callable[[str, str], str]
"""Takes text and one of the words add, change, remove, dim, warn, bad, bold; returns what to print."""

_MARKS = {Act.CREATE: "+", Act.UPDATE: "~", Act.DELETE: "-", Act.RENAME: ">", Act.REPLACE: "!"}
_STYLES = {
    Act.CREATE: "add",
    Act.UPDATE: "change",
    Act.DELETE: "remove",
    Act.RENAME: "change",
    Act.REPLACE: "remove",
}
_WIDEST_COLUMN = 44


def plain(text: str, _style: str) -> str:
    """Paint nothing."""
    return text


def render(plan: Plan, paint: Paint = plain, *, explain: bool = False) -> str:
    """Return the plan as a person reads it; with ``explain`` also the very actions the executor would run."""
    lines = [paint(f"{plan.session}: {headline(plan)}", "bold")]
    rows = [(change, change.address, detail(change)) for change in plan.changes]
    width = min(max((len(address) for _, address, _ in rows), default=0), _WIDEST_COLUMN)
    if rows:
        lines.append("")
    for change, address, said in rows:
        line = f"  {paint(_MARKS[change.action], _STYLES[change.action])} {address:<{width}}  {said}".rstrip()
        lines.append(line + _place(change.origin, paint))
    lines.extend(_others(plan, paint))
    if plan.changes and not plan.refused:
        lines += ["", f"sound: {_interruptions(plan)}"]
    if explain and plan.actions:
        lines += ["", paint("calls, in this order:", "bold")]
        lines += [f"  {action.id:>3} {call_text(action):<60} {paint(action.cause, 'dim')}" for action in plan.actions]
    return "\n".join(lines)


def headline(plan: Plan) -> str:
    """Return the plan in a few words: ``2 to create, 1 to update``."""
    words = [f"{count} to {word}" for word, count in plan.summary.items() if word in list(Act)]
    rest = [f"{plan.summary[word]} {word}" for word in ("pending", "quarantined", "unmanaged") if word in plan.summary]
    if plan.refused:
        rest.append(f"{len(plan.refused)} refused, so nothing of it is applied")
    elif not words:
        words = ["in sync, nothing to do"]
    return ", ".join(words + rest)


def _others(plan: Plan, paint: Paint) -> Iterator[str]:
    if plan.pending:
        yield ""
        yield paint("waiting for a port:", "warn")
        for wait in plan.pending:
            hint = f" ({wait.hint})" if wait.hint else ""
            yield f"  {wait.address}  waits for {wait.waits_for}{hint}" + _place(wait.origin, paint)
    if plan.quarantined:
        yield ""
        yield paint("left out:", "bad")
        for one in plan.quarantined:
            yield f"  plugins.{one.name}  {left_out(one)}" + _place(one.origin, paint)
    if plan.unmanaged:
        yield ""
        yield paint("not in the manifest, left alone (policy.unmanaged: prune removes it):", "warn")
        for address in plan.unmanaged:
            yield f"  {address}"
    if plan.refused:
        yield ""
        yield paint("refused:", "bad")
        for refusal in plan.refused:
            yield f"  {refusal.address}  {refusal.message}" + _place(refusal.origin, paint)
            if refusal.hint:
                yield f"      {refusal.hint}"


def left_out(one: Quarantined) -> str:
    """Return why a plugin is left out, and the ways back."""
    ways = f"`studio apply --retry {one.name}` lets it in" + (", or `bridge: true`" if not one.bridge else "")
    return f"it took its host down ({one.since}, while {one.doing}); {ways}"


def detail(change: Change) -> str:
    """Return what a change's line says behind its address."""
    match change.action:
        case Act.CREATE if change.address.startswith("links."):
            said = ""
        case Act.CREATE:
            said = _whole(change.after)
        case Act.REPLACE:
            said = f"{_whole(change.before)} -> {_whole(change.after)}"
        case Act.RENAME:
            said = f"was {change.before}"
        case Act.DELETE:
            said = ""
        case Act.UPDATE:
            short = _SHORT.get(change.address.split(".")[2], shown) if change.address.count(".") == 2 else shown
            said = f"{short(change.before, change.unit)} -> {short(change.after, change.unit)}"
    return "  ".join(part for part in (said, change.reason and f"({change.reason})") if part)


def shown(value: object, unit: str | None = None) -> str:
    """Return a value with its unit; linear gain is shown in dB, as people say it."""
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case int() | float() if unit == Unit.GAIN:
            return f"{number(round(20 * math.log10(value), 2))} dB" if value > 0 else "-inf dB"
        case int() | float():
            return f"{number(value)} {unit}" if unit else number(value)
        case CustomData():
            return value.value if len(value.value) <= _WIDEST_COLUMN else f"{value.value[:_WIDEST_COLUMN]}..."
        case MidiMap():
            what = f"cc {value.number}" if value.source == "cc" else value.source
            return f"{what} channel {value.channel + 1} {number(value.low)}..{number(value.high)}"
        case dict():
            return ", ".join(f"{key} {shown(item)}" for key, item in value.items()) or "none"
        case tuple() | list():
            return ":".join(str(item) for item in value)
        case _:
            return str(value)


def _preset(uri: object, _unit: str | None) -> str:
    """Return the end of a preset's URI, where its name is."""
    return str(uri).rpartition("#")[2].rpartition("/")[2] if uri else "none"


def _digest(digest: object, _unit: str | None) -> str:
    """Return the beginning of a state's digest, enough to tell two apart."""
    return str(digest)[:8] if digest else "none"


_SHORT = {"program": _preset, "state": _digest}


def _whole(value: object) -> str:
    match value:
        case {"plugin": str() as plugin, **rest}:
            maps = (rest.get(word) for word in ("params", "options", "custom_data"))
            count = sum(len(values) for values in maps if isinstance(values, dict))
            extra = [
                f"{count} set" if count else "",
                f"state {str(rest['state'])[:8]}" if "state" in rest else "",
                "bridged" if "bridge" in rest else "",
                "off" if "active" in rest else "",
            ]
            notes = ", ".join(note for note in extra if note)
            return f"{plugin} ({notes})" if notes else plugin
        case _:
            return shown(value)


def _place(origin: Where | None, paint: Paint) -> str:
    return f"  {paint(f'{origin.file}:{origin.line}', 'dim')}" if origin and origin.file else ""


def _interruptions(plan: Plan) -> str:
    worst = max((change.interrupts for change in plan.changes), key=list(Interrupts).index)
    match worst:
        case Interrupts.NONE:
            return "nothing is interrupted"
        case Interrupts.PATH:
            nodes = sorted({node for change in plan.changes for node in _nodes(change)} - {"system"})
            return f"only the paths through {', '.join(nodes)} are touched"
        case Interrupts.AT_RISK:
            nodes = sorted({node for change in plan.changes for node in _nodes(change)} - {"system"})
            touched = f"the paths through {', '.join(nodes)} are touched"
            return f"{touched}; any other of the same engine may lose one block (about 1 in 100 changes)"
        case Interrupts.ENGINE:
            return "the plugin host restarts"
        case Interrupts.SERVER:
            return "the JACK server starts, restarts or changes its period: everything pauses"


def _nodes(change: Change) -> list[str]:
    if change.interrupts not in {Interrupts.PATH, Interrupts.AT_RISK}:
        return []
    kind, _, rest = change.address.partition(".")
    if kind == "links":
        return [port.partition(":")[0] for port in rest.split("->")]
    return [rest]


def call_text(action: Action) -> str:
    """Return one call as a short sentence."""
    match action.call:
        case StartServer(settings):
            return f"start JACK {_settings(settings)}".rstrip()
        case RestartServer(settings):
            return f"restart JACK {_settings(settings)}".rstrip()
        case SetPeriod(frames):
            return f"set the period to {frames} frames"
        case RestartEngine(settings):
            said = ", ".join(f"{key} {value}" for key, value in _asked(settings))
            return f"restart the plugin host's engine {said}".rstrip()
        case SetEngine(key, value):
            return f"set the engine's {key} = {shown(value)}"
        case AddPlugin(name, plugin, bridge, stereo):
            return f"load {name} = {plugin}{' in a bridge' * bridge}{' in stereo' * stereo}"
        case ReplacePlugin(name, plugin, bridge, stereo):
            return f"replace {name} by {plugin}{' in a bridge' * bridge}{' in stereo' * stereo}"
        case RemoveAll():
            return "unload every plugin"
        case RemovePlugin(name):
            return f"unload {name}"
        case RenamePlugin(name, to):
            return f"rename {name} to {to}"
        case SetActive(name, active):
            return f"switch {name} {'on' if active else 'off'}"
        case SetProgram(name, program):
            return f"load program {program} into {name}" if program else f"put {name} back to its defaults"
        case SetParam(name, symbol, value):
            return f"set {name} {symbol} = {number(value)}"
        case SetMix(name, key, value):
            return f"set {name} {key} = {number(value)}"
        case MapMidi(name, symbol, follows):
            return f"let {name} {symbol} follow {shown(follows)}"
        case SetOption(name, key, value):
            return f"switch {key} of {name} {'on' if value else 'off'}"
        case SetCustomData(name, key, data):
            return f"set {name} {key} = {data.value}"
        case LoadState(name, path, _):
            return f"load the state {path} into {name}"
        case Connect(source, target):
            return f"connect {source} -> {target}"
        case Disconnect(source, target):
            return f"disconnect {source} -> {target}"


def _asked(settings: EngineSettings) -> list[tuple[str, object]]:
    return [(key, value) for key, value in msgspec.structs.asdict(settings).items() if value not in (None, {})]


def _settings(settings: JackSettings) -> str:
    said = (settings.driver, settings.device, settings.sample_rate, settings.period)
    return " ".join(str(part) for part in said if part is not None)
