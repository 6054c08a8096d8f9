"""``studio down``."""

import click

from reconciler.cli.output import as_json, here, manifest_argument, say, say_json


@click.command()
@manifest_argument
@as_json
@click.option("--keep-jack", is_flag=True, help="Leave the JACK server running.")
@click.option("--force", is_flag=True, help="End a host that no longer answers.")
@click.option("--session", "named", metavar="NAME", help="Stop this one, whatever its manifest says or wherever it is.")
def down(manifest: str | None, as_json: bool, keep_jack: bool, force: bool, named: str | None) -> int:
    """Stop a session's plugins and host, and JACK if studio started it and no other session needs it."""
    from reconciler.execution.shutdown import bring_down, stop
    from reconciler.manifest.load import find, load

    if named is not None:
        name = _running(named)
        stopped = stop(name, keep_jack=keep_jack, force=force)
    else:
        asked = load(find(manifest, here())).manifest
        name = asked.session
        stopped = bring_down(asked, keep_jack=keep_jack, force=force)
    if as_json:
        say_json({"session": name, "stopped": stopped})
    else:
        say(f"{name}: stopped {' and '.join(stopped)}" if stopped else f"{name}: nothing was running")
    return 0


def _running(name: str) -> str:
    """Return the name if such a session was ever started here."""
    from reconciler.host.place import sessions
    from reconciler.model.errors import StudioError

    known = sessions()
    if name not in known:
        hint = f"there are {', '.join(known)}" if known else "no session runs"
        raise StudioError("no-such-session", f'no session "{name}" runs', hint=hint)
    return name
