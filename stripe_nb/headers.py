"""Headers of an answer, whose names are spelled in any case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["header"]


def header(headers: Mapping[str, Any] | None, name: str) -> str:
    """Return a header's value; an empty text if it isn't there.

    Parameters
    ----------
    headers
        As an error of the SDK's has them; None if no answer came.
    name
        In any case.

    Examples
    --------
    >>> header({"retry-after": 3}, "Retry-After"), header(None, "Retry-After")
    ('3', '')
    """
    given = (headers or {}).items()
    said = (value for key, value in given if key.lower() == name.lower())
    return str(next(said, ""))
