"""Feedback loops, found before anything sounds."""

from collections.abc import Iterable

from reconciler.model.resources import Link


def find_cycle(links: Iterable[Link]) -> list[str] | None:
    """Return the nodes of one loop in the order the signal runs (first node not repeated), or None.

    Every plugin is taken to pass each input to each output. Depth first with an own stack, so that a long chain does
    not meet Python's recursion limit.
    """
    follows: dict[str, set[str]] = {}
    for link in links:
        follows.setdefault(link.source.partition(":")[0], set()).add(link.target.partition(":")[0])
    done: set[str] = set()
    for start in sorted(follows):
        if start in done:
            continue
        path = [start]
        branches = [iter(sorted(follows[start]))]
        on_path = {start}
        while path:
            step = next(branches[-1], None)
            if step is None:
                done.add(path[-1])
                on_path.discard(path.pop())
                branches.pop()
            elif step in on_path:
                return path[path.index(step) :]
            elif step not in done and step in follows:
                path.append(step)
                on_path.add(step)
                branches.append(iter(sorted(follows[step])))
    return None
