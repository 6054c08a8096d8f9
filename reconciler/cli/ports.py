"""``studio ports``."""

from pathlib import Path

import click

from reconciler.cli.output import as_json, here, paint, say, say_json


@click.command()
@click.argument("pattern", required=False)
@click.option("--manifest", metavar="FILE", help="Show the ports as this session calls them.")
@as_json
def ports(pattern: str | None, manifest: str | None, as_json: bool) -> int:
    """List JACK ports and what they are linked to. PATTERN is a part of a name, or a glob."""
    import fnmatch

    from reconciler.execution.look import look

    observed = look(Path(manifest) if manifest else None, here())
    wanted = f"*{pattern}*" if pattern and not set(pattern) & set("*?[") else pattern or "*"
    found = [port for port in observed.ports.values() if fnmatch.fnmatchcase(port.name.casefold(), wanted.casefold())]
    into: dict[str, list[str]] = {}
    for link in sorted(observed.links):
        into.setdefault(link.source, []).append(f"-> {link.target}")
        into.setdefault(link.target, []).append(f"<- {link.source}")
    if as_json:
        say_json([{"port": port, "links": into.get(port.name, [])} for port in found])
        return 0
    if not found:
        say("no port is called so" if pattern else "JACK runs, and has no ports")
    width = max((len(port.name) for port in found), default=0)
    for port in found:
        aliases = f"  ({', '.join(port.aliases)})" if port.aliases else ""
        say(f"{port.name:<{width}}  {paint(f'{port.kind} {port.direction}', 'dim')}{aliases}")
        for far in into.get(port.name, []):
            say(f"    {far}")
    return 0
