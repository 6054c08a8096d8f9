"""``studio graph``."""

from pathlib import Path

import click

from reconciler.cli.output import as_json, here, manifest_argument, paint, say

_FORMS = ("text", "json", "dot", "svg")


@click.command()
@manifest_argument
@click.option("--live", is_flag=True, help="The studio as it is, with everybody's clients.")
@click.option("--plan", "of_plan", is_flag=True, help="Before and after: what comes, what goes, what stays.")
@click.option("--format", "-f", "form", type=click.Choice(_FORMS), help="Text, unless the file's name says other.")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="Write it there.")
@click.option("--force", is_flag=True, help="Write over a file that is no picture of ours.")
@click.option("--ports", "every_port", is_flag=True, help="Show every port and every link by itself.")
@as_json
def graph(  # noqa: PLR0917 - click passes them by name
    manifest: str | None,
    live: bool,
    of_plan: bool,
    form: str | None,
    output: Path | None,
    force: bool,
    every_port: bool,
    as_json: bool,
) -> int:
    """Draw the routing: what the manifest declares, and how it stands in the studio.

    Starts nothing and changes nothing. Where JACK or the plugin host is not running, the manifest is drawn alone. SVG
    is laid out by Graphviz.
    """
    from reconciler.execution import graph as look
    from reconciler.manifest.load import find
    from reconciler.pictures.files import Form, form_of, write
    from reconciler.pictures.forms import render
    from reconciler.planning.text import plain

    _refuse_both(live and of_plan, "--live", "--plan")
    _refuse_both(as_json and form not in (None, "json"), "--json", f"-f {form}")
    if as_json:
        shape = Form.JSON
    elif form is not None:
        shape = Form(form)
    else:
        shape = Form.TEXT if output is None else form_of(output)
    if live:
        found = look.live(Path(manifest) if manifest else None, here())
    else:
        path = find(manifest, here())
        found = look.planned(path) if of_plan else look.standing(path)
    picture = render(found, shape, plain if output else paint, every_port=every_port)
    if output is None:
        say(picture)
        return 0
    signed = f"{picture}\n\n{found.drawn_by}" if shape is Form.TEXT else picture
    write(output, f"{signed}\n", force=force)
    say(f"wrote {output}")
    return 0


def _refuse_both(given: bool, one: str, other: str) -> None:
    if given:
        raise click.UsageError(f"{one} and {other} exclude each other")
