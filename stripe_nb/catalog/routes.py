"""Finds the operation that a request means by its method and path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["Routes"]

# Keys that no path segment can equal: below them stand a parameter's branch
# and the operation that ends here.
_ANY = "{}"
_END = "/"


class Routes:
    """A tree of path segments per method.

    Literal segments win over parameters, and where they lead nowhere the
    parameter's branch is tried.

    Parameters
    ----------
    operations
        Name, method and path of each; of two with the same method and path,
        the first is kept.
    """

    def __init__(self, operations: Iterable[tuple[str, str, str]]) -> None:
        self._roots: dict[str, dict[str, Any]] = {}
        for name, method, path in operations:
            node = self._roots.setdefault(method, {})
            segments = path.split("/")[1:]
            for segment in segments:
                node = node.setdefault(_ANY if segment[:1] == "{" else segment, {})
            node.setdefault(
                _END, (name, tuple(s[1:-1] for s in segments if s[:1] == "{"))
            )

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """Return an operation's name and its path parameters.

        Parameters
        ----------
        method
            In any case.
        path
            Without the query; percent-encoding is left as it is.
        """
        root = self._roots.get(method) or self._roots.get(method.lower())
        if root is None:
            return None
        segments = path.strip("/").split("/")
        values: list[str] = []
        leaf = _descend(root, segments, 0, values)
        if leaf is None:
            return None
        name, parameters = leaf
        return name, dict(zip(parameters, values, strict=True))


def _descend(
    node: dict[str, Any], segments: list[str], depth: int, values: list[str]
) -> tuple[str, tuple[str, ...]] | None:
    if depth == len(segments):
        end: tuple[str, tuple[str, ...]] | None = node.get(_END)
        return end
    segment = segments[depth]
    literal = node.get(segment)
    if literal is not None and segment != _ANY:
        found = _descend(literal, segments, depth + 1, values)
        if found is not None:
            return found
    branch = node.get(_ANY)
    if branch is None or not segment:
        return None
    values.append(segment)
    found = _descend(branch, segments, depth + 1, values)
    if found is None:
        values.pop()
    return found
