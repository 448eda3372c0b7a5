"""The HTTP client that every request of a session passes, with its guard.

The guard stands here and not in the session, because this is the one place
that each way of calling Stripe leads through: services, module-level calls,
``raw_request``, uploads, streams, paging, asynchronous calls, and keys given
per request. What passes is the business of ``policy``.

``defaults`` brings a ``stripe.StripeClient`` behind it that somebody builds by
hand while a session is open. What was built before, and what is given an HTTP
client of another make, stays outside: that is its owner's choice. Knows nothing
of settings files and of how a sandbox is run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from importlib.util import find_spec
from typing import Any

import requests
import stripe
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from stripe_nb.errors import StripeNbError
from stripe_nb.transport.call_log import Asked, CallLog
from stripe_nb.transport.cuts import check_whole, repeating_cuts
from stripe_nb.transport.policy import Policy
from stripe_nb.transport.tracebacks import Clearing

__all__ = [
    "Asked",
    "BodyReader",
    "CallLog",
    "GuardedHTTPClient",
    "Policy",
    "ReadHeaders",
]

_POOL = 32
_CHUNK = 65_536


class GuardedHTTPClient(stripe.HTTPClient):
    """The SDK's HTTP clients behind a policy.

    Synchronous requests go through ``requests``. Asynchronous ones to Stripe
    go through httpx or aiohttp, as the SDK prefers them, and through threads
    if neither is installed or if the session is a sandbox's.

    Parameters
    ----------
    policy
        Which requests pass.
    options
        The SDK's ``proxy`` and ``verify_ssl_certs`` on the way to Stripe; by
        default those of the ``stripe`` module.
    calls
        Where the calls are written down; by default a log of its own.

    Attributes
    ----------
    calls
        What was asked, and what came of it.
    """

    name = "requests"

    def __init__(
        self,
        policy: Policy,
        options: Mapping[str, Any] | None = None,
        calls: CallLog | None = None,
    ) -> None:
        super().__init__()
        self.calls = calls or CallLog()
        self._policy = policy
        self._closed = False
        to_stripe = policy.sandbox_url is None
        # Proxies lead out of the machine, so a sandbox's session ignores them.
        self._session = _Session(trust_env=to_stripe)
        self._options = dict(_options() if options is None else options)
        if not to_stripe:
            self._options = {}
        self._sync = stripe.RequestsClient(session=self._session, **self._options)
        self._async: stripe.HTTPClient | None = None

    def check(
        self, method: str, url: str, headers: Mapping[str, str] | None, body: Any = None
    ) -> None:
        """Refuse a request that mustn't be sent.

        Raises
        ------
        StripeNbError
            If the client is closed, or the policy doesn't let the request pass.
        """
        if self._closed:
            raise StripeNbError(
                "This client is closed: use the one that connect() returned last, or "
                "call connect() again."
            )
        self._policy.check(method, url, headers or {}, body)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_usage: Any,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Send a request that the policy lets pass."""
        asked = (method, url, headers, post_data)
        self.check(*asked)
        with self.calls.one_try(Asked.of(*asked)) as made, repeating_cuts():
            answer = self._sync.request(*asked)
            check_whole(answer)
            made.answered(answer)
        return answer

    def request_stream(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        **_usage: Any,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Send a request that the policy lets pass; the answer is a stream."""
        asked = (method, url, headers, post_data)
        self.check(*asked)
        with self.calls.one_try(Asked.of(*asked)) as made:
            answer = self._sync.request_stream(*asked)
            made.answered(answer)
        return answer

    async def request_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """See `request`."""
        asked = (method, url, headers, post_data)
        self.check(*asked)
        with self.calls.one_try(Asked.of(*asked)) as made, repeating_cuts():
            answer = await self._async_client().request_async(*asked)
            check_whole(answer)
            made.answered(answer)
        return answer

    async def request_stream_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """See `request_stream`."""
        asked = (method, url, headers, post_data)
        self.check(*asked)
        with self.calls.one_try(Asked.of(*asked)) as made:
            answer = await self._async_client().request_stream_async(*asked)
            made.answered(answer)
        return answer

    def request_with_retries(
        self, *asked: Any, **options: Any
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Send a request and repeat it as the SDK does; all tries are one call."""
        with Clearing(*asked[2:3]), self.calls.one_call():
            return super().request_with_retries(*asked, **options)

    def request_stream_with_retries(
        self, *asked: Any, **options: Any
    ) -> tuple[Any, int, Mapping[str, str]]:
        """See `request_with_retries`."""
        with Clearing(*asked[2:3]), self.calls.one_call():
            return super().request_stream_with_retries(*asked, **options)

    async def request_with_retries_async(
        self, *asked: Any, **options: Any
    ) -> tuple[Any, int, Mapping[str, str]]:
        """See `request_with_retries`."""
        with Clearing(*asked[2:3]), self.calls.one_call():
            return await super().request_with_retries_async(*asked, **options)

    async def request_stream_with_retries_async(
        self, *asked: Any, **options: Any
    ) -> tuple[Any, int, Mapping[str, str]]:
        """See `request_with_retries`."""
        with Clearing(*asked[2:3]), self.calls.one_call():
            return await super().request_stream_with_retries_async(*asked, **options)

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """Wait between two tries."""
        return self._async_client().sleep_async(secs)

    def close(self) -> None:
        """Close the connections; later requests are refused."""
        self._closed = True
        self._session.close()

    async def close_async(self) -> None:
        """Close the connections of asynchronous requests too."""
        self.close()
        if self._async is not None:
            await self._async.close_async()  # type: ignore[no-untyped-call]

    def _async_client(self) -> stripe.HTTPClient:
        # Made late: it costs a TLS context, and few notebooks are asynchronous.
        if self._async is None:
            self._async = self._new_async_client()
        return self._async

    def _new_async_client(self) -> stripe.HTTPClient:
        if self._policy.sandbox_url is None:
            if find_spec("httpx") and find_spec("anyio"):
                return stripe.HTTPXClient(**self._options)
            if find_spec("aiohttp"):
                return stripe.AIOHTTPClient(**self._options)
        return _ThreadedClient(self._sync)


class ReadHeaders(CaseInsensitiveDict[str]):
    """The headers of an answer, with its body beside them.

    Attributes
    ----------
    body
        The answer's bytes.
    """

    def __init__(self, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(headers)
        self.body = body


class BodyReader(stripe.HTTPClient):
    """Hands successful answers on unparsed, for those who decode them in bulk.

    The SDK parses each answer into dictionaries. Here it gets an empty object
    to parse while the bytes travel beside the headers; errors it gets whole,
    so that they are raised as ever.

    Parameters
    ----------
    guard
        The client that sends.
    """

    name = GuardedHTTPClient.name

    def __init__(self, guard: GuardedHTTPClient) -> None:
        super().__init__()
        self._guard = guard

    def request_with_retries(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
        max_network_retries: int | None = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Send a request; the body of a success is in the headers' `body`."""
        answer: tuple[Any, int, Mapping[str, str]] = self._guard.request_with_retries(
            method, url, headers, post_data, max_network_retries, _usage=_usage
        )
        body, status, received = answer
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP's successes
            return answer
        return "{}", status, ReadHeaders(received, body)


class _Session(requests.Session):
    """Connections that follow no redirect and look up no other credentials."""

    def __init__(self, *, trust_env: bool) -> None:
        super().__init__()
        self.trust_env = trust_env
        # With an auth of its own, requests doesn't put one from ~/.netrc in the
        # place of the key.
        self.auth = _keep_headers
        for scheme in ("https://", "http://"):
            self.mount(scheme, HTTPAdapter(pool_maxsize=_POOL))

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Name none: following a redirect would lead past the guard."""
        del resp
        return None


class _ThreadedClient(stripe.HTTPClient):
    """Asynchronous requests by way of threads."""

    def __init__(self, sync: stripe.RequestsClient) -> None:
        super().__init__()
        self._sync = sync

    async def request_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        return await asyncio.to_thread(
            self._sync.request, method, url, headers, post_data
        )

    async def request_stream_async(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        post_data: Any = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        raw, status, received = await asyncio.to_thread(
            self._sync.request_stream, method, url, headers, post_data
        )
        return _chunks(raw.stream(_CHUNK)), status, received

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Do nothing: the connections are those of the synchronous client."""


def _options() -> dict[str, Any]:
    return {"proxy": stripe.proxy, "verify_ssl_certs": stripe.verify_ssl_certs}


async def _chunks(stream: Iterator[bytes]) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(next, stream, b""):
        yield chunk


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
