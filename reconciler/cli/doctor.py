"""``studio doctor``: what this machine has, what it lacks, and the command that mends each lack."""

import click
import msgspec

MARKS = {"ok": ("ok", "green"), "lack": ("LACK", "red"), "unknown": ("?", "yellow"), "info": ("-", "cyan")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:
    """Say what this machine has, what it lacks, and the command that mends each lack.

    Exit code 0 when studio can work here, 1 when something essential is missing (JACK, a plugin host, lilv).
    """
    from reconciler.doctor.checks import examine, facts
    from reconciler.doctor.findings import ready
    from reconciler.doctor.packages import Machine

    findings = examine(Machine(), facts())
    fit = ready(findings)
    if as_json:
        form = {"ready": fit, "findings": [msgspec.to_builtins(finding) for finding in findings]}
        click.echo(msgspec.json.format(msgspec.json.encode(form), indent=2).decode())
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            mark, colour = MARKS[finding.state.value]
            click.echo(f"{click.style(f'{mark:>4}', fg=colour)}  {finding.name:<{width}}  {finding.says}")
            if finding.mend:
                click.echo(f"{'':>4}  {'':<{width}}  mend: {click.style(finding.mend, bold=True)}")
        click.echo()
        click.echo("studio can work here." if fit else "studio cannot work here yet: mend what is essential above.")
    raise SystemExit(0 if fit else 1)
