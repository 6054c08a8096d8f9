"""What the models' own rules say when broken; pydantic carries it, :mod:`reconciler.manifest.explain` places it."""

import difflib
from collections.abc import Iterable, Sequence


class Mistake(ValueError):
    """One broken rule.

    Parameters
    ----------
    code, message, hint
        As in :class:`~reconciler.model.errors.StudioError`.
    path
        The keys that lead from the model that noticed to the mistake.
    at_key
        The mistake is the last key of the path, not its value.
    """

    def __init__(
        self, code: str, message: str, hint: str | None = None, *, path: Sequence[str | int] = (), at_key: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.path = tuple(path)
        self.at_key = at_key


class Mistakes(ValueError):
    """Several broken rules of one model."""

    def __init__(self, each: Sequence[Mistake]) -> None:
        super().__init__("; ".join(mistake.message for mistake in each))
        self.each = tuple(each)


def near(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that ``word`` is most likely a slip of, whatever the case; None if none is close."""
    folded = {choice.casefold(): choice for choice in choices}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[close[0]] if close else None


def did_you_mean(word: str, choices: Iterable[str]) -> str | None:
    """Return ``did you mean "x"?``, or None."""
    close = near(word, choices)
    return f'did you mean "{close}"?' if close else None
