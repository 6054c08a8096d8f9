"""``studio schema``."""

from pathlib import Path

import click

from reconciler.cli.output import say


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default=Path("schemas"), show_default=True, help="Where to.")
@click.option("--print", "to_stdout", type=click.Choice(["session", "plan"]), help="Print one instead.")
def schema(folder: Path, to_stdout: str | None) -> int:
    """Write the JSON Schemas: of a manifest (for editors: yaml-language-server) and of a plan."""
    from reconciler.manifest import publish as session
    from reconciler.model.errors import StudioError
    from reconciler.planning import publish as plan

    texts = {"session": session.text, "plan": plan.text}
    if to_stdout is not None:
        click.echo(texts[to_stdout](), nl=False)
        return 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            path = folder / f"{name}.schema.json"
            path.write_text(text(), encoding="utf-8")
            say(f"wrote {path}")
    except OSError as error:
        raise StudioError("not-written", f"{folder} cannot be written: {error.strerror}") from error
    return 0
