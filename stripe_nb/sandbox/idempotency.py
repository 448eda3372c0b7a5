"""Idempotency keys: a repeated request gets the first one's answer.

Stripe: https://docs.stripe.com/api/idempotent_requests. A key belongs to an
account; an answer is kept once the request began to run, so a refused parameter
does not use a key up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from stripe_nb.sandbox.access import key_of, named_account
from stripe_nb.sandbox.errors import (
    IdempotencyInUse,
    IdempotencyMismatch,
    InvalidRequest,
)
from stripe_nb.sandbox.store import Store
from stripe_nb.sandbox.wire import Json, Request

__all__ = ["Claim", "Idempotency", "Kept"]

_KEPT_SECONDS = 24 * 60 * 60
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a key's first request got."""

    request_id: str
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Claim:
    """One request's claim to its key."""

    store: Store
    account: str
    key: str
    fingerprint: str
    publishable: bool = False

    @property
    def kept_under(self) -> str:
        """The key as it is stored: a page never gets a secret key's answer."""
        return f"{'pk' if self.publishable else 'sk'}/{self.key}"

    def recall(self, now: int) -> Kept | None:
        """Return the first answer, if there was one in the last 24 hours.

        Raises
        ------
        IdempotencyMismatch
            If the key came with another request then.
        """
        found = self.store.answers.find(
            self.account, self.kept_under, now - _KEPT_SECONDS
        )
        if found is None:
            return None
        fingerprint, request_id, status, body = found
        if fingerprint != self.fingerprint:
            raise IdempotencyMismatch(self.key)
        return Kept(request_id, status, body)

    def keep(self, request_id: str, status: int, body: bytes, now: int) -> None:
        """Keep the first answer."""
        self.store.answers.keep(
            self.account,
            self.kept_under,
            fingerprint=self.fingerprint,
            created=now,
            since=now - _KEPT_SECONDS,
            request_id=request_id,
            status=status,
            body=body,
        )


class Idempotency:
    """The idempotency keys of a sandbox."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: set[tuple[str, str, str]] = set()

    @contextmanager
    def held(self, request: Request, own_account: str) -> Iterator[bool]:
        """Hold a request's key while it runs; give whether another one has it.

        Parameters
        ----------
        request
            The request.
        own_account
            Whose the key is where the request names no account.
        """
        key, headers = _key(request), request.headers
        token = (named_account(headers) or own_account, key_of(headers), key)
        in_use = bool(key) and token in self._running
        if key and not in_use:
            self._running.add(token)
        try:
            yield in_use
        finally:
            if not in_use:
                self._running.discard(token)

    def claim(
        self, request: Request, account: str, tree: Json, *, in_use: bool
    ) -> Claim | None:
        """Return a request's claim to its key, if it has one.

        Raises
        ------
        IdempotencyInUse
            If another request with the key is still running.
        InvalidRequest
            If the key is too long.
        """
        key = _key(request)
        if not key:
            return None
        if len(key) > _LONGEST:
            raise InvalidRequest(
                f"Idempotency keys can be at most {_LONGEST} characters long, and this "
                f"one has {len(key)}.",
            )
        if in_use:
            raise IdempotencyInUse(key)
        content = orjson.dumps(
            [request.method, request.path, _numbers_away(tree)],
            option=orjson.OPT_SORT_KEYS,
        )
        return Claim(
            self._store,
            account,
            key,
            hashlib.sha256(content).hexdigest(),
            publishable=key_of(request.headers).startswith("pk_"),
        )


def _numbers_away(tree: Any) -> Any:
    """Make ``a[0]=x`` and ``a[]=x`` the same, as they are to the operation.

    Other numbers may be names, as in metadata.
    """
    if isinstance(tree, dict):
        places = [str(place) for place in range(len(tree))]
        if tree and set(tree) == set(places):
            tree = [tree[place] for place in places]
        else:
            return {key: _numbers_away(value) for key, value in tree.items()}
    return [_numbers_away(value) for value in tree] if isinstance(tree, list) else tree


def _key(request: Request) -> str:
    """Return the key; only requests that make something have one."""
    if request.method.lower() != "post":
        return ""
    return request.headers.get("idempotency-key", "")
