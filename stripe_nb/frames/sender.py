"""Requests of the SDK's making, sent many at a time and answered in bytes.

Address, encoding, key and versions of a request are what the SDK would send,
and errors are what it would raise: it drafts the one and interprets the other,
while the bytes in between travel by aiohttp. The session's policy is asked for
each request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, Self
from urllib.parse import quote_plus

import aiohttp
import orjson
import stripe
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies, select_proxy
from yarl import URL

from stripe_nb.frames.paging import Step
from stripe_nb.session import Client
from stripe_nb.transport import Asked, GuardedHTTPClient
from stripe_nb.transport.tracebacks import Clearing, HiddenHeaders

__all__ = ["Direct", "Sender", "sender_for"]

# As long as the SDK itself waits.
_SECONDS = 80.0
_OK = range(200, 300)
# More than a page has, mostly: beyond it the connection is held up again and again.
_PAGE_BYTES = 1 << 20

Params = Mapping[str, Any]


class Sender(Protocol):
    """What reads from the API."""

    async def get(self, path: str, fixed: Params, step: Step) -> bytes:
        """Return the body of an answer.

        Parameters
        ----------
        path
            The list's own; the step may lead elsewhere.
        fixed
            The parameters that all pages share, as the SDK takes them.
        step
            What leads to this page.

        Raises
        ------
        stripe.StripeError
            If there is no answer, or Stripe refuses.
        """

    def one_call(self) -> AbstractContextManager[None]:
        """Count the tries within as one call, where calls are written down."""

    async def __aenter__(self) -> Self:
        """Open connections."""

    async def __aexit__(self, *_: object) -> None:
        """Close them."""


def sender_for(client: Client, account: str | None) -> Sender:
    """Return what sends a client's requests."""
    if type(client.http_client) is GuardedHTTPClient and not _is_replaced(client):
        return Direct(client, account)
    return ByClient(client, account)


def _is_replaced(client: Client) -> bool:
    # Whoever put a method of his own in this place wants to be asked.
    return "get_bytes" in vars(client) or type(client).get_bytes is not Client.get_bytes


class ByClient:
    """By way of the client's own HTTP, in threads, where that isn't ours."""

    def __init__(self, client: Client, account: str | None) -> None:
        self._client = client
        self._account = account

    async def get(self, path: str, fixed: Params, step: Step) -> bytes:
        """See `Sender`."""
        params = {**(fixed if step.path is None else {}), **step.params}
        where = step.path or path
        return await asyncio.to_thread(
            self._client.get_bytes, where, params, account=self._account
        )

    def one_call(self) -> AbstractContextManager[None]:
        """See `Sender`."""
        return nullcontext()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@dataclass(frozen=True, slots=True)
class _Draft:
    """A request as the SDK would send it, and how it is written down."""

    url: str
    headers: Mapping[str, str]
    asked: Asked

    @classmethod
    def of(cls, url: str, headers: Mapping[str, str]) -> _Draft:
        return cls(url, HiddenHeaders(headers), Asked.of("get", url, headers, None))

    def further(self, params: Mapping[str, str]) -> _Draft:
        """Return the same with more parameters, which lead to another page."""
        joint = "&" if "?" in self.url else "?"
        more = "&".join(f"{name}={quote_plus(at)}" for name, at in params.items())
        url = f"{self.url}{joint}{more}"
        return _Draft(url, self.headers, self.asked.further(params))


class _Rehearsal(stripe.HTTPClient):
    """Stands where the SDK sends: takes note of what it would, and answers."""

    name = "aiohttp"

    def __init__(self) -> None:
        super().__init__()
        self.draft = _Draft.of("", {})
        self.answer: tuple[bytes, int, Mapping[str, str]] = (b"{}", 200, {})

    def request_with_retries(
        self, *asked: Any, **_options: Any
    ) -> tuple[Any, int, Mapping[str, str]]:
        """Take note of a request."""
        _, url, headers, *_ = asked
        self.draft = _Draft.of(url, headers)
        content, status, received = self.answer
        return content.decode("utf-8", "replace"), status, received


class Direct:
    """By aiohttp, over connections that are kept."""

    def __init__(self, client: Client, account: str | None) -> None:
        self._client = client
        self._policy = client.target.policy
        self._options = {"stripe_account": account} if account else {}
        self._rehearsal = _Rehearsal()
        self._sdk = stripe.StripeClient(
            client.target.key,
            http_client=self._rehearsal,
            stripe_account=client.target.account,
            base_addresses=client.target.addresses,  # type: ignore[arg-type]
        )
        self._drafts: dict[tuple[str, bytes], _Draft] = {}
        self._session: aiohttp.ClientSession

    async def get(self, path: str, fixed: Params, step: Step) -> bytes:
        """See `Sender`."""
        if step.path is not None:
            return await self._send(self._sdk_draft(step.path, {}))
        draft = self._draft(path, fixed)
        return await self._send(draft.further(step.params) if step.params else draft)

    def _draft(self, path: str, fixed: Params) -> _Draft:
        key = (path, orjson.dumps(fixed, default=str))
        if key not in self._drafts:
            if len(self._drafts) > 1000:  # noqa: PLR2004 - one list of each parent
                self._drafts.clear()
            self._drafts[key] = self._sdk_draft(path, fixed)
        return self._drafts[key]

    def _sdk_draft(self, path: str, params: Params) -> _Draft:
        self._sdk.raw_request("get", path, **{**params, **self._options})
        return self._rehearsal.draft

    async def _send(self, draft: _Draft) -> bytes:
        self._client.http_client.check("get", draft.url, draft.headers)
        with Clearing(), self._client.calls.one_try(draft.asked) as made:
            try:
                body, status, headers = await self._exchange(draft)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise _unreachable(error) from error
            made.answered((body, status, headers))
        if status not in _OK:
            self._refuse(body, status, headers)
        return body

    async def _exchange(self, draft: _Draft) -> tuple[bytes, int, Mapping[str, str]]:
        async with self._session.get(
            URL(draft.url, encoded=True),
            headers=draft.headers,
            allow_redirects=False,
            proxy=self._proxy(draft.url),
        ) as response:
            body = await response.read()
            return body, response.status, response.headers

    def _proxy(self, url: str) -> str | None:
        # Proxies lead out of the machine, so a sandbox's session ignores them.
        if self._policy.sandbox_url is not None:
            return None
        given: Any = stripe.proxy or {}
        named = {"https": given} if isinstance(given, str) else dict(given)
        proxy: str | None = select_proxy(url, {**get_environ_proxies(url), **named})
        return proxy

    def _refuse(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        """Let the SDK raise what it raises for such an answer."""
        self._rehearsal.answer = (body, status, CaseInsensitiveDict(headers))
        try:
            self._sdk.raw_request("get", "/v1/charges")
        finally:
            self._rehearsal.answer = (b"{}", 200, {})

    def one_call(self) -> AbstractContextManager[None]:
        """See `Sender`."""
        return self._client.calls.one_call()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls()),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_SECONDS),
            read_bufsize=_PAGE_BYTES,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    def _tls(self) -> ssl.SSLContext | bool:
        if self._policy.sandbox_url is not None:
            return True
        if not stripe.verify_ssl_certs:
            return False
        return ssl.create_default_context(cafile=stripe.ca_bundle_path)


def _unreachable(error: Exception) -> stripe.APIConnectionError:
    certificate = isinstance(error, aiohttp.ClientConnectorCertificateError)
    return stripe.APIConnectionError(  # type: ignore[no-untyped-call]
        "Unexpected error communicating with Stripe: "
        f"{type(error).__name__}. Check your network, and Stripe's status at "
        "https://status.stripe.com.",
        should_retry=not certificate,
    )
