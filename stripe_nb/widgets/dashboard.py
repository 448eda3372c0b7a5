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

    fields = (_text("Amount", value="25.00"), _text("Currency", value="usd"))
    take = _asking("Take a payment", fields, form)
    payments = explore("payment_intents", client=client, limit=_ROWS)
    return ipywidgets.VBox([take, payments])


def _subscriptions(client: Client) -> ipywidgets.VBox:
    def timeline(subscription: str) -> SubscriptionTimeline:
        return SubscriptionTimeline(subscription.strip(), client=client)

    which = _text("Subscription", placeholder="sub_...")
    found = explore("subscriptions", client=client, limit=_ROWS)

    def opened(change: dict[str, Any]) -> None:
        if change["new"].get("resource") == "subscription":
            which.value = change["new"]["id"]

    found.observe(opened, "detail")
    show = _asking("Show on a time axis", (which,), timeline)
    return ipywidgets.VBox([show, found])


def _text(name: str, **given: str) -> ipywidgets.Text:
    # Names are shown whole, however long.
    style = {"description_width": "initial"}
    return ipywidgets.Text(
        description=name, continuous_update=False, style=style, **given
    )


def _asking(
    label: str,
    texts: tuple[ipywidgets.Text, ...],
    make: Callable[..., ipywidgets.Widget],
) -> ipywidgets.VBox:
    """Return fields and a button, and below them what the button makes."""
    button = ipywidgets.Button(
        description=label,
        button_style="primary",
        layout=ipywidgets.Layout(width="auto"),
    )
    made = ipywidgets.VBox()

    def clicked(_: ipywidgets.Button) -> None:
        before = made.children
        try:
            made.children = (make(*(text.value for text in texts)),)
        except (stripe.StripeError, StripeNbError) as error:
            made.children = (_words(in_words(error)),)
        for each in before:
            each.close()

    button.on_click(clicked)
    row = ipywidgets.HBox(
        [*texts, button], layout=ipywidgets.Layout(flex_flow="row wrap")
    )
    return ipywidgets.VBox([row, made])
