"""``studio import``."""

import re
from pathlib import Path

import click

from reconciler.cli.output import as_json, here, say, say_json

_LONGEST = 64


@click.command("import")
@click.argument("project", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to; else PROJECT's name.")
@click.option("--session", metavar="NAME", help="Name of the session; else PROJECT's name.")
@click.option("--skip-missing", is_flag=True, help="Leave out plugins that are not installed, and say which.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.option(
    "--sample-rate",
    type=click.IntRange(8000, 384_000),
    default=48000,
    show_default=True,
    metavar="HZ",
    help="For the few parameters that a project keeps as a part of it.",
)
@as_json
def import_(
    project: Path,
    *,
    output: Path | None,
    session: str | None,
    skip_missing: bool,
    force: bool,
    sample_rate: int,
    as_json: bool,
) -> int:
    """Write a manifest from a Carla project (.carxp).

    What differs from a plugin's defaults is in it: values, programs, mixing, MIDI mappings, options, and the links of
    both patchbays. The project stays as it is, and nothing is started.
    """
    from reconciler.engines import choose
    from reconciler.manifest.files import shown
    from reconciler.projects import transfer

    path = output or Path(f"{_slug(project.stem)}.yaml")
    done = transfer.to_manifest(
        project,
        here() / path,
        choose.project_catalogue((here() / path).parent),
        session=session or _slug(project.stem),
        skip_missing=skip_missing,
        force=force,
        rate_hz=sample_rate,
    )
    if as_json:
        say_json({"manifest": shown(here() / path), **done.as_dict()})
        return 0
    for note in done.notes:
        say(f"note: {note}", err=True)
    say(f"wrote {shown(here() / path)}: {done.plugins} plugins, {done.links} links, {done.mode}")
    for state in done.states:
        say(f"wrote {shown((here() / path).parent / state)}")
    say(f"`studio plan {shown(here() / path)}` shows what it would do")
    return 0


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:_LONGEST] or "studio"
