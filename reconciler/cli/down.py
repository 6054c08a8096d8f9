"""``studio down``."""

from pathlib import Path

import click

from reconciler.cli.output import as_json, manifest_argument, say, say_json


@click.command()
@manifest_argument
@as_json
@click.option("--keep-jack", is_flag=True, help="Leave the JACK server running.")
@click.option("--force", is_flag=True, help="End a host that no longer answers.")
def down(manifest: str | None, as_json: bool, keep_jack: bool, force: bool) -> int:
    """Stop a session's plugins and host, and JACK if studio started it and no other session needs it."""
    from reconciler.execution.shutdown import bring_down
    from reconciler.manifest.load import find, load

    source = load(find(manifest, Path.cwd()))
    stopped = bring_down(source.manifest, keep_jack=keep_jack, force=force)
    if as_json:
        say_json({"session": source.manifest.session, "stopped": stopped})
    else:
        name = source.manifest.session
        say(f"{name}: stopped {' and '.join(stopped)}" if stopped else f"{name}: nothing was running")
    return 0
