"""Exports that end before they are done."""

from __future__ import annotations

from typing import Any

import pytest

from stripe_nb.export.spool import Spool

__all__ = ["BrokenOffError", "break_off"]


class BrokenOffError(Exception):
    """As a kill."""


def break_off(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """Let spools take only so many pieces."""
    add, taken = Spool.add, 0

    def once(spool: Spool, *piece: Any) -> None:
        nonlocal taken
        if taken == pieces:
            raise BrokenOffError
        taken += 1
        add(spool, *piece)

    monkeypatch.setattr(Spool, "add", once)
