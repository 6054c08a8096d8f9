"""A Carla project as a manifest: what differs from a plugin's defaults, in the words of a person.

Whatever cannot be carried over is told: as a note where the studio sounds the same without it, as an error where it
does not (:func:`import_project` refuses a project with missing plugins unless it is told to go on without them).
"""

import math
from collections.abc import Container
from pathlib import Path
from typing import Any

import msgspec

from reconciler.model.catalogue import Catalogue, ParameterInfo, PluginType, PortInfo, PresetInfo
from reconciler.model.conform import conform
from reconciler.model.controls import added_ports
from reconciler.model.custom import CHUNK, FILES, STRING, TYPES
from reconciler.model.errors import StudioError, Unavailable, Where
from reconciler.model.mix import MIX
from reconciler.model.options import OPTIONS
from reconciler.model.states import Saved, State
from reconciler.model.stereo import can_widen, widened
from reconciler.model.values import float32
from reconciler.projects import options
from reconciler.projects.document import Project, scheme
from reconciler.projects.links import Node, manifest_links
from reconciler.projects.mixing import effective
from reconciler.projects.naming import manifest_names, relative, uris, written_uri
from reconciler.projects.values import mixed, number, written
from reconciler.session.compile import BRIDGED

_MOST_CC, _CV, _PITCH_BEND, _LEARNING = 119, 130, 131, 132
_MIDI_PROGRAMS = "midiPrograms"
"""Key under which Carla keeps the program of each MIDI channel of a soundfont, by place in its list."""
_CHANNELS = 16
_WORDS = {uri: word for word, uri in TYPES.items()}
_LONGEST_TEXT = 500  # characters; longer custom data goes into a state file, as nobody reads it in a manifest


class Missing(msgspec.Struct, frozen=True):
    """A plugin that this machine cannot load."""

    name: str
    plugin: str
    reason: str


class Imported(msgspec.Struct, frozen=True):
    """A manifest, as plain data in the order in which it is to be written."""

    manifest: dict[str, Any]
    states: dict[str, State]
    """State files to write beside it, by name."""
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]
    """What a reader of the manifest should know: renamed, rounded, left out."""


def import_project(
    project: Project,
    catalogue: Catalogue,
    *,
    session: str,
    folder: Path,
    file: str,
    states: str = "states",
    skip_missing: bool = False,
    rate_hz: int = 48000,
) -> Imported:
    """Return the manifest of the studio that a project is.

    Parameters
    ----------
    project
        As :mod:`reconciler.projects.reading` read it.
    catalogue
        Tells what plugins are; relative paths in it start at ``folder``.
    session
        Name of the session.
    folder
        Where the manifest will lie.
    file
        The project's name in errors.
    states
        Folder for state files, from ``folder``.
    skip_missing
        Leave out plugins that cannot be loaded, and what is connected to them, instead of refusing.
    rate_hz
        Sample rate for parameters that a project keeps as multiples of it.

    Raises
    ------
    StudioError
        ``missing-plugins``: ``details`` has each one's name, plugin and reason.
    """
    names = manifest_names(plugin.name for plugin in project.plugins)
    kinds, missing = _described(project, names, catalogue)
    if missing and not skip_missing:
        raise _missing(missing, len(names), file)
    notes = [f"{one.name} is left out: {one.reason}" for one in missing]
    notes += [
        f'"{saved.name}" is called "{name}" here: its own name cannot stand in a manifest'
        for saved, name in zip(project.plugins, names, strict=True)
        if saved.name != name
    ]
    plugins: dict[str, Any] = {}
    state_files: dict[str, State] = {}
    for saved, name in zip(project.plugins, names, strict=True):
        kind = kinds.get(name)
        if kind is None:
            continue
        one = _Plugin(saved, name, kind, project=project, folder=folder, rate_hz=rate_hz)
        plugins[name] = one.written(_state_file(states, name, state_files))
        notes += one.notes
        if one.needs_state:
            state_files[plugins[name]["state"]] = saved
    named = zip(project.plugins, names, strict=True)
    nodes = [
        Node(name, _as_it_runs(saved, kinds[name]), _added(kinds[name], plugins[name], bridged=project.bridges))
        if name in kinds
        else Node(name, None)
        for saved, name in named
    ]
    links = manifest_links(project, nodes)
    engine: dict[str, Any] = {"host": "carla", "mode": project.mode}
    if project.bridges:
        engine["bridges"] = True
    elif project.force_stereo:  # what is bridged stays mono
        engine["force_stereo"] = True
    if project.tempo is not None and project.tempo != 120:  # Carla's own
        engine["tempo"] = number(project.tempo)
    manifest: dict[str, Any] = {"version": 1, "session": session, "engine": engine}
    if plugins:
        manifest["plugins"] = plugins
    if links.written:
        manifest["links"] = list(links.written)
    return Imported(manifest, state_files, tuple(missing), (*notes, *links.notes))


class _Plugin:
    """One plugin on its way into the manifest."""

    def __init__(
        self, saved: State, name: str, kind: PluginType, *, project: Project, folder: Path, rate_hz: int
    ) -> None:
        self.saved = saved
        self.name = name
        self.kind = kind
        self.project = project
        self.folder = folder
        self.rate_hz = rate_hz
        self.notes: list[str] = []
        self.needs_state = saved.chunk is not None or any(_unreadable(*data) for data in saved.custom_data)
        self._switched_off = False
        self._enabled = kind.enabled
        self._by_symbol = {info.symbol: info for info in kind.parameters}
        self._by_index = {info.index: info for info in kind.parameters}

    def written(self, state: str) -> dict[str, Any]:
        """Return what stands under its name; ``state`` is where its state file would be."""
        saved = self.saved
        program = None if self.needs_state else self._program()
        params, midi = self._parameters(program)
        bridged = self.project.bridges and self.kind.uri.partition(":")[0] in BRIDGED
        stereo = self.project.force_stereo and not self.project.bridges
        sections: dict[str, Any] = {
            "program": self._label(program),
            "state": state if self.needs_state else None,
            "params": params,
            "mix": self._mix(),
            "midi": midi,
            "options": options.from_mask(saved.options, self.kind, bridged=bridged, force_stereo=stereo),
            "custom_data": {} if self.needs_state else self._custom_data(),
        }
        spec: dict[str, Any] = {"plugin": written_uri(self.kind.uri, self.folder)}
        if not saved.active or self._switched_off:
            spec["active"] = False
        return spec | {key: value for key, value in sections.items() if value not in (None, {})}

    def _parameters(self, program: PresetInfo | None) -> tuple[dict[str, Any], dict[str, Any]]:
        values = {} if program is None else program.values
        params: dict[str, Any] = {}
        midi: dict[str, Any] = {}
        for parameter in self.saved.parameters:
            info = self._info(parameter)
            if info is None:
                if parameter.value is not None or _follows_something(parameter):
                    what = parameter.symbol or parameter.name or f"#{parameter.index}"
                    self.notes.append(f"{self.name} has no parameter {what} now: left out")
                continue
            scale = self.rate_hz if info.per_sample_rate else 1
            if parameter.value is not None:
                self._parameter(info, float32(parameter.value * scale), values.get(info.symbol, info.default), params)
            if _follows_something(parameter):
                follows = self._follows(info, parameter, scale)
                if follows is not None:
                    midi[info.symbol] = follows
        return params, midi

    def _parameter(self, info: ParameterInfo, value: float, rest: float, params: dict[str, Any]) -> None:
        if info is self._enabled:
            self._switched_off = value <= 0
            return
        if value == conform(info, rest, self.rate_hz):
            return
        form, exact = written(info, value)
        if not exact:
            self.notes.append(f"{self.name}: {info.symbol} was {value:.9g} and can only be {form}")
            if conform(info, value) == conform(info, rest):
                return
        params[info.symbol] = form

    def _follows(self, info: ParameterInfo, parameter: Saved, scale: int) -> dict[str, Any] | None:
        spec: dict[str, Any]
        match parameter.control:
            case control if 0 <= control <= _MOST_CC:
                spec = {"cc": control}
            case control if control == _CV:
                spec = {"cv": True}
            case control if control == _PITCH_BEND:
                spec = {"pitch_bend": True}
            case control:
                self.notes.append(f"{self.name}: {info.symbol} follows control {control}, which no manifest can say")
                return None
        if parameter.channel:
            spec["channel"] = parameter.channel + 1
        if parameter.range is not None:
            of_cv = parameter.control == _CV
            low, high = (float32(edge if of_cv else edge * scale) for edge in parameter.range)
            whole = (
                -math.inf if info.minimum is None else float32(info.minimum),
                math.inf if info.maximum is None else float32(info.maximum),
            )
            if (low, high) != whole:
                spec["range"] = [number(edge) if of_cv else written(info, edge)[0] for edge in (low, high)]
        return spec

    def _info(self, parameter: Saved) -> ParameterInfo | None:
        """Find it as Carla does: by symbol for LV2, else by number; a number that now has another name is none."""
        if self.kind.uri.startswith("lv2:"):
            return self._by_symbol.get(parameter.symbol)
        found = self._by_index.get(parameter.index)
        if found is not None and found.name.strip() == parameter.name:
            return found
        named = [info for info in self.kind.parameters if info.name.strip() == parameter.name]
        return named[0] if len(named) == 1 else found

    def _mix(self) -> dict[str, Any]:
        saved = {key: conform(MIX[key], value) for key, value in self.saved.mix.items()}
        moved = {key: value for key, value in saved.items() if value != MIX[key].default}
        runs = _as_it_runs(self.saved, self.kind)
        for key in sorted(moved.keys() - effective(runs)):
            self.notes.append(f"{self.name}: {key} does nothing to this plugin: left out")
            del moved[key], saved[key]
        mix: dict[str, Any] = {key: mixed(key, moved[key]) for key in ("dry_wet", "volume") if key in moved}
        if "balance_left" in moved or "balance_right" in moved:
            mix["balance"] = [mixed(key, saved.get(key, MIX[key].default)) for key in ("balance_left", "balance_right")]
        if "pan" in moved:
            mix["pan"] = mixed("pan", moved["pan"])
        if "control_channel" in moved:
            mix["control_channel"] = "off" if moved["control_channel"] < 0 else int(moved["control_channel"]) + 1
        return mix

    def _program(self) -> PresetInfo | None:
        """Return the program that was chosen; the first one is what a fresh plugin has anyway."""
        saved, presets = self.saved, self.kind.presets
        if scheme(saved) == "sf2":
            return self._of_soundfont()
        if saved.midi_program is not None:
            bank, number_ = saved.midi_program
            chosen = next((preset for preset in presets if preset.uri == f"midi:{bank}:{number_}"), None)
            if chosen is None:
                self.notes.append(f"{self.name} has no program {number_} in bank {bank} now: left out")
            return None if presets and chosen is presets[0] else chosen
        if saved.program is None:
            return None
        at, label = saved.program
        named = [preset for preset in presets if preset.label == label]
        numbered = [preset for preset in presets if preset.uri == f"program:{at}"]
        chosen = named[0] if len(named) == 1 else next(iter(numbered or named), None)
        if chosen is None:
            self.notes.append(f'{self.name} has no program "{label}" now: left out')
        first = presets[0] if presets and not self.kind.uri.startswith("lv2:") else None
        return None if chosen is first else chosen

    def _of_soundfont(self) -> PresetInfo | None:
        places = self._channel_programs()
        channel = self._control_channel
        if places is None or not 0 <= channel < _CHANNELS:
            return None
        place = places[channel]
        return self.kind.presets[place] if 0 < place < len(self.kind.presets) else None

    @property
    def _control_channel(self) -> int:
        return int(self.saved.mix.get("control_channel", 0))

    def _channel_programs(self) -> list[int] | None:
        text = next((value for _, key, value in self.saved.custom_data if key == _MIDI_PROGRAMS), "")
        places = [int(word) for word in text.split(":") if word.strip().isdecimal()]
        return places if len(places) == _CHANNELS else None

    def _custom_data(self) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for type_, key, value in self.saved.custom_data:
            if scheme(self.saved) == "sf2" and key == _MIDI_PROGRAMS and self._only_control_channel_differs():
                continue
            shown = relative(value, self.folder) if type_ in FILES and value.startswith("/") else value
            entries[key] = shown if type_ == STRING else {"type": _WORDS.get(type_, type_), "value": shown}
        return entries

    def _only_control_channel_differs(self) -> bool:
        """Whether all other channels have what they start with: the first program, and the first of drums on 10."""
        places = self._channel_programs()
        if places is None:
            return False
        drums = next((at for at, preset in enumerate(self.kind.presets) if preset.uri.startswith("midi:128:")), 0)
        start = [drums if channel == 9 else 0 for channel in range(_CHANNELS)]
        return all(place == start[channel] for channel, place in enumerate(places) if channel != self._control_channel)

    def _label(self, program: PresetInfo | None) -> str | None:
        if program is None:
            return None
        same = [preset for preset in self.kind.presets if preset.label.casefold() == program.label.casefold()]
        return program.label if len(same) == 1 and program.label.strip() == program.label else program.uri


def _described(project: Project, names: list[str], catalogue: Catalogue) -> tuple[dict[str, PluginType], list[Missing]]:
    kinds: dict[str, PluginType] = {}
    missing: list[Missing] = []
    for saved, name in zip(project.plugins, names, strict=True):
        forms = uris(saved)
        if not forms:
            missing.append(Missing(name, saved.type, f"studio does not know plugins of the type {saved.type}"))
            continue
        format_ = forms[0].partition(":")[0]
        if format_ not in catalogue.formats:
            missing.append(Missing(name, forms[0], f"{format_} plugins need Carla, which is not installed"))
            continue
        reason = None
        for form in forms:
            try:
                found = catalogue.describe(form)
            except Unavailable:
                raise
            except StudioError as error:
                reason = reason or error.message
                continue
            if found is not None:
                kinds[name] = found
                break
        else:
            package = catalogue.package(forms[0])
            reason = reason or f"{forms[0]} is not installed" + (f" (package {package})" if package else "")
            missing.append(Missing(name, forms[0], reason))
    return kinds, missing


def _added(kind: PluginType, spec: dict[str, Any], *, bridged: bool) -> tuple[PortInfo, ...]:
    """Return the ports that Carla adds to a plugin that is written so."""
    cv = [symbol for symbol, follows in spec.get("midi", {}).items() if "cv" in follows]
    return added_ports(kind, bridge=spec.get("bridge", bridged), cv=cv)


def _as_it_runs(saved: State, kind: PluginType) -> PluginType:
    """Return its type with the ports that it has: those forced to stereo have one more a side."""
    stereo = saved.options & OPTIONS["force_stereo"]
    return widened(kind) if stereo and can_widen(kind) else kind


def _missing(missing: list[Missing], count: int, file: str) -> StudioError:
    listed = "; ".join(f"{one.name}: {one.reason}" for one in missing)
    return StudioError(
        "missing-plugins",
        f"{len(missing)} of {count} plugins cannot be loaded here: {listed}",
        where=Where(file),
        hint="install them, or leave them out with --skip-missing",
        details={"missing": msgspec.to_builtins(missing), "plugins": count},
    )


def _follows_something(parameter: Saved) -> bool:
    return parameter.control >= 0 and parameter.control != _LEARNING


def _unreadable(type_: str, key: str, value: str) -> bool:
    """Whether custom data has no place in a text that people read."""
    plain = key.isprintable() and value.replace("\n", "").isprintable()
    return type_ == CHUNK or len(value) > _LONGEST_TEXT or not plain


def _state_file(folder: str, name: str, taken: Container[str]) -> str:
    plain = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
    made, number = f"{folder}/{plain}.carxs", 2
    while made in taken:
        made, number = f"{folder}/{plain}-{number}.carxs", number + 1
    return made
