"""``studio plan``."""

import click

from reconciler.cli.output import as_json, here, manifest_argument, paint, say, say_json

DIFFERS = 2


@click.command()
@manifest_argument
@as_json
@click.option("--explain", is_flag=True, help="Also show the very calls that an apply would make.")
@click.option("--exit-code", is_flag=True, help="Exit with 2 if anything differs.")
@click.option("--release", multiple=True, metavar="NAME", help="Let this protected plugin be removed or replaced.")
@click.option("--allow-programs", is_flag=True, help="Let jack: plugins start programs that never ran here before.")
def plan(
    manifest: str | None,
    *,
    as_json: bool,
    explain: bool,
    exit_code: bool,
    release: tuple[str, ...],
    allow_programs: bool,
) -> int:
    """Show what differs between manifest and studio. Changes nothing, starts nothing."""
    from reconciler.execution.desk import Desk
    from reconciler.manifest.load import find
    from reconciler.planning.text import render

    desk = Desk.open(find(manifest, here()))
    try:
        found = desk.plan(desk.releasing(release), programs=allow_programs)
    finally:
        desk.close()
    if as_json:
        say_json(found)
    else:
        say(render(found, paint, explain=explain))
    return DIFFERS if exit_code and not found.empty else 0
