"""The client that a session hands out: the SDK's own, behind the guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, Self

import stripe

from stripe_nb.settings import key_mode
from stripe_nb.transport import BodyReader, GuardedHTTPClient, Policy

__all__ = ["Client", "RunningSandbox", "Target"]


class RunningSandbox(Protocol):
    """What a session needs of a sandbox."""

    @property
    def url(self) -> str:
        """Where it listens."""

    @property
    def key(self) -> str:
        """A test key that it takes."""

    def start(self) -> object:
        """Listen, unless it does already."""

    def stop(self) -> object:
        """Stop listening."""


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Where a client's requests go, and with what.

    Attributes
    ----------
    key
        The secret key.
    policy
        Which requests pass.
    account
        The connected account to make them for.
    publishable_key
        The key for Stripe.js.
    sandbox
        The sandbox that answers, if it is at hand.
    is_default
        Whether the settings chose it, and not the caller.
    """

    key: str
    policy: Policy
    account: str | None = None
    publishable_key: str | None = None
    sandbox: RunningSandbox | None = None
    is_default: bool = False

    @property
    def addresses(self) -> dict[str, str]:
        """The bases of the API's addresses, by the SDK's names for them."""
        url = self.policy.sandbox_url
        return {
            "api": url or stripe.DEFAULT_API_BASE,
            "connect": url or stripe.DEFAULT_CONNECT_API_BASE,
            "files": url or stripe.DEFAULT_UPLOAD_API_BASE,
            "meter_events": url or stripe.DEFAULT_METER_EVENTS_API_BASE,
        }

    def replaces(self, former: Target) -> bool:
        """Tell whether a client of a former target is of no more use."""
        if self.is_default and former.is_default:
            return True
        here, there = self.policy.sandbox_url, former.policy.sandbox_url
        return here is not None and (here, self.account) == (there, former.account)


class Client(stripe.StripeClient):
    """A Stripe client whose every request is guarded; `connect` makes it.

    Attributes
    ----------
    sandbox
        The embedded sandbox; None with Stripe and with a sandbox that was joined.
    sandbox_url
        Where the sandbox listens; None with Stripe.
    is_sandbox
        Whether a sandbox answers.
    livemode
        Whether the key is a live one.
    account
        The connected account that requests are made for.
    publishable_key
        The key for Stripe.js; None with a sandbox.
    max_network_retries
        How often a request is tried again after a failure that may pass.
    calls
        What was asked of Stripe, and what came of it, with secrets masked.
    """

    def __init__(
        self,
        target: Target,
        *,
        max_network_retries: int,
        on_close: Callable[[Client], None],
    ) -> None:
        self.target = target
        self.http_client = GuardedHTTPClient(target.policy)
        self.calls = self.http_client.calls
        self._on_close = on_close
        self._is_closed = False
        options: dict[str, Any] = {
            "stripe_account": target.account,
            "base_addresses": target.addresses,
            "max_network_retries": max_network_retries,
        }
        super().__init__(target.key, http_client=self.http_client, **options)
        reader = BodyReader(self.http_client)
        self._reader = stripe.StripeClient(target.key, http_client=reader, **options)
        self.sandbox = target.sandbox
        self.sandbox_url = target.policy.sandbox_url
        self.is_sandbox = self.sandbox_url is not None
        self.livemode = key_mode(target.key) == "live"
        self.account = target.account
        self.publishable_key = target.publishable_key
        self.max_network_retries = max_network_retries

    def get_bytes(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        account: str | None = None,
        api_version: str | None = None,
    ) -> bytes:
        """Read from the API without building objects of the answer.

        Parameters, key, versions, retries and errors are the SDK's own.

        Parameters
        ----------
        path
            Where to read, for example ``"/v1/customers"``.
        params
            The query, as the SDK takes it: lists and nested values are fine.
        account
            The connected account to read for, in the place of the client's.
        api_version
            The API version to answer in, in the place of the SDK's.

        Returns
        -------
        bytes
            The answer's body, JSON in UTF-8.

        Raises
        ------
        stripe.StripeError
            If Stripe refuses, of the class that the SDK has for it.

        Examples
        --------
        >>> from stripe_nb.session import connect
        >>> with connect() as client:
        ...     client.get_bytes("/v1/customers", {"limit": 1})[:1]
        b'{'
        """
        options = {"stripe_account": account, "stripe_version": api_version}
        chosen = {name: value for name, value in options.items() if value}
        answer = self._reader.raw_request("get", path, **{**(params or {}), **chosen})
        body = answer.headers.body
        return body if isinstance(body, bytes) else bytes(body, "utf-8")

    def close(self) -> None:
        """End the session.

        Stops the sandbox that `connect` started for it, and leaves the
        ``stripe`` module as it was before, or to the client connected before.
        A sandbox that was handed to `connect` keeps running.

        Examples
        --------
        >>> from stripe_nb.session import connect
        >>> client = connect()
        >>> client.close()
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._on_close(self)
        self.http_client.close()
        if self.sandbox is not None and self.target.is_default:
            self.sandbox.stop()

    async def close_async(self) -> None:
        """End the session, and the connections of asynchronous calls as well.

        See `close`.
        """
        await self.http_client.close_async()
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # The same in each run: no port, no address in memory, and no key.
        return f"<stripe_nb.Client: {self._whereabouts()}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A client holds a key and connections and is not pickled: connect() where "
            "you need it."
        )

    def _whereabouts(self) -> str:
        if self.is_sandbox:
            return "sandbox"
        if not self.livemode:
            return "Stripe, test mode"
        writes = self.target.policy.allow_live_writes
        return f"Stripe, live mode, {'reads and writes' if writes else 'read-only'}"
