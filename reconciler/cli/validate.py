"""``studio validate``."""

import click

from reconciler.cli.output import as_json, here, manifest_argument, say, say_json


@click.command()
@manifest_argument
@as_json
def validate(manifest: str | None, as_json: bool) -> int:
    """Check a manifest without touching anything.

    Everything is checked that can be without sound: names, plugins and their parameters, units, ranges, ports,
    channels and feedback loops.
    """
    from reconciler.engines import choose
    from reconciler.manifest.files import shown
    from reconciler.manifest.load import find, load, same_name
    from reconciler.model.errors import StudioError
    from reconciler.session.compile import compile_session
    from reconciler.session.engine import settings

    path = find(manifest, here())
    source = load(path)
    host, folder = source.manifest.engine.host, path.absolute().parent
    session = compile_session(source, choose.catalogue(host, folder, settings(source).paths))
    if others := same_name(path):
        raise StudioError(
            "session-name-taken",
            f'{shown(others[0])} has the same session name, "{session.name}"',
            where=source.where("session", address="session"),
            hint="every manifest needs a name of its own",
        )
    links = len(session.links) + len(session.wires)
    if as_json:
        say_json({"session": session.name, "plugins": len(session.plugins), "links": links, "valid": True})
    else:
        say(f"{source.file}: {session.name} is valid: {len(session.plugins)} plugins, {links} links")
    return 0
