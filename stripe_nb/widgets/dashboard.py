"""A page made of the widgets: customers, payments, subscriptions, webhooks.

`stripe-nb dashboard` shows it through Voila; ``dashboard()`` in a notebook shows
the same. Nothing here is new: each tab is a widget that a cell can show.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from contextlib import ExitStack
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets  # type: ignore[import-untyped]  # it ships no types
import nbformat
import stripe
from nbformat import v4

from stripe_nb import money
from stripe_nb.errors import StripeNbError
from stripe_nb.session import current
from stripe_nb.webhooks import listen
from stripe_nb.widgets.explorer import explore
from stripe_nb.widgets.payment_form import PaymentForm
from stripe_nb.widgets.subscription_timeline import SubscriptionTimeline
from stripe_nb.widgets.webhook_inbox import WebhookInbox
from stripe_nb.widgets.words import in_words

if TYPE_CHECKING:
    from pathlib import Path

    from stripe_nb.session import Client

__all__ = ["TABS", "dashboard", "write_page"]

TABS = ("Customers", "Payments", "Subscriptions", "Webhooks")
_ROWS = 1_000
_CELL = """import os

os.chdir({folder!r})
from stripe_nb.widgets.dashboard import dashboard

dashboard()"""


class _Page(ipywidgets.VBox):  # type: ignore[misc]  # it ships no types
    """Closes what its tabs hold open when it is closed, or Python ends."""

    def __init__(self, children: list[ipywidgets.Widget], open_: ExitStack) -> None:
        super().__init__(children)
        self._open = open_
        atexit.register(open_.close)

    def close(self) -> None:
        # ipywidgets closes also what was never finished.
        held = getattr(self, "_open", None)
        if held is not None:
            atexit.unregister(held.close)
            held.close()
        super().close()


def dashboard(*, client: Client | None = None) -> ipywidgets.VBox:
    """Return the dashboard, for the end of a cell; its `close` ends its inbox too.

    Parameters
    ----------
    client
        Whose; by default the client connected last.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7) as client:
    ...     page = dashboard(client=client)
    ...     page.children[1].titles
    ('Customers', 'Payments', 'Subscriptions', 'Webhooks')
    """
    connected = client or current()
    held = ExitStack()
    parts: tuple[Callable[[Client], ipywidgets.Widget], ...] = (
        lambda client: explore("customers", client=client, limit=_ROWS),
        _payments,
        _subscriptions,
        lambda client: WebhookInbox(held.enter_context(listen(client=client))),
    )
    tabs = ipywidgets.Tab([_shown(part, connected) for part in parts], titles=TABS)
    where = repr(connected).removeprefix("<stripe_nb.Client: ").removesuffix(">")
    heading = ipywidgets.HTML(f"<h1>Stripe <small>({escape(where)})</small></h1>")
    return _Page([heading, tabs], held)


def write_page(path: Path, folder: Path) -> Path:
    """Write the notebook that Voila shows.

    Parameters
    ----------
    path
        Where to.
    folder
        From where the settings are read, as ``connect()`` does.
    """
    cell = v4.new_code_cell(_CELL.format(folder=str(folder)), id="dashboard")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(book, path)
    return path


def _shown(
    part: Callable[[Client], ipywidgets.Widget], client: Client
) -> ipywidgets.Widget:
    """Return a tab; what can't be shown leaves the others as they are."""
    try:
        return part(client)
    except (stripe.StripeError, StripeNbError) as error:
        return _words(in_words(error))


def _words(text: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(f"<p>{escape(text)}</p>")


def _payments(client: Client) -> ipywidgets.VBox:
    def form(amount: str, currency: str) -> PaymentForm:
        params: Any = {
            "amount": money.to_minor(amount, currency),
            "currency": currency,
        }
        return PaymentForm(client.v1.payment_intents.create(params), client=client)

    take = _asking("Take a payment", {"Amount": "25.00", "Currency": "usd"}, form)
    payments = explore("payment_intents", client=client, limit=_ROWS)
    return ipywidgets.VBox([take, payments])


def _subscriptions(client: Client) -> ipywidgets.VBox:
    def timeline(subscription: str) -> SubscriptionTimeline:
        return SubscriptionTimeline(subscription.strip(), client=client)

    show = _asking("Show on a time axis", {"Subscription": "sub_..."}, timeline)
    found = explore("subscriptions", client=client, limit=_ROWS)
    return ipywidgets.VBox([show, found])


def _asking(
    label: str, fields: dict[str, str], make: Callable[..., ipywidgets.Widget]
) -> ipywidgets.VBox:
    """Return fields and a button, and below them what the button makes."""
    texts = [
        ipywidgets.Text(value, description=name, continuous_update=False)
        for name, value in fields.items()
    ]
    button = ipywidgets.Button(description=label, button_style="primary")
    made = ipywidgets.VBox()

    def clicked(_: ipywidgets.Button) -> None:
        try:
            made.children = (make(*(text.value for text in texts)),)
        except (stripe.StripeError, StripeNbError) as error:
            made.children = (_words(in_words(error)),)

    button.on_click(clicked)
    return ipywidgets.VBox([ipywidgets.HBox([*texts, button]), made])
