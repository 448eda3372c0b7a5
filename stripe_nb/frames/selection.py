"""What a caller asks for: which list, which rows and columns, and for whom.

Checked on the way in, so that a slip is told in one sentence and not by
whatever stumbles over it later.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stripe_nb.errors import FrameError, kind_of
from stripe_nb.frames.window import Window
from stripe_nb.session import Client

if TYPE_CHECKING:
    import stripe

__all__ = ["Selection"]


@dataclass(slots=True, kw_only=True)
class Selection:
    """Some rows and columns of a list; see `frame` for each."""

    resource: str | type[stripe.StripeObject]
    created: Window | None = None
    limit: int | None = None
    expand: Sequence[str] = ()
    fields: Sequence[str] | None = None
    client: Client | None = None
    account: str | None = None
    search: str | None = None
    explode: Sequence[str] = ()
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.resource = _name(self.resource)
        _check_limit(self.limit)
        self.expand = _names("expand", self.expand)
        self.explode = _names("explode", self.explode or ())
        if self.fields is not None:
            self.fields = _names("fields", self.fields)
        _check_account(self.account)
        if self.client is not None and not isinstance(self.client, Client):
            raise FrameError(
                f"client must be what connect() returns, not {kind_of(self.client)}."
            )


def _name(resource: object) -> str:
    # A class of the SDK's stands for its objects.
    name = getattr(resource, "OBJECT_NAME", None)
    if isinstance(resource, type) and isinstance(name, str):
        return name
    if isinstance(resource, str) and not resource.strip():
        raise FrameError('the resource needs a name, such as "customers".')
    if not isinstance(resource, str):
        raise FrameError(
            'frame takes the name of a resource, such as "customers", not '
            f"{kind_of(resource)}; objects at hand become a frame with to_frame."
        )
    return resource


def _check_account(account: object) -> None:
    # An empty one, as from a variable that isn't set, would read one's own.
    if account is None:
        return
    if not isinstance(account, str) or not re.fullmatch(r"[!-~]+", account):
        raise FrameError(
            f'account={account!r} is no id such as "acct_…"; leave it out for your '
            "own account."
        )


def _check_limit(limit: object) -> None:
    if limit is None:
        return
    if isinstance(limit, bool) or not hasattr(limit, "__index__"):
        raise FrameError(
            f"limit must be a whole number, or None for all rows, not {limit!r}."
        )
    if int(limit.__index__()) < 0:
        raise FrameError(f"limit={limit} is negative; give None for all rows.")


def _names(option: str, names: object) -> tuple[str, ...]:
    if isinstance(names, str):
        return (names,)
    found = tuple(names) if isinstance(names, Iterable) else (None,)
    if not all(isinstance(name, str) for name in found):
        raise FrameError(f'{option} must be names, such as ["id"], not {names!r}.')
    return found
