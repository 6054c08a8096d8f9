"""Plugins: created, replaced, set, removed. Renames are next door in :mod:`reconciler.planning.renames`."""

import functools
from collections.abc import Iterator, Mapping

import msgspec

from reconciler.model.actions import (
    AddPlugin,
    LoadState,
    MapMidi,
    RemoveAll,
    RemovePlugin,
    ReplacePlugin,
    SetActive,
    SetMix,
    SetParam,
    SetProgram,
)
from reconciler.model.applications import SCHEME, parse
from reconciler.model.mix import MIX
from reconciler.model.options import FORCE_STEREO
from reconciler.model.resources import Engine, Link, Observed, Plugin
from reconciler.planning import controls
from reconciler.planning.builder import PlanBuilder, Stage, Step
from reconciler.planning.carrying import must_be_anew, summary
from reconciler.planning.facets import FACETS, NOWHERE, Facet
from reconciler.planning.lacks import lacks
from reconciler.planning.plan import Act, Baseline, Interrupts, Policy
from reconciler.planning.quarantine import leave_out
from reconciler.session.session import Session

_CHANNEL = "control_channel"
DROPPED = "no longer in the manifest"
PRUNED = "not in the manifest, policy prunes"
BACK = "back as it was before an apply that broke off"


class PluginPlanner:
    """Plans every plugin of one reconcile, and knows afterwards which links outlive it."""

    def __init__(self, builder: PlanBuilder, observed: Observed, baseline: Baseline, policy: Policy) -> None:
        self.builder = builder
        self.session: Session = builder.session
        self.engine: Engine = observed.engine
        self.have = observed.plugins
        self._observed = observed
        self.baseline = baseline
        self.policy = policy
        self.gone: set[str] = set()
        self.renamed: dict[str, str] = {}
        self.left_out: frozenset[str] = frozenset()
        """Names of plugins in quarantine."""
        self._added: dict[str, Step] = {}
        self._opened: dict[str, Step] = {}

    def run(self, *, as_asked: bool = False) -> None:
        """Find every difference; ``as_asked`` if :func:`all_as_asked` has found that there is none."""
        self._check_engine()
        have = self.have
        if as_asked and not self.policy.quarantined:
            if len(have) != len(self.session.plugins):
                self._remove()
            return
        declared = self.session.plugins
        if self.policy.quarantined:
            self.left_out = leave_out(self.builder, self.policy, have)
            declared = {name: want for name, want in declared.items() if name not in self.left_out}
        nothing_dropped = self.baseline.declares == self.session.declares
        every = ((have.get(name), want) for name, want in declared.items())
        for current, want in _differing(declared, have) if nothing_dropped else every:
            if current is None:
                self.create(want)
            elif current.plugin != want.plugin:
                self._replace(current, want)
            elif reason := must_be_anew(self.session, current, want, self.baseline.plugins.get(want.name)):
                self._replace(current, want, reason)
            else:
                self._update(current, want)
        if have.keys() != self.session.plugins.keys():
            self._remove()

    def created(self, *nodes: str) -> tuple[Step, ...]:
        """Return the steps that load these nodes in this very plan."""
        return tuple(self._added[node] for node in nodes if node in self._added)

    def needed(self, link: Link) -> tuple[Step, ...]:
        """Return the steps of this plan without which a link has no ports."""
        ends = (link.source, link.target)
        created = self.created(*(end.partition(":")[0] for end in ends))
        return created + tuple(self._opened[end] for end in ends if end in self._opened)

    def followed(self, links: frozenset[Link]) -> frozenset[Link]:
        """Return the observed links under the names that plugins have after the renames of this plan."""
        if not self.renamed:
            return links
        return frozenset(Link(self._follow(link.source), self._follow(link.target)) for link in links)

    def surviving(self, links: frozenset[Link]) -> frozenset[Link]:
        """Return the links, followed, that stand once plugins are created, replaced and removed."""
        # A stranger may have the name of a plugin that is still to come; its links are not the plugin's.
        lost = self.gone | (self._strangers & self._added.keys()) if self._added else self.gone
        if lost:
            links = frozenset(link for link in links if not _touches(link, lost))
        return links

    def _follow(self, port: str) -> str:
        node, _, rest = port.partition(":")
        return f"{self.renamed[node]}:{rest}" if node in self.renamed else port

    # -- what the host is, and what it cannot do ----------------------------------------------------------------------

    def _check_engine(self) -> None:
        engine, session = self.engine, self.session
        attached, attach = engine.attach or "none", session.attach or "none"
        compared = (
            ("host", engine.kind, session.host),
            ("prefix", engine.prefix, session.prefix),
            ("attach", attached, attach),
        )
        for key, runs, asks in compared:
            if asks not in (runs, "auto"):
                message = f'the session runs with engine.{key} "{runs}"; the manifest asks for "{asks}"'
                hint = "`studio down` stops it, the next apply starts it anew"
                self.builder.refuse("host-differs", f"engine.{key}", message, hint)

    def _check_loadable(self, want: Plugin) -> None:
        can, address = self.engine.capabilities, f"plugins.{want.name}"
        scheme = want.plugin.partition(":")[0]
        if scheme not in can.formats:
            message = f"{want.name}: {self.engine.kind} cannot load {scheme} plugins"
            self.builder.refuse("format-unsupported", address, message, f"it loads {', '.join(sorted(can.formats))}")

    def check_name(self, name: str) -> None:
        """Refuse a name that a client of somebody else has; JACK would not grant it."""
        client = self.engine.prefix + name
        if client in self._strangers:
            message = f'{name}: the name "{client}" is taken by another JACK client'
            hint = "close that client, choose another name, or set engine.prefix to keep sessions apart"
            self.builder.refuse("name-taken", f"plugins.{name}", message, hint)

    @functools.cached_property
    def _strangers(self) -> set[str]:
        nodes = {port.partition(":")[0] for port in self._observed.ports}
        return nodes - self._observed.plugins.keys()

    def _check_program(self, want: Plugin) -> None:
        if want.program is not None and not self.engine.capabilities.programs:
            message = f"{want.name}: {self.engine.kind} has no programs"
            address = f"plugins.{want.name}.program"
            self.builder.refuse("programs-unsupported", address, message, "take `program:` out")

    def _check_bypass(self, want: Plugin) -> None:
        if self.engine.capabilities.bypass or want.name in self.session.switched:
            return
        message = f"{want.name}: {self.engine.kind} cannot bypass it, as it has no switch of its own (lv2:enabled)"
        hint = "take it out of its chain instead"
        self.builder.refuse("bypass-unsupported", f"plugins.{want.name}.active", message, hint)

    def _check_facets(self, want: Plugin, current: Plugin | None) -> None:
        narrowed = self.session.narrowed.get(want.name, ())
        for word, message, hint in lacks(self.engine, want, current, narrowed):
            self.builder.refuse("unsupported", f"plugins.{want.name}.{word}", f"{want.name}: {message}", hint)

    def _check_leave(self, want: Plugin) -> None:
        """Refuse to start a program that a person has not let in: a manifest may come from anywhere."""
        program = parse(want.plugin) if want.plugin.startswith(f"{SCHEME}:") else None
        before = self.baseline.plugins.get(want.name)
        if program is None or self.policy.programs or (before is not None and before.plugin == want.plugin):
            return
        message = f"{want.name} would start a program on this machine: {program.command}"
        hint = "`studio apply --allow-programs`, if that is what you want"
        self.builder.refuse("program-needs-leave", f"plugins.{want.name}", message, hint)

    # -- one plugin ---------------------------------------------------------------------------------------------------

    def create(self, want: Plugin, *, needs: tuple[Step, ...] = (), told: bool = False) -> Step:
        """Load it and set everything declared, program first; ``told`` if its change is noted already."""
        cause = f"plugins.{want.name}"
        self._check_loadable(want)
        self._check_leave(want)
        self.check_name(want.name)
        if not told:
            back = BACK if want.name in self.baseline.carried.plugins else None
            self.builder.change(cause, Act.CREATE, None, _shown(want), reason=back)
        added = self.builder.step(Stage.PREPARE, _added(want), cause, needs)
        self._added[want.name] = added
        self._set_up(want, cause, (added,))
        return added

    def _set_up(self, want: Plugin, cause: str, needs: tuple[Step, ...]) -> None:
        name, step = want.name, self.builder.step
        self._check_facets(want, None)
        if want.state is not None and not self.is_ignored(name, "state"):
            step(Stage.PREPARE, LoadState(name, self.session.states[name], want.state), cause, needs)
        if want.program is not None and _CHANNEL in want.mix:  # a soundfont plays its program on that channel
            step(Stage.PREPARE, SetMix(name, _CHANNEL, want.mix[_CHANNEL]), cause, needs)
        if want.program is not None and not self.is_ignored(name, "program"):
            self._check_program(want)
            step(Stage.PREPARE, SetProgram(name, want.program), cause, needs)
        for facet in FACETS:
            for key, value in facet.of(want).items():
                if facet.call is not SetMix or key != _CHANNEL or want.program is None:
                    self._open(step(Stage.PREPARE, facet.call(name, key, value), cause, needs))
        if not want.active and not self._switch_declared(want) and not self.is_ignored(name, "active"):
            self._check_bypass(want)
            step(Stage.PREPARE, SetActive(name, want.active), cause, needs)

    def _replace(self, current: Plugin, want: Plugin, reason: str | None = None) -> None:
        cause = f"plugins.{want.name}"
        if self._guarded(want.name, f"{want.name} is protected and would be replaced"):
            return
        declared = self.builder.declared.plugins.get(want.name, want)
        after = _shown(declared)
        reason = "; ".join(filter(None, (reason, summary(declared, want)))) or None
        self.builder.change(cause, Act.REPLACE, current.plugin, after, reason=reason, interrupts=Interrupts.PATH)
        self.gone.add(want.name)
        if not self.engine.capabilities.replace:
            removed = self.builder.step(Stage.PREPARE, RemovePlugin(want.name), cause)
            self.create(want, needs=(removed,), told=True)
            return
        self._check_loadable(want)
        self._check_leave(want)
        replaced = self.builder.step(Stage.PREPARE, _replaced(want), cause)
        self._added[want.name] = replaced
        self._set_up(want, cause, (replaced,))

    def _update(self, current: Plugin, want: Plugin) -> None:
        name = want.name
        ours = self.baseline.plugins.get(name)
        self._check_facets(want, current)
        current, channel = self._move_channel(current, want, ours)
        loaded = self._update_state(current, want, ours) or channel
        if want.program != current.program or (loaded and want.program is not None):
            loaded = self._update_program(current, want, ours, loaded) or loaded
        for facet in FACETS:
            self._update_facet(facet, current, want, ours, loaded)
        if want.active != current.active and not self._switch_declared(want) and not self.is_ignored(name, "active"):
            self._check_bypass(want)
            self.builder.change(f"plugins.{name}.active", Act.UPDATE, current.active, want.active)
            self.builder.step(Stage.SETTINGS, SetActive(name, want.active), f"plugins.{name}.active")

    def _move_channel(self, current: Plugin, want: Plugin, ours: Plugin | None) -> tuple[Plugin, Step | None]:
        """Set a soundfont's channel before all else: it plays its program there, and on a new one has another.

        Returns the plugin as it is then, and the step, None if the channel stays or is nobody's.
        """
        name, have = want.name, current.mix.get(_CHANNEL)
        if not want.plugin.startswith("sf2:") or want.program is None or self.is_ignored(name, "program"):
            return current, None
        to, reason = want.mix.get(_CHANNEL), None
        if to is None and ours is not None and _CHANNEL in ours.mix and not self.is_ignored(name, f"mix.{_CHANNEL}"):
            to, reason = MIX[_CHANNEL].default, DROPPED
        if to is None or to == have:
            return current, None
        address = f"plugins.{name}.mix.{_CHANNEL}"
        self.builder.change(address, Act.UPDATE, have, to, reason=reason)
        step = self.builder.step(Stage.SETTINGS, SetMix(name, _CHANNEL, to), address)
        return msgspec.structs.replace(current, mix={**current.mix, _CHANNEL: to}), step

    def _update_state(self, current: Plugin, want: Plugin, ours: Plugin | None) -> Step | None:
        """Load the state file if another is declared, or for want of a program that is let go; None if neither."""
        name = want.name
        differs = want.state != current.state
        if want.state is None or self.is_ignored(name, "state"):
            return None
        if not differs and not self._program_dropped(current, want, ours):
            return None
        address = f"plugins.{name}.{'state' if differs else 'program'}"
        if differs:
            self.builder.change(address, Act.UPDATE, current.state, want.state)
        return self.builder.step(Stage.SETTINGS, LoadState(name, self.session.states[name], want.state), address)

    def _program_dropped(self, current: Plugin, want: Plugin, ours: Plugin | None) -> bool:
        was_ours = current.program is not None and ours is not None and ours.program is not None
        return was_ours and want.program is None and not self.is_ignored(want.name, "program")

    def _update_program(self, current: Plugin, want: Plugin, ours: Plugin | None, state: Step | None) -> Step | None:
        """Load the program, again behind a state just loaded, or let it go if it was ours; None if nothing is to do."""
        name = want.name
        dropped = self._program_dropped(current, want, ours)
        if (want.program is None and not dropped) or self.is_ignored(name, "program"):
            return None
        self._check_program(want)
        address = f"plugins.{name}.program"
        if want.program != current.program:
            reason = DROPPED if dropped else None
            self.builder.change(address, Act.UPDATE, current.program, want.program, reason=reason)
        elif state is not None:
            address = state.cause
        if dropped and state is not None:
            return None  # the state has put everything to where it rests
        needs = (state,) if state is not None else ()
        return self.builder.step(Stage.SETTINGS, SetProgram(name, want.program), address, needs)

    def _update_facet(
        self, facet: Facet, current: Plugin, want: Plugin, ours: Plugin | None, loaded: Step | None
    ) -> None:
        """Set what differs; behind a program or state just loaded, everything declared that it may have moved."""
        name, have, declared = want.name, facet.of(current), facet.of(want)
        needs = (loaded,) if loaded else ()
        for key, value in declared.items():
            if have.get(key) != value:
                if facet.call is SetParam and controls.moves_itself(current, want, ours, key, value) and not loaded:
                    continue
                self._set(facet, name, key, have.get(key), value, needs=needs)
            elif loaded and facet.moved:
                self.builder.step(Stage.SETTINGS, facet.call(name, key, value), loaded.cause, needs)
        if ours is None or (loaded and facet.moved and _resets(loaded)):
            return  # nothing was ours, or everything goes to its default anyway
        for key in sorted(facet.of(ours).keys() - declared.keys()):
            rest = facet.rest(self.session, current, key)
            if rest is not NOWHERE and have.get(key) != rest and not self.is_ignored(name, f"{facet.word}.{key}"):
                self._set(facet, name, key, have.get(key), rest, reason=DROPPED, needs=needs)

    def _set(
        self,
        facet: Facet,
        name: str,
        key: str,
        before: object,
        value: object,
        *,
        reason: str | None = None,
        needs: tuple[Step, ...] = (),
    ) -> None:
        address = facet.address(name, key)
        unit = facet.unit(self.session, name, key)
        self.builder.change(address, Act.UPDATE, before, value, unit=unit, reason=reason)
        self._open(self.builder.step(Stage.SETTINGS, facet.call(name, key, value), address, needs))

    def _open(self, step: Step) -> None:
        if type(step.call) is MapMidi:
            self._opened.update(dict.fromkeys(controls.opened(step), step))

    def _switch_declared(self, want: Plugin) -> bool:
        """Whether the manifest sets the plugin's own switch as a parameter; `active` then says the same."""
        return any(symbol in want.params for symbol in self.session.switched.get(want.name, ()))

    def is_ignored(self, name: str, what: str) -> bool:
        """Whether the manifest leaves ``what`` of this plugin to somebody else."""
        return what in self.session.ignored.get(name, ())

    # -- what goes ----------------------------------------------------------------------------------------------------

    def _remove(self) -> None:
        """Remove what was ours and is no longer declared; the last one first, as ids are positions."""
        going: list[str] = []
        for name in reversed(self.have):
            if name in self.session.plugins:
                continue
            ours = name in self.baseline.plugins
            address = f"plugins.{name}"
            if not ours and self.policy.unmanaged != "prune":
                if self.policy.unmanaged == "warn":
                    self.builder.unmanaged.append(address)
                continue
            if self._guarded(name, f"{name} is protected and would be removed"):
                continue
            reason = DROPPED if ours else PRUNED
            before = self.have[name].plugin
            self.builder.change(address, Act.DELETE, before, None, reason=reason, interrupts=Interrupts.PATH)
            going.append(name)
            self.gone.add(name)
        at_once = self.engine.capabilities.remove_all
        if at_once is not None and len(going) >= at_once and len(going) == len(self.have) and not self._added:
            self.builder.step(Stage.REMOVE, RemoveAll(), f"plugins.{going[0]}")
            return
        for name in going:
            self.builder.step(Stage.REMOVE, RemovePlugin(name), f"plugins.{name}")

    def _guarded(self, name: str, message: str) -> bool:
        protected = name in self.baseline.protected or name in self.session.protected
        if not protected or name in self.policy.released:
            return False
        self.builder.refuse("protected", f"plugins.{name}", message, f"`studio apply --release {name}` if you mean it")
        return True


def _added(want: Plugin) -> AddPlugin:
    return AddPlugin(want.name, want.plugin, want.bridge, want.options.get(FORCE_STEREO, False))


def _replaced(want: Plugin) -> ReplacePlugin:
    return ReplacePlugin(want.name, want.plugin, want.bridge, want.options.get(FORCE_STEREO, False))


def _resets(loaded: Step) -> bool:
    """Whether a step puts every parameter to its default."""
    return isinstance(loaded.call, SetProgram) and loaded.call.program is None


def all_as_asked(session: Session, observed: Observed, baseline: Baseline) -> bool:
    """Whether every declared plugin is there as it is asked for, so that nothing about it is to be planned or carried.

    Found as cheaply as can be (tests/benchmarks/test_reconcile); False may also mean that it takes a closer look.
    """
    if baseline.declares != session.declares or baseline.carried.plugins or session.moved:
        return False
    return next(_differing(session.plugins, observed.plugins), None) is None


def _differing(declared: Mapping[str, Plugin], have: Mapping[str, Plugin]) -> Iterator[tuple[Plugin | None, Plugin]]:
    """Yield what is not as asked: the plugin that runs, if one does, and the one that is asked for."""
    for name, want in declared.items():
        current = have.get(name)
        if (
            current is not None
            # The cheapest "declared values are among the observed ones" there is.
            and ((now := current.params) == (asked := want.params) or now | asked == now)
            and current.plugin == want.plugin
            and current.active is want.active
            and current.program == want.program
            and current.bridge is want.bridge
            and current.state == want.state
            and (not want.mix or current.mix | want.mix == current.mix)
            and (not want.midi or current.midi | want.midi == current.midi)
            and (not want.options or current.options | want.options == current.options)
            and (not want.custom_data or current.custom_data | want.custom_data == current.custom_data)
        ):
            continue
        yield current, want


def _touches(link: Link, nodes: set[str]) -> bool:
    return link.source.partition(":")[0] in nodes or link.target.partition(":")[0] in nodes


def _shown(plugin: Plugin) -> dict[str, object]:
    shown: dict[str, object] = {"plugin": plugin.plugin}
    if not plugin.active:
        shown["active"] = False
    if plugin.program is not None:
        shown["program"] = plugin.program
    if plugin.bridge:
        shown["bridge"] = True
    if plugin.state is not None:
        shown["state"] = plugin.state
    for word in ("params", "options", "custom_data"):
        if values := getattr(plugin, word):
            shown[word] = dict(values)
    return shown
