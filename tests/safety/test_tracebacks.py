"""No key in a traceback, even in one that shows the variables of its frames."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
import stripe

from stripe_nb.errors import LiveKeyError
from stripe_nb.frames import frame
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect
from stripe_nb.transport.tracebacks import Clearing

LIVE = "sk_live_51Abcdefghijklmnopqrstuv1a2b"


def shown(error: BaseException) -> str:
    """Return the traceback below the test, which knows the key itself."""
    assert error.__traceback__
    error.__traceback__ = error.__traceback__.tb_next
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(told.format())


@pytest.fixture
def cut_off() -> Client:
    """Give a client whose sandbox is gone."""
    with Sandbox(seed=7) as sandbox:
        return connect(sandbox_url=sandbox.url, max_network_retries=1)


async def asynchronous(client: Client) -> None:
    await client.v1.customers.list_async()


CALLS: dict[str, Callable[[Client], object]] = {
    "a service": lambda client: client.v1.customers.list(),
    "the module": lambda _: stripe.Customer.list(),
    "a raw request": lambda client: client.raw_request("get", "/v1/customers"),
    "bytes": lambda client: client.get_bytes("/v1/customers"),
    "a second client": lambda client: stripe.StripeClient(
        client.target.key,
        base_addresses=client.target.addresses,  # type: ignore[arg-type]
    ).v1.customers.list(),
    "asynchronous": lambda client: asyncio.run(asynchronous(client)),
    "a frame": lambda client: frame("customers", client=client, progress=False),
    "v2": lambda client: client.v2.core.event_destinations.list(),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_failed_connection_shows_no_key(cut_off: Client, name: str) -> None:
    with cut_off, pytest.raises(stripe.APIConnectionError) as caught:
        CALLS[name](cut_off)
    assert cut_off.target.key not in shown(caught.value)
    # What went wrong is still told.
    assert caught.value.__cause__ is not None


def test_a_refused_live_key_is_shown_nowhere_below_the_caller(client: Client) -> None:
    with pytest.raises(LiveKeyError) as caught:
        client.http_client.request_with_retries(
            "get", f"{client.sandbox_url}/v1/x", {"Authorization": f"Bearer {LIVE}"}
        )
    assert LIVE not in shown(caught.value)


def fail(headers: dict[str, str]) -> None:
    raise stripe.APIConnectionError(str(len(headers)))  # type: ignore[no-untyped-call]


def fail_quietly(headers: dict[str, str]) -> None:
    with Clearing(headers):
        fail(headers)


@pytest.mark.parametrize(("failing", "shows"), [(fail, True), (fail_quietly, False)])
def test_the_search_finds_a_key(
    failing: Callable[[dict[str, str]], None], shows: bool
) -> None:
    with pytest.raises(stripe.APIConnectionError) as caught:
        failing({"Authorization": f"Bearer {LIVE}"})
    assert (LIVE in shown(caught.value)) is shows


def test_an_error_that_nobody_foresaw_says_where_it_comes_from() -> None:
    def divide() -> None:
        1 / 0  # noqa: B018

    with pytest.raises(ZeroDivisionError) as caught, Clearing():
        divide()
    assert "in divide" in shown(caught.value)


def test_pytest_s_and_ipython_s_long_tracebacks_show_no_key(tmp_path: Path) -> None:
    """As they are set up by whoever wants to know more."""
    call = """
        import stripe
        from stripe_nb.sandbox import Sandbox
        from stripe_nb.session import connect

        def call():
            with Sandbox(seed=7) as sandbox:
                connect(sandbox_url=sandbox.url, max_network_retries=0)
            stripe.Customer.list()
    """
    (tmp_path / "calling.py").write_text(textwrap.dedent(call))
    (tmp_path / "test_it.py").write_text(
        "import calling\n\ndef test_it():\n    calling.call()\n"
    )
    (tmp_path / "verbose.ipy").write_text(
        "%xmode Verbose\nimport calling\ncalling.call()\n"
    )
    plain = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:nbval"]
    for command in (
        ["pytest", "--showlocals", "-q", *plain, "test_it.py"],
        ["IPython", "--no-banner", "--colors=NoColor", "verbose.ipy"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert "APIConnectionError" in said
        assert "sk_test_stripenbsandbox0" not in said
