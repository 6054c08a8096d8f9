"""The command ``studio``: one module a command, imported only when that command runs."""

import importlib
import io
import keyword
import sys
from typing import Any

import click

from reconciler import __version__

COMMANDS = {
    "init": "write a first manifest",
    "validate": "check a manifest without touching anything",
    "plan": "show what differs between manifest and studio",
    "apply": "make the studio what the manifest says",
    "drift": "show what moved since the last apply",
    "status": "show what runs",
    "ui": "open a plugin's own window",
    "up": "start JACK and the plugin host of a session",
    "down": "stop the plugin host, and JACK if studio started it",
    "graph": "draw the routing: text, SVG, DOT, JSON",
    "ports": "list JACK ports and what they are linked to",
    "plugins": "search and describe installed plugins",
    "import": "write a manifest from a Carla project",
    "export": "write a Carla project from a manifest",
    "schema": "write the JSON Schemas",
    "doctor": "check the machine, and say how to mend it",
    "completion": "print the shell's completion script",
}
"""Every command with its one line of help; the order is that of a working day."""


class LazyGroup(click.Group):
    """Imports ``reconciler.cli.NAME`` when the command NAME is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module."""
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        command = getattr(importlib.import_module(f"reconciler.cli.{name}"), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the command that was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            from reconciler.model.errors import StudioError

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean `studio {close[0]}`?" if close else "`studio --help` lists the commands"
            raise StudioError("usage", f'there is no command "{args[0]}"', hint=hint)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="studio", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def studio(debug: bool) -> None:
    """Keep a studio in a file: plugins, parameters, links and JACK itself.

    \b
    studio plan     shows what differs between the file and what sounds
    studio apply    makes it so, and proves it by looking again

    MANIFEST is found by itself: studio.yaml, else the only file in sessions/.
    """  # noqa: D301 -- click's mark for "leave these lines as they are" is the backspace itself


def run() -> None:
    """Run the command line; every error ends here, in one form, with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is told all the same
    sys.exit(_run(sys.argv[1:]))


def _run(arguments: list[str]) -> int:
    try:
        result: Any = studio.main(args=arguments or ["--help"], prog_name="studio", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # the last wall: never a traceback without --debug
        from reconciler.cli.endings import tell  # late: a command that ends well needs none of it

        code = tell(error, arguments, COMMANDS)
        if code is None:
            raise
        return code
    return result if isinstance(result, int) else 0
