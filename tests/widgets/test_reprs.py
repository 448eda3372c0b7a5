"""Cards: what ``%load_ext stripe_nb`` shows of objects, lists and errors."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from IPython.core.interactiveshell import InteractiveShell
from stripe.v2.core import EventNotification

from stripe_nb.magics import load_ipython_extension, unload_ipython_extension
from stripe_nb.sandbox import Sandbox
from stripe_nb.session import Client, connect

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    made: InteractiveShell = InteractiveShell()  # type: ignore[no-untyped-call]
    load_ipython_extension(made)
    yield made
    unload_ipython_extension(made)


def shown(shell: InteractiveShell, value: object) -> dict[str, Any]:
    display: Any = shell.display_formatter
    data: dict[str, Any] = display.format(value)[0]
    return data


def paid(client: Client) -> Any:
    customer = client.v1.customers.create({"name": HOSTILE})
    params: Any = {"amount": 2500, "currency": "usd", "confirm": True}
    params |= {"customer": customer.id, "payment_method": "pm_card_visa"}
    params |= {"allowed_payment_method_types": ["card"]}
    return client.v1.payment_intents.create(params)


def test_an_object_is_a_card(client: Client, shell: InteractiveShell) -> None:
    intent = paid(client)
    data = shown(shell, intent)
    assert data["text/plain"].splitlines()[:3] == [
        f"Payment intent {intent.id}",
        "  status          succeeded",
        "  amount          25.00 USD",
    ]
    assert "<th>amount</th><td>25.00 USD</td>" in data["text/html"]


def test_secrets_are_masked(client: Client, shell: InteractiveShell) -> None:
    intent = paid(client)
    endpoint = client.v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:4242/hook", "enabled_events": ["*"]}
    )
    for value, secret in (
        (intent, intent.client_secret),
        (endpoint, endpoint.secret),
    ):
        assert secret
        assert secret not in str(shown(shell, value))


def test_names_are_escaped(client: Client, shell: InteractiveShell) -> None:
    paid(client)
    customers = client.v1.customers.list()
    for value in (customers, customers.data[0]):
        data = shown(shell, value)
        assert "<img" not in data["text/html"]
        assert "&lt;img src=x" in data["text/html"]
        assert HOSTILE in data["text/plain"]


def test_a_list_tells_how_much_more_there_is(
    client: Client, shell: InteractiveShell
) -> None:
    for _ in range(3):
        client.v1.customers.create()
    page = client.v1.customers.list({"limit": 2})
    assert shown(shell, page)["text/plain"].startswith(
        "List of 2 objects, and more to come"
    )


def test_objects_in_a_list_take_a_line_each(
    client: Client, shell: InteractiveShell
) -> None:
    made = [client.v1.customers.create({"name": name}) for name in ("Ada", "Grace")]
    lines = shown(shell, made)["text/plain"].splitlines()
    assert len(lines) == 2
    assert "Ada" in lines[0]


def test_an_error_is_explained(client: Client, shell: InteractiveShell) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.customers.retrieve("cus_nobody")
    data = shown(shell, raised.value)
    assert data["text/plain"].startswith("Resource missing")
    assert "No such customer" in data["text/html"]


def test_a_deleted_object_and_a_nameless_part_have_cards(
    client: Client, shell: InteractiveShell
) -> None:
    customer = client.v1.customers.create({"address": {"city": "Paris"}})
    assert "city" in shown(shell, customer.address)["text/plain"]
    deleted = client.v1.customers.delete(customer.id)
    assert "(deleted)" in shown(shell, deleted)["text/plain"]


def test_the_same_run_gives_the_same_bytes(shell: InteractiveShell) -> None:
    def run() -> dict[str, Any]:
        with Sandbox(seed=7, clock="2026-01-15") as own, connect(sandbox=own) as client:
            return shown(shell, paid(client))

    first = run()
    assert first == run()


def test_what_the_sandbox_made_has_no_page_in_the_dashboard(
    client: Client, shell: InteractiveShell
) -> None:
    assert "dashboard.stripe.com" not in shown(shell, paid(client))["text/html"]


def test_what_stripe_made_links_to_the_dashboard(
    shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe, "api_key", "sk_test_0123456789")
    monkeypatch.setattr(stripe, "api_base", stripe.DEFAULT_API_BASE)
    values = {"id": "ch_1", "object": "charge", "customer": "cus_1", "livemode": False}
    charge = stripe.Charge.construct_from(values, None)
    html = shown(shell, charge)["text/html"]
    assert 'href="https://dashboard.stripe.com/test/payments/ch_1"' in html
    assert 'href="https://dashboard.stripe.com/test/customers/cus_1"' in html


def test_loading_imports_neither_the_sdk_nor_the_cards() -> None:
    code = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "import stripe_nb.magics as m\n"
        "m.load_ipython_extension(InteractiveShell())\n"
        "print('stripe' in sys.modules, 'stripe_nb.widgets' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False False"


def test_unloading_gives_the_sdks_own_text_back(client: Client) -> None:
    shell: InteractiveShell = InteractiveShell()  # type: ignore[no-untyped-call]
    load_ipython_extension(shell)
    unload_ipython_extension(shell)
    customer = client.v1.customers.create()
    data = shown(shell, customer)
    assert set(data) == {"text/plain"}
    assert "JSON" in data["text/plain"]


@pytest.mark.parametrize("acting", ["\x1b[31m", "\x00", "\r", "\u202e", "\x9b2J"])
def test_what_acts_in_a_terminal_is_named_instead(
    client: Client, shell: InteractiveShell, acting: str
) -> None:
    made = client.v1.customers.create(
        {"name": f"Ada{acting}", "metadata": {f"note{acting}": f"tea{acting}"}}
    )
    make_error: Any = stripe.InvalidRequestError
    error = make_error(f"No{acting}", "name")
    values = (made, client.v1.customers.list(), made.metadata, error, [made])
    texts = [shown(shell, value)["text/plain"] for value in values]
    assert [text for text in texts if acting in text] == []
    assert repr(acting)[1:-1] in texts[0]


def test_a_name_of_several_lines_takes_one(
    client: Client, shell: InteractiveShell
) -> None:
    made = client.v1.customers.create({"name": "Ada\nLovelace\tCountess"})
    text = shown(shell, made)["text/plain"]
    assert "name     Ada Lovelace Countess" in text.splitlines()[1]


def test_a_page_of_the_second_api_is_a_list(
    client: Client, shell: InteractiveShell
) -> None:
    page = client.v2.core.events.list()
    assert shown(shell, page)["text/plain"] == "List of 0 objects"
    more = stripe.StripeObject.construct_from(
        {"data": [{"object": "v2.core.event", "id": "evt_1"}], "next_page_url": "/v2"},
        None,
    )
    text = shown(shell, more)["text/plain"]
    assert text.splitlines()[0] == "List of 1 object, and more to come"


def test_a_thin_event_is_a_card(client: Client, shell: InteractiveShell) -> None:
    body = {
        "id": "evt_1",
        "object": "v2.core.event",
        "type": "v1.billing.meter.no_meter_found",
        "created": "2026-01-15T09:00:00.000Z",
        "livemode": False,
        "context": "acct_1",
        "reason": {
            "type": "request",
            "request": {"id": "req_1", "idempotency_key": "k"},
        },
    }
    event = EventNotification.from_json(json.dumps(body), client)
    data = shown(shell, event)
    assert data["text/plain"].splitlines()[0] == "V2 core event evt_1"
    assert "<td>v1.billing.meter.no_meter_found</td>" in data["text/html"]
    assert " at 0x" not in data["text/html"]
