"""How a notebook comes to a client: the sandbox, or Stripe if there is a key.

`connect` reads the settings, starts or joins a sandbox if they hold no key,
and sets up the ``stripe`` module to match, so that both styles of the SDK
(``client.v1...`` and ``stripe.Customer...``) reach the same place. What may be
sent there is the business of ``transport``, not of this package.

Knows the sandbox's server only in `_start_sandbox`; everything else goes over
HTTP, as with Stripe.
"""

from __future__ import annotations

import atexit
import os
import socket
from dataclasses import replace
from urllib.parse import urlsplit

from stripe_nb.errors import SandboxError, SettingsError
from stripe_nb.session.client import Client, RunningSandbox, Target
from stripe_nb.session.registry import Registry
from stripe_nb.settings import Settings, account_id, load_settings, loopback_url
from stripe_nb.transport import Policy

__all__ = ["Client", "RunningSandbox", "connect", "current"]

DEMO = "demo"

# A sandbox takes any well-formed test key; this one says where it belongs.
_SANDBOX_KEY = "sk_test_stripenbsandbox0"
_JOIN_TIMEOUT = 3.0

_registry = Registry()
# Else a sandbox's thread and files would outlive the notebook's last cell.
atexit.register(_registry.close_all)


def connect(
    *,
    seed: int | None = None,
    scenario: str | None = DEMO,
    clock: str | int | None = None,
    sandbox: RunningSandbox | None = None,
    sandbox_url: str | None = None,
    allow_live: bool = False,
    allow_live_writes: bool = False,
    env_file: str | os.PathLike[str] | None = None,
    account: str | None = None,
    max_network_retries: int = 2,
) -> Client:
    """Return a client for Stripe, or for the sandbox if there is no key.

    The key is ``STRIPE_SECRET_KEY`` in the environment or in ``.env``. Without
    one, an embedded sandbox is started, or joined if
    ``STRIPE_NB_SANDBOX_URL`` names one that runs. The ``stripe`` module is set
    up alike until the client is closed.

    Connecting again closes the client before, and its sandbox with it. To
    have several at once, hand each a `sandbox` of its own; it stays yours to
    stop.

    No traceback shows the client's key, even one that shows variables (IPython's
    ``%xmode Verbose``, ``pytest --showlocals``). Such tracebacks do show what a
    call is given, also a key in ``options={"api_key": ...}``: connect with it
    instead; and what Stripe answers, also the client secret of an intent whose
    card is declined.

    Parameters
    ----------
    seed
        What the sandbox's ids are made from; 0 by default.
    scenario
        The sandbox's data to begin with; None for an empty account.
    clock
        The sandbox's time to begin with, for example ``"2026-01-15"``. These
        three say nothing with Stripe and with a sandbox that the settings name;
        beside `sandbox` and `sandbox_url` they are refused.
    sandbox
        A sandbox of your own to use, whatever the settings say.
    sandbox_url
        The address of one that runs on this machine, likewise.
    allow_live
        Take a live key, to read with it.
    allow_live_writes
        Let requests with a live key change data, too.
    env_file
        The ``.env`` file; by default the first one found from the working
        directory upwards.
    account
        The connected account to make requests for; by default
        ``STRIPE_ACCOUNT``, if there is a key.
    max_network_retries
        How often a request is tried again after a failure that may pass.

    Returns
    -------
    Client
        A ``stripe.StripeClient`` with a guard.

    Raises
    ------
    SettingsError
        If a setting is malformed, of the wrong kind, or at odds with another.
    LiveKeyError
        If the key is a live one and `allow_live` is not set.
    SandboxError
        If no sandbox answers where one should be joined.

    Examples
    --------
    >>> with connect(seed=7) as client:
    ...     client
    <stripe_nb.Client: sandbox>
    """
    with _registry.lock:
        _registry.defaults.check()
        _check_numbers(seed, max_network_retries)
        if account is not None:
            account_id(account, "account")
        if sandbox is not None or sandbox_url is not None:
            if (seed, scenario, clock) != (None, DEMO, None):
                raise SettingsError(
                    "The sandbox is given, with a seed, a scenario and a clock of its "
                    "own: hand these to Sandbox(...) and not to connect()."
                )
            target = _target_given(sandbox, sandbox_url, account)
        else:
            settings = load_settings(env_file, allow_live=allow_live)
            policy = Policy(None, allow_live, allow_live_writes)
            target = _target_configured(settings, policy, account) or _target_embedded(
                _start_sandbox(seed or 0, scenario, clock), account
            )
        client = Client(
            target,
            max_network_retries=max_network_retries,
            on_close=_registry.remove,
        )
        _registry.add(client)
        return client


def current() -> Client:
    """Return the client connected last; connect if there is none.

    Examples
    --------
    >>> with connect() as client:
    ...     current() is client
    True
    """
    with _registry.lock:
        return _registry.last() or connect()


def _check_numbers(seed: object, max_network_retries: object) -> None:
    # A bool is an int to Python, and a mistake here.
    if seed is not None and type(seed) is not int:
        raise SettingsError(f"seed must be a whole number or None, not {seed!r}.")
    if type(max_network_retries) is not int or max_network_retries < 0:
        raise SettingsError(
            "max_network_retries must be a whole number from 0 up, not "
            f"{max_network_retries!r}."
        )


def _start_sandbox(
    seed: int, scenario: str | None, clock: str | int | None
) -> RunningSandbox:
    # Late, and here alone: client and server meet over HTTP.
    from stripe_nb.sandbox import Sandbox

    return Sandbox(seed=seed, scenario=scenario, clock=clock).start()


def _target_given(
    sandbox: RunningSandbox | None, url: str | None, account: str | None
) -> Target:
    if sandbox is None:
        return _target_joined(loopback_url(url or ""), account)
    if url is not None:
        raise SettingsError("Give sandbox or sandbox_url to connect(), not both.")
    sandbox.start()
    return Target(sandbox.key, Policy(sandbox.url), account, sandbox=sandbox)


def _target_configured(
    settings: Settings, policy: Policy, account: str | None
) -> Target | None:
    if settings.sandbox_url is not None:
        joined = _target_joined(settings.sandbox_url, account)
        return replace(joined, is_default=True)
    if settings.secret_key is None:
        return None
    return Target(
        settings.secret_key,
        policy,
        account or settings.account,
        settings.publishable_key,
        is_default=True,
    )


def _target_embedded(sandbox: RunningSandbox, account: str | None) -> Target:
    policy = Policy(sandbox.url)
    return Target(sandbox.key, policy, account, sandbox=sandbox, is_default=True)


def _target_joined(url: str, account: str | None) -> Target:
    parts = urlsplit(url)
    try:
        address = (parts.hostname or "", parts.port or 80)
        socket.create_connection(address, timeout=_JOIN_TIMEOUT).close()
    except OSError as error:
        raise SandboxError(
            f"No sandbox answers at {url}: start it with stripe-nb sandbox, or leave "
            "STRIPE_NB_SANDBOX_URL and sandbox_url out to have one embedded."
        ) from error
    return Target(_SANDBOX_KEY, Policy(url), account)
