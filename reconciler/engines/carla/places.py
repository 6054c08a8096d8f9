"""Folders that a manifest names, before those of the environment."""

from collections.abc import Mapping, Sequence

from reconciler.engines.carla.formats import TRAITS, Format, search_path

LV2_FOLDERS = ("~/.lv2", "/usr/local/lib/lv2", "/usr/lib/lv2")
"""Where LV2 plugins are by its own rule, where LV2_PATH does not say."""


def with_folders(environ: Mapping[str, str], paths: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return an environment whose search paths begin with these folders, by scheme."""
    changed = dict(environ)
    for scheme, folders in paths.items():
        if scheme == "lv2":
            variable, usual = "LV2_PATH", environ.get("LV2_PATH", ":".join(LV2_FOLDERS)).split(":")
        else:
            variable = TRAITS[Format(scheme)].variable or ""
            usual = [str(folder) for folder in search_path(Format(scheme), environ)]
        changed[variable] = ":".join(filter(None, dict.fromkeys([*folders, *usual])))
    return changed
