"""``studio completion``."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell.

    \b
    bash:  studio completion bash > ~/.local/share/bash-completion/completions/studio
    zsh:   studio completion zsh  > "${fpath[1]}/_studio"
    fish:  studio completion fish > ~/.config/fish/completions/studio.fish
    """  # noqa: D301 -- click's mark for "leave these lines as they are" is the backspace itself
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "studio", "_STUDIO_COMPLETE").source())
    return 0
