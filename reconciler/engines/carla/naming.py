"""How a plugin is written in a manifest, and the one form in which everything else compares it.

=========  ================================  ======================================================================
format     canonical                         a manifest may also write
=========  ================================  ======================================================================
LV2        ``lv2:URI``
internal   ``internal:LABEL``                its name, in any case
LADSPA     ``ladspa:FILE#LABEL``             no label where the file has one plugin; its name as the label
DSSI       ``dssi:FILE#LABEL``               the same
VST2       ``vst2:FILE``, and                ``vst2:NAME``
           ``vst2:FILE#ID`` where the file
           holds several plugins
VST3       ``vst3:FILE#CLASS``               ``vst3:NAME``, ``vst3:FILE``, ``vst3:FILE#NAME``
CLAP       ``clap:FILE#ID``                  ``clap:ID``, ``clap:NAME``, ``clap:FILE``, ``clap:FILE#NAME``
SF2        ``sf2:FILE``, and ``sf2:FILE#16``
           for an output pair per channel
SFZ        ``sfz:FILE``
=========  ================================  ======================================================================

FILE is a bare file name (``amp_1181.so``) where the search path finds that very file by it, so that a manifest means
the same on a machine that keeps its plugins elsewhere; else the absolute path. In a manifest a FILE with a slash in it
is a path, absolute, below the home folder (``~/``) or from the manifest's own folder; without one it is looked up on
the search path and nowhere else.
"""

import os
from pathlib import Path

import msgspec

from reconciler.engines.carla.formats import TRAITS, Format
from reconciler.model.errors import StudioError

SIXTEEN = "16"
"""The label of a soundfont with sixteen pairs of outputs."""


_SCHEMES = frozenset(str(format_) for format_ in Format)


class Written(msgspec.Struct, frozen=True):
    """A plugin's URI taken apart. Either ``file`` is given, or ``name`` alone."""

    format: Format
    file: str | None = None
    """As it was written."""
    label: str | None = None
    name: str | None = None


def is_carlas(uri: str) -> bool:
    """Tell whether the scheme is one that this catalogue looks up itself."""
    scheme, colon, _ = uri.partition(":")
    return bool(colon) and scheme in _SCHEMES


def parse(uri: str) -> Written:
    """Take apart what a manifest wrote.

    Raises
    ------
    StudioError
        ``bad-plugin``: it cannot mean a plugin of that format.
    """
    scheme, _, rest = uri.partition(":")
    format_ = Format(scheme)
    traits = TRAITS[format_]
    if not rest or rest != rest.strip() or not rest.isprintable():
        raise bad_plugin(uri, "it names nothing, or has blanks at an end or invisible characters in it")
    if format_ is Format.INTERNAL:
        return Written(format_, name=rest)
    file, label = _split(rest, traits.suffixes)
    if file is None:
        if traits.named and "/" not in rest:
            return Written(format_, name=rest)
        ends = " or ".join(traits.suffixes)
        shape = f"{scheme}:FILE#LABEL" if traits.labelled and format_ is not Format.SF2 else f"{scheme}:FILE"
        raise bad_plugin(uri, f"the files of {scheme} plugins end in {ends}", f"Write {shape}.")
    if not Path(file).suffix:  # as in ".so"
        raise bad_plugin(uri, "it names no file")
    if label == "" or (label is not None and not traits.labelled):
        raise bad_plugin(uri, f"nothing belongs behind the {file[-4:]}")
    if format_ is Format.SF2 and label not in (None, SIXTEEN):
        raise bad_plugin(uri, "behind a soundfont only #16 has a meaning: an output pair for each MIDI channel")
    return Written(format_, file, label)


def absolute(written: Written, uri: str, base: Path | None, home: str) -> Path | None:
    """Return the path that a file with a slash in it means; None for a bare name, which the search path knows.

    Raises
    ------
    StudioError
        ``bad-plugin``: a relative path where there is no manifest for it to start from.
    """
    assert written.file is not None
    if "/" not in written.file:
        return None
    if written.file.startswith("~/"):
        return Path(os.path.normpath(f"{home}/{written.file[2:]}"))
    path = Path(written.file)
    if not path.is_absolute():
        if base is None:
            raise bad_plugin(uri, "a relative path starts at a manifest, and there is none here")
        path = base.absolute() / path
    return Path(os.path.normpath(path))


def compose(format_: Format, file: str | None, label: str | None) -> str:
    """Return the URI of these parts."""
    behind = f"#{label}" if label is not None and file is not None else ""
    return f"{format_}:{file if file is not None else label}{behind}"


def bad_plugin(uri: str, why: str, hint: str | None = None) -> StudioError:
    """Return the error for a URI that cannot mean a plugin."""
    return StudioError("bad-plugin", f"{uri!r} is no plugin: {why}.", hint=hint)


def _split(rest: str, suffixes: tuple[str, ...]) -> tuple[str | None, str | None]:
    """Return file and label; the label begins at a ``#`` right behind the suffix, as file names may hold one too."""
    lower = rest.lower()
    for suffix in suffixes:
        place = lower.find(f"{suffix}#")
        if place >= 0:
            end = place + len(suffix)
            return rest[:end], rest[end + 1 :]
        if lower.endswith(suffix):
            return rest, None
    return None, None
