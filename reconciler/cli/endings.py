"""What is told, and the exit code, when a command ends with an error."""

import os
import sys
from collections.abc import Collection

import click

from reconciler.cli.output import tell_error
from reconciler.model.errors import StudioError

INTERRUPTED = 130


def tell(error: BaseException, arguments: list[str], commands: Collection[str]) -> int | None:
    """Tell an error in its one form and return the exit code; None if its traceback is wanted instead (``--debug``)."""
    debug = "--debug" in arguments
    as_json = "--json" in arguments
    match error:
        case StudioError():
            if debug:
                return None
            try:
                tell_error(error, as_json=as_json)
            except StudioError:  # standard output is the trouble
                tell_error(error, as_json=False)
            return error.exit_code
        case click.exceptions.Abort() | KeyboardInterrupt():  # click makes the one of the other
            print("interrupted; `studio apply` goes on from what is there", file=sys.stderr)
            return INTERRUPTED
        case click.ClickException():
            path = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else None
            named = [argument for argument in arguments[:1] if argument in commands]
            hint = f"`{path or ' '.join(['studio', *named])} --help`"
            tell_error(StudioError("usage", " ".join(error.format_message().split()), hint=hint), as_json=as_json)
            return 1
        case BrokenPipeError():  # the reader of our output has gone, as in `studio ports | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        case _:
            if debug:
                return None
            hint = "this is a fault in studio: run the same command with `studio --debug ...` and report what it prints"
            tell_error(StudioError("internal", f"{type(error).__name__}: {error}", hint=hint), as_json=as_json)
            return 1
