"""What an examination says: one finding per thing looked at."""

import enum
from collections.abc import Sequence

import msgspec


class State(enum.StrEnum):
    """How it stands."""

    OK = "ok"
    LACK = "lack"
    UNKNOWN = "unknown"
    """It could not be found out; ``says`` tells why."""
    INFO = "info"
    """Neither good nor bad: a fact that helps."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that was looked at."""

    name: str
    state: State
    says: str
    mend: str | None = None
    """The command that mends a lack, as it is typed, or what to do where no command does."""
    essential: bool = False
    """Without it studio makes no sound on this machine."""


def ready(findings: Sequence[Finding]) -> bool:
    """Say whether nothing essential is lacking."""
    return not any(finding.essential and finding.state is State.LACK for finding in findings)
