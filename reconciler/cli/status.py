"""``studio status``."""

import click

from reconciler.cli.output import as_json, here, manifest_argument, paint, say, say_json


@click.command()
@manifest_argument
@as_json
def status(manifest: str | None, as_json: bool) -> int:
    """Show what runs: JACK, the plugin host, its plugins, the last apply, and whether anything moved since."""
    from reconciler.execution.desk import Desk
    from reconciler.execution.report import report
    from reconciler.manifest.load import find
    from reconciler.planning.text import left_out

    desk = Desk.open(find(manifest, here()))
    try:
        told = report(desk)
    finally:
        desk.close()
    if as_json:
        say_json(told)
        return 0
    jack = told.jack
    rows = [
        ("session", told.session),
        ("JACK", f"{jack.sample_rate} Hz, {jack.period} frames" + _by(told.jack_ours) if jack else "not running"),
        ("host", f"{told.engine}, process {told.pid}" if told.pid else f"{told.engine}, not running"),
        ("plugins", ", ".join(told.plugins) or "none"),
        ("applied", f"generation {told.generation}, {told.applied_at}" if told.generation else "never"),
        ("since then", told.drift or "nothing to compare with"),
    ]
    if told.unfinished:
        rows.append(("unfinished", "the last apply was not proved; `studio apply` goes on from what is there"))
    rows += [("left out", f"{one.name}: {left_out(one)}") for one in told.quarantined]
    rows += [("crashed", crash) for crash in told.crashes]
    for name, text in rows:
        say(f"{paint(f'{name:<11}', 'dim')}{text}")
    return 0


def _by(ours: bool) -> str:
    return ", started by studio" if ours else ""
