"""``python -m reconciler`` is ``studio``."""

from reconciler.cli.main import run

run()
