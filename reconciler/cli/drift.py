"""``studio drift``."""

import click

from reconciler.cli.output import as_json, here, manifest_argument, paint, say, say_json

DIFFERS = 2


@click.command()
@manifest_argument
@as_json
def drift(manifest: str | None, as_json: bool) -> int:
    """Show what moved in the studio since the last apply, without the manifest having changed.

    Exits with 0 if nothing did, with 2 if something did. `studio apply` puts it back.
    """
    from reconciler.execution.desk import Desk
    from reconciler.manifest.load import find
    from reconciler.model.errors import StudioError
    from reconciler.planning.text import render

    desk = Desk.open(find(manifest, here()))
    try:
        found = desk.drift()
    finally:
        desk.close()
    if found is None:
        name = desk.session.name
        raise StudioError("never-applied", f"{name} was never applied on this machine", hint="`studio apply`")
    if as_json:
        say_json(found)
    elif not found.empty:
        say(render(found, paint) + "\n`studio apply` puts it back")
    elif found.pending or found.quarantined:
        say(render(found, paint))
    else:
        say(f"{found.session}: no drift")
    return 0 if found.empty else DIFFERS
