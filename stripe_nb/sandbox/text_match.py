"""How search compares text: without regard to case, and by whole words.

SQLite calls these for the rows that it looks at.
"""

from __future__ import annotations

import re

__all__ = ["has_part", "has_phrase", "same_text"]

_WORD = re.compile(r"\w+")


def same_text(text: object, wanted: str) -> bool | None:
    """Tell whether a value is the same text.

    Examples
    --------
    >>> same_text("usd", "USD")
    True
    """
    if text is None:
        return None
    return str(text).casefold() == wanted.casefold()


def has_part(text: object, wanted: str) -> bool | None:
    """Tell whether a value has some text in it.

    Examples
    --------
    >>> has_part("amy@rocketrides.io", "Rocket")
    True
    """
    if text is None:
        return None
    return wanted.casefold() in str(text).casefold()


def has_phrase(text: object, wanted: str) -> bool | None:
    """Tell whether a value has these whole words in it, one after the other.

    Examples
    --------
    >>> has_phrase("Jane van Doe", "van doe"), has_phrase("Jane Doe", "do")
    (True, False)
    """
    if text is None:
        return None
    words = _WORD.findall(wanted.casefold())
    if not words:
        return same_text(text, wanted)
    return (
        f" {' '.join(words)} " in f" {' '.join(_WORD.findall(str(text).casefold()))} "
    )
