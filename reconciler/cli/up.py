"""``studio up``."""

import click

from reconciler.cli.output import as_json, here, manifest_argument, say, say_json


@click.command()
@manifest_argument
@as_json
def up(manifest: str | None, as_json: bool) -> int:
    """Start JACK (where the manifest lets studio do it) and the plugin host, and leave them running.

    The plugins come with `studio apply`, which does all of this by itself.
    """
    from reconciler.execution.desk import Desk
    from reconciler.host.client import HostClient
    from reconciler.manifest.load import find

    desk = Desk.open(find(manifest, here()))
    try:
        with desk.locked():
            desk.bring_up()
        client = HostClient.find(desk.session.name)
        assert client is not None
        status = client.status()
        client.close()
    finally:
        desk.close()
    if as_json:
        say_json(status)
    else:
        say(f"{desk.session.name}: the {status.config.engine} host runs (process {status.pid}), JACK answers")
        say("`studio apply` builds the session")
    return 0
