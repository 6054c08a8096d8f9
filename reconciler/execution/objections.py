"""Why a plan is not run."""

import msgspec

from reconciler.model.errors import Refused, Stale, Where
from reconciler.planning.plan import Plan


def stale(plan: Plan, now: Plan) -> Stale:
    """Return the error of a plan that no longer fits the studio."""
    shown, current = {change.address for change in plan.changes}, {change.address for change in now.changes}
    moved = sorted(shown ^ current) or sorted(shown)
    return Stale(
        "plan-stale",
        f"the studio moved since the plan was made: {', '.join(moved[:5])}",
        where=Where(address=moved[0]) if moved else None,
        hint="look at the new plan and apply again",
        details={"moved": moved},
    )


def refused(plan: Plan) -> Refused:
    """Return the error of a plan of which something is refused: the first refusal, and how many more there are."""
    first = plan.refused[0]
    more = f" (and {len(plan.refused) - 1} more)" if len(plan.refused) > 1 else ""
    where = first.origin and msgspec.structs.replace(first.origin, address=first.address)
    return Refused(
        first.code,
        first.message + more,
        where=where or Where(address=first.address),
        hint=first.hint,
        details={"refused": msgspec.to_builtins(plan.refused)},
    )
