"""``studio apply``."""

import sys

import click

from reconciler.cli.output import Progress, as_json, here, manifest_argument, paint, say, say_json

LEFT_OVER = 4


@click.command()
@manifest_argument
@as_json
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--explain", is_flag=True, help="Also show the very calls that are made.")
@click.option("--release", multiple=True, metavar="NAME", help="Let this protected plugin be removed or replaced.")
@click.option("--retry", multiple=True, metavar="NAME", help="Let this plugin in again, which took its host down.")
@click.option("--allow-programs", is_flag=True, help="Let jack: plugins start programs that never ran here before.")
def apply(
    manifest: str | None,
    *,
    as_json: bool,
    yes: bool,
    explain: bool,
    release: tuple[str, ...],
    retry: tuple[str, ...],
    allow_programs: bool,
) -> int:
    """Make the studio what the manifest says, and prove it by looking again.

    Exits with 0 when the studio is what the manifest says, with 4 when something waits for a port, is left out or did
    not come out as asked (each is named), with 3 when the studio moved while you were reading the plan, with 5 when
    policy refuses.
    """
    from reconciler.execution.desk import Desk
    from reconciler.manifest.load import find
    from reconciler.planning.text import render

    desk = Desk.open(find(manifest, here()))
    try:
        with desk.locked():
            released, retried = desk.releasing(release), desk.retrying(retry)
            found = desk.plan(released, retried, programs=allow_programs)
            if not as_json:
                say(render(found, paint, explain=explain))
            if found.actions and not found.refused and not yes and not _agreed(as_json):
                return 1
            with Progress(len(found.actions)) as told:
                applied = desk.apply(found, released=released, retried=retried, programs=allow_programs, told=told)
    finally:
        desk.close()
    if as_json:
        say_json({"plan": found, "applied": applied, "proved": applied.proved})
    elif found.actions or not applied.proved:
        _tell(applied)
    waits = applied.residual.pending or applied.residual.quarantined
    return 0 if applied.proved and not waits else LEFT_OVER


def _agreed(as_json: bool) -> bool:
    from reconciler.model.errors import StudioError

    if as_json or sys.stdin is None or not sys.stdin.isatty():
        raise StudioError("not-confirmed", "there is nobody to ask here", hint="`--yes` applies without asking")
    agreed = click.confirm("\napply this?", default=False)
    if not agreed:
        say("nothing was applied")
    return agreed


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"


def _tell(applied: object) -> None:
    from reconciler.execution.desk import Applied
    from reconciler.planning.text import call_text, detail

    assert isinstance(applied, Applied)
    say("")
    for action, outcome in applied.failures:
        error = outcome.error or {}
        say(f"  {paint('failed', 'bad')} {call_text(action)}: {error.get('message')}")
        if error.get("hint"):
            say(f"      {error['hint']}")
    skipped = sum(outcome.status == "skipped" for _, outcome in applied.ran)
    done = sum(outcome.status == "done" for _, outcome in applied.ran)
    if applied.proved:
        waiting, out = len(applied.residual.pending), len(applied.residual.quarantined)
        note = (f", {waiting} waiting for a port" if waiting else "") + (f", {out} left out" if out else "")
        say(f"{paint('applied', 'add')}: {_calls(done)}, read back as planned{note} (generation {applied.generation})")
        return
    say(
        f"{paint('not as asked', 'bad')}: {_calls(done)} done, {len(applied.failures)} failed, {skipped} skipped; left:"
    )
    for change in applied.residual.changes:
        say(f"  {change.address}  {detail(change)}".rstrip())
    for refusal in applied.residual.refused:
        say(f"  {refusal.address}  {refusal.message}")
    say("`studio apply` goes on from here")
