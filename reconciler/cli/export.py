"""``studio export``."""

from pathlib import Path

import click

from reconciler.cli.output import as_json, here, manifest_argument, say, say_json


@click.command()
@manifest_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to; else the session's name."
)
@click.option("--force", is_flag=True, help="Write over what is there.")
@as_json
def export(manifest: str | None, output: Path | None, force: bool, as_json: bool) -> int:
    """Write a Carla project (.carxp) from a manifest.

    Carla loads it by itself, without studio. What a project has no place for is told on standard error.
    """
    from reconciler.engines import choose
    from reconciler.manifest.files import shown
    from reconciler.manifest.load import find, load
    from reconciler.projects import transfer

    found = find(manifest, here())
    source = load(found)
    path = here() / (output or Path(f"{source.manifest.session}.carxp"))
    done = transfer.to_project(source, path, choose.project_catalogue(found.absolute().parent), force=force)
    if as_json:
        say_json({"project": shown(path), **done.as_dict()})
        return 0
    for note in done.notes:
        say(f"not in it: {note}", err=True)
    say(f"wrote {shown(path)}: {done.plugins} plugins, {done.links} connections, {done.mode}")
    return 0
