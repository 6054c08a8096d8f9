"""Which Debian package brings a plugin file: for the hint when it is not installed. Verified on Debian 12."""

import re
from pathlib import Path

from reconciler.engines.carla.formats import Format
from reconciler.engines.carla.naming import parse
from reconciler.model.errors import StudioError

_FILES: dict[Format, dict[str, str]] = {
    Format.LADSPA: {r"[a-z0-9_]+_\d{4}\.so": "swh-plugins", r"cmt\.so": "cmt"},
    Format.DSSI: {r"hexter\.so": "hexter", r"(less_)?trivial_(synth|sampler)\.so|karplong\.so": "dssi-example-plugins"},
    Format.VST2: {
        r"(3Band(EQ|Splitter)|AmplitudeImposer|CycleShifter|Kars|MVerb|Ma(Bitcrush|Freeverb|Gigaverb|Pitchshift)|Nekobi"
        r"|PingPongPan|SoulForce|glBars)-vst\.so|ProM\.so": "dpf-plugins-vst"
    },
    Format.SF2: {r"TimGM6mb\.sf2": "timgm6mb-soundfont"},
}


def package_for(uri: str) -> str | None:
    """Return the Debian package that has the file of that URI, or None if unknown."""
    try:
        written = parse(uri)
    except StudioError:
        return None
    name = Path(written.file or "").name
    patterns = _FILES.get(written.format, {})
    return next((package for pattern, package in patterns.items() if re.fullmatch(pattern, name)), None)
