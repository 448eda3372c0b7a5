"""A browser's visit to a page: what it brings, and the state it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout.visiting import call_about

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["Visit"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request to a page.

    Attributes
    ----------
    engine
        What the page shows.
    base_url
        Where the sandbox is.
    path, query, form
        Values of the path's parameters, of the query and of a form.
    is_post
        Whether a form was sent.
    """

    engine: Engine
    base_url: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    is_post: bool = False

    def call_about(self, object_id: str) -> Call:
        """Return a call in the account that an object belongs to."""
        return call_about(self.engine, object_id, base_url=self.base_url)

    def told(self, name: str) -> str:
        """Return what was typed into a field, without blanks around it."""
        return self.form.get(name, "").strip()
