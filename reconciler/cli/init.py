"""``studio init``."""

import re
from pathlib import Path

import click

from reconciler.cli.output import here, say

_STARTER = """\
# `studio schema` writes the schema that lets your editor complete and check this file:
# yaml-language-server: $schema=schemas/session.schema.json
version: 1
session: {session}

# hardware:                     # let studio start JACK; without this it uses the server that runs
#   jack: {{ driver: alsa, device: "hw:USB", sample_rate: 48000, period: 128, manage: start }}

plugins: {{}}
#   eq:                         # `studio plugins search equalizer` finds one, `describe` shows its parameters
#     plugin: lv2:http://gareus.org/oss/lv2/fil4#stereo
#     params: {{ gain: -3 dB }}

chains: {{}}
#   voice: [system:capture_1, eq, "system:playback_[12]"]
"""


@click.command()
@click.argument("session", required=False)
@click.option("--example", metavar="NAME", help="Start from an example session; `--example list` names them.")
def init(session: str | None, example: str | None) -> int:
    """Write a first manifest, studio.yaml, into this folder."""
    from reconciler.manifest.examples import examples
    from reconciler.manifest.load import parse
    from reconciler.model.errors import StudioError, Where

    known = examples()
    if example == "list":
        for name in known:
            say(name)
        return 0
    if example is not None and example not in known:
        raise StudioError("no-such-example", f'there is no example "{example}"', hint=f"there are {', '.join(known)}")
    path = Path("studio.yaml")
    if example is not None:
        text = known[example].read_text(encoding="utf-8")
        # The schema is found beside the examples only; `studio schema` writes one beside this file.
        text = re.sub(r"(?m)^# yaml-language-server:.*\n", "", text, count=1)
        if session is not None:
            text = re.sub(r"(?m)^session:.*$", f"session: {session}", text, count=1)
    else:
        text = _STARTER.format(session=session or _slug(here().name))
    try:
        parse(text, path)
    except StudioError as error:
        if session is None:
            raise
        raise StudioError(error.code, error.message, hint=error.hint) from error  # no file, so no place in it
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise StudioError("exists", "there is a studio.yaml already", where=Where(file=str(path))) from error
    except OSError as error:
        raise StudioError("not-written", f"{path} cannot be written: {error.strerror}") from error
    say(f"wrote {path}; `studio plan` shows what it would do")
    return 0


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64] or "studio"
