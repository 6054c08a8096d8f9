"""What nobody declares and an apply must not lose: carried through a replacement, a new name, a restart.

A plugin put in the place of another starts at its defaults, and a restarted engine is empty. What was dialled in by
hand, and plugins and links that nobody declares, are then wanted as they were: :func:`held` notes them, before anything
is touched, and :func:`wanting` adds them to what the manifest asks for. From there on they are planned, set, read back
and proved as everything else. The note is part of the claims, so that an apply that breaks off is taken up again with
the very values of before.
"""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from reconciler.model.catalogue import REFERENCE_RATE, Direction, Kind
from reconciler.model.conform import conform, limits
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Link, MidiMap, Observed, Plugin, Port
from reconciler.planning.plan import Baseline, Carried, Policy
from reconciler.session.session import Session


def held(session: Session, observed: Observed, baseline: Baseline, policy: Policy, *, restarts: bool) -> Carried:
    """Return what the plan of these takes out of the engine and must bring back, as it is now.

    Parameters
    ----------
    session, observed, baseline, policy
        As for :func:`reconciler.planning.reconcile.reconcile`.
    restarts
        The engine restarts, so that everything is taken out; else only what cannot stay in its place.
    """
    names = _new_names(session, observed)
    plugins = {
        name: plugin for name, plugin in baseline.carried.plugins.items() if _stays(name, session, baseline, policy)
    }
    moved: set[str] = set()
    settled = not (restarts or names) and baseline.declares == session.declares
    for old, current in observed.plugins.items():
        if (  # the cheapest "it stays as it is" there is, of hundreds of plugins in which nothing changed
            settled
            and (want := session.plugins.get(old)) is not None
            and current.plugin == want.plugin
            and current.bridge is want.bridge
            and current.state == want.state
            and not want.options
        ):
            continue
        name = names.get(old, old)
        want = session.plugins.get(name)
        if want is None:
            if restarts and _stays(old, session, baseline, policy):
                plugins.setdefault(name, _cleaned(current, name))
                moved.add(old)
            continue
        ours = baseline.plugins.get(old)
        in_place = (old == name or observed.engine.capabilities.rename) and stays(session, current, want, ours)
        if restarts or not in_place:
            plugins.setdefault(name, _undeclared(session, current, want, ours))
            moved.add(old)
    if not moved and not plugins:
        return Carried()
    return Carried(plugins, frozenset(_links(observed, baseline, policy, names, moved)) | baseline.carried.links)


def wanting(session: Session, carried: Carried, observed: Observed) -> Session:
    """Return the session with all that is carried asked for too, where the manifest says nothing else."""
    if not carried.plugins:
        return session
    rate_hz = (observed.jack and observed.jack.sample_rate) or REFERENCE_RATE
    plugins = dict(session.plugins)
    for name, source in carried.plugins.items():
        want = session.plugins.get(name)
        if want is None:  # and nobody knows where its state file was; what that had set is in the values
            plugins[name] = msgspec.structs.replace(source, state=None)
            continue
        heir = _heir(session, source, want, rate_hz)
        current = observed.plugins.get(name)
        if current is not None and current.plugin == want.plugin:
            heir = _without(heir, want, session.ignored.get(name, ()))  # it is there, and so somebody else's again
        plugins[name] = heir
    return msgspec.structs.replace(session, plugins=plugins)


def links(session: Session, carried: Carried, ports: Mapping[str, Port]) -> frozenset[Link]:
    """Return the carried links of which both ends exist among ``ports``, or will."""
    return frozenset(
        link
        for link in carried.links
        if _has_port(session, carried, ports, link.source, Direction.OUT)
        and _has_port(session, carried, ports, link.target, Direction.IN)
    )


def must_be_anew(session: Session, current: Plugin, want: Plugin, ours: Plugin | None) -> str | None:
    """Return why a plugin has to be loaded anew to become what is declared, None if it need not be."""
    if current.bridge is not want.bridge:
        return "into a process of its own" if want.bridge else "back into its host's process"
    stereo = want.options.get(FORCE_STEREO)
    if stereo is None and ours is not None and FORCE_STEREO in ours.options:
        stereo = current.rest_options.get(FORCE_STEREO)
    if stereo is not None and current.options.get(FORCE_STEREO, stereo) != stereo:
        return "into stereo" if stereo else "back to mono"
    if want.state is None and current.state is not None and ours is not None and ours.state is not None:
        ignored = "state" in session.ignored.get(want.name, ())
        return None if ignored else "its state is no longer in the manifest"
    return None


def stays(session: Session, current: Plugin, want: Plugin, ours: Plugin | None) -> bool:
    """Whether a plugin that runs can become what is declared without being loaded anew."""
    return current.plugin == want.plugin and must_be_anew(session, current, want, ours) is None


def summary(want: Plugin, heir: Plugin) -> str | None:
    """Say what a plugin gets beyond what is declared: ``keeps q, mix.volume``."""
    kept = sorted(heir.params.keys() - want.params.keys())
    for word, ours, theirs in (
        ("mix", want.mix, heir.mix),
        ("midi", want.midi, heir.midi),
        ("options", want.options, heir.options),
        ("custom_data", want.custom_data, heir.custom_data),
    ):
        kept += [f"{word}.{key}" for key in sorted(theirs.keys() - ours.keys())]
    if heir.program != want.program:
        kept.insert(0, "its program")
    if not kept:
        return None
    return "keeps " + ", ".join(kept[:4]) + (f" and {len(kept) - 4} more" if len(kept) > 4 else "")


def _new_names(session: Session, observed: Observed) -> dict[str, str]:
    """Return the renames that are still to do, by the old name."""
    have = observed.plugins
    return {
        old: new for old, new in session.moved.items() if new in session.plugins and old in have and new not in have
    }


def _stays(name: str, session: Session, baseline: Baseline, policy: Policy) -> bool:
    """Whether the session asks for it, or it is nobody's and the policy lets it be."""
    return name in session.plugins or (name not in baseline.plugins and policy.unmanaged != "prune")


def _cleaned(current: Plugin, name: str) -> Plugin:
    """Return a plugin as it can be asked for anew: no NaN that somebody else's program put in, nothing at rest."""
    return msgspec.structs.replace(
        current,
        name=name,
        params={symbol: value for symbol, value in current.params.items() if math.isfinite(value)},
        mix={key: value for key, value in current.mix.items() if value != MIX[key].default},
        options={key: on for key, on in current.options.items() if on is not current.rest_options.get(key, not on)},
        rest_options={},
    )


def _undeclared(session: Session, current: Plugin, want: Plugin, ours: Plugin | None) -> Plugin:
    """Return the plugin as it is, but what was ours and is declared no more at rest, where that line left it."""
    source = _cleaned(current, want.name)
    if ours is None:
        return source
    rest = session.rest.get(want.name, {})
    program, state, params = source.program, source.state, source.params
    if (want.program is None and ours.program is not None) or (want.state is None and ours.state is not None):
        program, state, params = None, None, {}  # with them goes everything they had set
    dropped = ours.params.keys() - want.params.keys()
    return msgspec.structs.replace(
        source,
        program=program,
        state=state,
        params={symbol: rest.get(symbol, value) if symbol in dropped else value for symbol, value in params.items()},
        mix=_kept(source.mix, ours.mix, want.mix),
        midi=_kept(source.midi, ours.midi, want.midi),
        options=_kept(source.options, ours.options, want.options),
        custom_data=_kept(source.custom_data, ours.custom_data, want.custom_data),
    )


def _kept(values: dict[str, Any], ours: dict[str, Any], declared: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in ours or key in declared}


def _heir(session: Session, source: Plugin, want: Plugin, rate_hz: float) -> Plugin:
    """Return what the manifest asks of a plugin, and behind it what it takes over from its predecessor."""
    alike = source.plugin == want.plugin
    other_program = want.program not in (None, source.program) or want.state not in (None, source.state)
    params = {} if other_program else _params(session, source, want, rate_hz)
    mix = {key: value for key, value in source.mix.items() if alike or _mixes(session, want.name, key)}
    return msgspec.structs.replace(
        want,
        active=source.active if "active" in session.ignored.get(want.name, ()) else want.active,
        program=source.program if alike and not other_program else want.program,
        params={**params, **want.params},
        mix={**mix, **want.mix},
        midi={**_midi(session, source, want, rate_hz), **want.midi},
        options={**source.options, **want.options} if alike else want.options,
        custom_data={**source.custom_data, **want.custom_data} if alike else want.custom_data,
    )


def _params(session: Session, source: Plugin, want: Plugin, rate_hz: float) -> dict[str, float]:
    """Return the values that both have, as the new one takes them; what is where it would be anyway is left out."""
    bounds = session.bounds.get(want.name)
    rest = session.rest.get(want.name, {})
    switch = session.switched.get(want.name, ())
    alike = source.plugin == want.plugin
    moved = alike and (source.program is not None or source.state is not None)
    carried: dict[str, float] = {}
    for symbol, value in source.params.items():
        if (
            symbol in want.params
            or symbol in switch
            or (bounds is not None and symbol not in bounds)
            or (bounds is None and not alike)
        ):
            continue
        kept = value if alike or bounds is None else conform(bounds[symbol], value, rate_hz)
        if moved or kept != rest.get(symbol):
            carried[symbol] = kept
    return carried


def _midi(session: Session, source: Plugin, want: Plugin, rate_hz: float) -> dict[str, MidiMap]:
    if source.plugin == want.plugin:
        return source.midi
    bounds = session.bounds.get(want.name, {})
    carried: dict[str, MidiMap] = {}
    for symbol, follows in source.midi.items():
        if symbol in bounds and follows.source == "cv":
            carried[symbol] = follows  # its range is of voltages
        elif symbol in bounds:
            low, high = limits(bounds[symbol], rate_hz)
            edges = {"low": min(max(follows.low, low), high), "high": min(max(follows.high, low), high)}
            carried[symbol] = msgspec.structs.replace(follows, **edges)
    return carried


def _mixes(session: Session, name: str, key: str) -> bool:
    """Whether a value around the plugin does anything to it, by the rule of Carla's ``reload`` of every format."""
    audio = [port for port in session.ports.get(name, ()) if port.kind is Kind.AUDIO]
    ins = sum(port.direction is Direction.IN for port in audio)
    outs = len(audio) - ins
    match key:
        case "dry_wet":
            return outs > 0 and ins in (1, outs)
        case "volume":
            return outs > 0
        case "balance_left" | "balance_right":
            return outs >= 2 and outs % 2 == 0
        case "control_channel":
            return True
        case _:
            return False


def _without(heir: Plugin, want: Plugin, ignored: tuple[str, ...]) -> Plugin:
    def visible(word: str, values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if f"{word}.{key}" not in ignored}

    if not ignored:
        return heir
    return msgspec.structs.replace(
        heir,
        active=want.active if "active" in ignored else heir.active,
        program=want.program if "program" in ignored else heir.program,
        params=visible("params", heir.params),
        mix=visible("mix", heir.mix),
        midi=visible("midi", heir.midi),
        options=visible("options", heir.options),
        custom_data=visible("custom_data", heir.custom_data),
    )


def _links(
    observed: Observed, baseline: Baseline, policy: Policy, names: dict[str, str], moved: set[str]
) -> list[Link]:
    """Return the links that nobody declared and that lose an end."""

    def renamed(port: str) -> str:
        node, _, rest = port.partition(":")
        return f"{names[node]}:{rest}" if node in names else port

    return [
        Link(renamed(link.source), renamed(link.target))
        for link in observed.links
        if (_node(link.source) in moved or _node(link.target) in moved)
        and link not in baseline.links
        and policy.unmanaged != "prune"
    ]


def _has_port(session: Session, carried: Carried, ports: Mapping[str, Port], port: str, direction: Direction) -> bool:
    node, _, symbol = port.partition(":")
    if node in session.ports and node in session.plugins:
        if any(one.symbol == symbol and one.direction is direction for one in session.ports[node]):
            return True
        follows = carried.plugins[node].midi.get(symbol) if node in carried.plugins else None
        return direction is Direction.IN and follows is not None and follows.source == "cv"
    if node in session.plugins or node in carried.plugins:
        return True  # of a kind that only the host knows, and the same as before
    return port in ports


def _node(port: str) -> str:
    return port.partition(":")[0]
