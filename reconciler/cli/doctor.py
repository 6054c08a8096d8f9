"""``studio doctor``."""

import click

from reconciler.cli.output import as_json, paint, say, say_json

_MARKS = {"ok": ("ok", "add"), "lack": ("LACK", "bad"), "unknown": ("?", "warn"), "info": ("-", "dim")}


@click.command()
@as_json
def doctor(as_json: bool) -> int:
    """Say what this machine has, what it lacks, and the command that mends each lack.

    Exits with 0 when studio can work here, with 1 when something essential is missing (JACK, a plugin host, lilv).
    """
    from reconciler.doctor.checks import examine, facts
    from reconciler.doctor.findings import ready
    from reconciler.doctor.packages import Machine

    findings = examine(Machine(), facts())
    fit = ready(findings)
    if as_json:
        say_json({"ready": fit, "findings": findings})
        return 0 if fit else 1
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark, style = _MARKS[finding.state.value]
        say(f"{paint(f'{mark:>4}', style)}  {finding.name:<{width}}  {finding.says}")
        if finding.mend:
            say(f"{'':>4}  {'':<{width}}  mend: {paint(finding.mend, 'bold')}")
    say("")
    say("studio can work here" if fit else "studio cannot work here yet: mend what is essential above")
    return 0 if fit else 1
