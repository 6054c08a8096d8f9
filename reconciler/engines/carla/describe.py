"""What a plugin without LV2's data is: loaded once into Carla, in a process of its own, and put into our words.

Symbols
    Only LV2 has them. A parameter's is made of its name: letters without accents, in lower case, everything else an
    underscore (``Reverb On/Off`` is ``reverb_on_off``); ``_2``, ``_3`` and so on behind the second and third of one
    name, in Carla's order. So it stays the same for as long as the plugin's own names do. Ports likewise, among
    themselves; a port's ``name`` is exactly its name in JACK.
Programs
    Presets with URIs ``program:INDEX`` and, for those that MIDI can choose, ``midi:BANK:PROGRAM``; in Carla's order.
Units
    As Carla gives them, but not for VST2: there the unit belongs to the text the plugin shows, and the value is a
    fraction of something (measured: DPF's 3 Band EQ, ``0.5`` of unit ``dB``).
"""

import os
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from reconciler.engines.carla import lines
from reconciler.engines.carla.discovery import Discovered, how_it_died, kill_all, last_words
from reconciler.engines.carla.formats import TRAITS, Format
from reconciler.engines.carla.library import Installation
from reconciler.engines.carla.naming import SIXTEEN
from reconciler.engines.lv2.vocabulary import UNIT_OF_SYMBOL
from reconciler.model.catalogue import (
    Direction,
    Kind,
    ParameterInfo,
    PluginType,
    PortInfo,
    PresetInfo,
    ScalePoint,
    Unit,
)
from reconciler.model.values import FLOAT32_MAX

TIME_LIMIT_S = 20.0
"""How long loading one plugin may take, in seconds; Python and Carla's library are 0.2 s of it."""

HOST_LIBRARY = "libcarla_host-plugin.so"

_PACKAGE_ROOT = str(Path(__file__).resolve().parents[3])
_BOOLEAN, _INTEGER, _LOGARITHMIC, _PER_RATE = 0x1, 0x2, 0x4, 0x100  # PARAMETER_IS_BOOLEAN..., CarlaBackend.h
_SIDECHAIN = re.compile(r"(sc|side_?chain)(_?(in|input|left|right|[lr]|\d+))*")
"""Symbols of ports that take a key signal; no format here flags them."""

CATEGORIES = {
    "synth": "Instrument",
    "delay": "Delay",
    "eq": "EQ",
    "filter": "Filter",
    "distortion": "Distortion",
    "dynamics": "Dynamics",
    "modulator": "Modulator",
    "utility": "Utility",
}
"""Carla's word to the word that the LV2 catalogue uses."""
_CATEGORY_NUMBERS = dict(enumerate(CATEGORIES, start=1))  # PluginCategory of CarlaBackend.h


class Loading(msgspec.Struct, frozen=True):
    """What ``carla_add_plugin`` takes to load a plugin."""

    format: Format
    file: str | None
    """Absolute; None for what is built into Carla."""
    label: str
    unique_id: int = 0
    extra: str | None = None
    """``true`` for a soundfont with sixteen pairs of outputs; to be given as bytes."""

    @property
    def number(self) -> int:
        """Return Carla's ``PluginType``."""
        return TRAITS[self.format].number


def load(
    carla: Installation, loading: Loading, environ: Mapping[str, str], time_limit_s: float
) -> lines.Instance | lines.Failure:
    """Load a plugin in a process of its own, and return what Carla says of it or why it cannot. Never raises for it."""
    order = lines.Order(
        library=str(carla.binaries / HOST_LIBRARY),
        wrapper=str(carla.wrapper.parent),
        resources=str(carla.resources),
        number=loading.number,
        file=loading.file,
        label=loading.label,
        unique_id=loading.unique_id,
        extra=loading.extra,
    )
    environ = {**environ, "JACK_NO_START_SERVER": "1", "LC_ALL": "C"}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_PACKAGE_ROOT, environ.get("PYTHONPATH")]))
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            # -P: a file in the user's folder must not stand in for a module.
            [sys.executable, "-P", "-m", "reconciler.engines.carla.instance"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd="/",
            env=environ,
            start_new_session=True,
        ) as process,
    ):
        try:
            output, _ = process.communicate(msgspec.json.encode(order), timeout=time_limit_s)
        except subprocess.TimeoutExpired:
            return lines.Failure(f"Carla did not finish loading it within {time_limit_s:g} s")
        finally:
            kill_all(process)
        said.seek(0)
        words = last_words(re.sub(r"\x1b\[[0-9;]*m", "", said.read().decode(errors="replace")))
    code = process.returncode
    if code < 0:
        return lines.Failure(f"it crashed when Carla loaded it ({how_it_died(-code)}{words})")
    try:
        answer: lines.Answer = msgspec.json.decode(output, type=lines.Answer)
    except msgspec.DecodeError:
        return lines.Failure(f"it ended the process that loaded it, with exit code {code}{words}")
    if isinstance(answer, lines.Failure):
        return lines.Failure(f"Carla says: {answer.reason}")
    return answer


def plugin_type(uri: str, loading: Loading, found: Discovered, loaded: lines.Instance) -> PluginType:
    """Put what discovery and the loaded plugin say into our words."""
    symbols = made_symbols((each.name for each in loaded.parameters), "parameter")
    by_index = dict(zip((each.index for each in loaded.parameters), symbols, strict=True))
    infos = [
        (each.output, _parameter(each, symbol, loading.format))
        for each, symbol in zip(loaded.parameters, symbols, strict=True)
    ]
    word = _CATEGORY_NUMBERS.get(loaded.category, found.category)
    return PluginType(
        uri=uri,
        name=found.name,
        author=loaded.maker or found.maker or None,
        category=CATEGORIES.get(word),
        bundle=loading.file,
        parameters=tuple(info for output, info in infos if not output),
        outputs=tuple(info for output, info in infos if output),
        ports=tuple(_ports(loaded.ports)),
        presets=tuple(_presets(loaded.programs, by_index)),
    )


def brief(uri: str, file: str | None, found: Discovered) -> PluginType:
    """Return what discovery alone knows: no parameters, and ports by their number. Enough for a list."""
    counts = [
        (Kind.AUDIO, Direction.IN, found.audio_ins),
        (Kind.AUDIO, Direction.OUT, found.audio_outs),
        (Kind.CV, Direction.IN, found.cv_ins),
        (Kind.CV, Direction.OUT, found.cv_outs),
        (Kind.MIDI, Direction.IN, found.midi_ins),
        (Kind.MIDI, Direction.OUT, found.midi_outs),
    ]
    ports = [
        PortInfo(f"{kind}_{way}_{number + 1}", f"{kind} {way} {number + 1}", number, kind, way)
        for kind, way, count in counts
        for number in range(count)
    ]
    return PluginType(
        uri=uri,
        name=found.name,
        author=found.maker or None,
        category=CATEGORIES.get(found.category),
        bundle=file,
        ports=tuple(ports),
    )


def loading_of(format_: Format, file: str | None, found: Discovered) -> Loading:
    """Return what Carla needs to load a discovered plugin."""
    if format_ is Format.VST2:
        return Loading(format_, file, found.label, found.unique_id)
    extra = "true" if format_ is Format.SF2 and is_sixteen(found) else None
    return Loading(format_, file, found.label, found.unique_id if format_ is Format.LADSPA else 0, extra)


def is_sixteen(found: Discovered) -> bool:
    """Tell the soundfont with an output pair per channel from the plain one; their labels are the same."""
    return found.audio_outs > 2


def labels(format_: Format, found: Discovered, alone: bool) -> str | None:
    """Return what stands behind ``#`` in the canonical URI; ``alone`` if the file has no other plugin."""
    match format_:
        case Format.SF2:
            return SIXTEEN if is_sixteen(found) else None
        case Format.SFZ:
            return None
        case Format.VST2:
            return None if alone else str(found.unique_id)
        case _:
            return found.label


def made_symbols(names: Iterable[str], fallback: str) -> list[str]:
    """Return a symbol for each name, all different; see the module's text for how they are made.

    A number is never made that the own symbol of another name has: ``gain``, ``gain``, ``gain 2`` are ``gain``,
    ``gain_3``, ``gain_2``.
    """
    bases = [_slug(name) or fallback for name in names]
    taken: set[str] = set()
    own = set(bases)
    made: list[str] = []
    for base in bases:
        symbol, number = base, 2
        while symbol in taken or (symbol != base and symbol in own):
            symbol, number = f"{base}_{number}", number + 1
        taken.add(symbol)
        made.append(symbol)
    return made


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    symbol = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"_{symbol}" if symbol[:1].isdigit() else symbol


def _parameter(each: lines.Parameter, symbol: str, format_: Format) -> ParameterInfo:
    low, high = _bound(each.minimum), _bound(each.maximum)
    start = 0.0 if each.default is None else each.default
    if high is not None:
        start = min(start, high)
    if low is not None:
        start = max(start, low)
    unit = each.unit.strip() if format_ is not Format.VST2 else ""
    integer = bool(each.hints & _INTEGER)
    points = tuple(ScalePoint(label, value) for label, value in sorted(each.points, key=lambda point: point[1]))
    return ParameterInfo(
        symbol=symbol,
        name=each.name or symbol,
        index=each.index,
        default=start,
        minimum=low,
        maximum=high,
        unit=UNIT_OF_SYMBOL.get(unit, Unit.OTHER) if unit else None,
        unit_symbol=unit or None,
        toggled=bool(each.hints & _BOOLEAN),
        integer=integer,
        # Carla offers nothing but the scale points of such a parameter, although it would take what is between.
        enumeration=bool(points) and integer,
        logarithmic=bool(each.hints & _LOGARITHMIC),
        scale_points=points,
        per_sample_rate=bool(each.hints & _PER_RATE),
    )


def _bound(value: float | None) -> float | None:
    """Take the largest float32 for what it is meant to be: no bound."""
    return None if value is None or abs(value) >= FLOAT32_MAX else value


def _ports(ports: tuple[lines.Port, ...]) -> Iterable[PortInfo]:
    symbols = made_symbols((port.name for port in ports), "port")
    for index, (port, symbol) in enumerate(zip(ports, symbols, strict=True)):
        yield PortInfo(
            symbol=symbol,
            name=port.name,
            index=index,
            kind=Kind(port.kind),
            direction=Direction.OUT if port.output else Direction.IN,
            sidechain=not port.output and port.kind == "audio" and _SIDECHAIN.fullmatch(symbol) is not None,
        )


def _presets(programs: tuple[lines.Program, ...], symbols: Mapping[int, str]) -> Iterable[PresetInfo]:
    seen: set[str] = set()
    for program in programs:
        midi = program.bank is not None
        uri = f"midi:{program.bank}:{program.number}" if midi else f"program:{program.number}"
        if uri in seen:
            continue  # a bank that has two programs of one number plays the first
        seen.add(uri)
        values = {symbols[index]: value for index, value in program.values.items() if index in symbols}
        yield PresetInfo(uri, program.name.strip() or uri, dict(sorted(values.items())))
