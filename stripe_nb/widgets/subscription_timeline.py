"""A subscription on a time axis, and the clock that moves it."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from time import sleep
from typing import TYPE_CHECKING, Any

import traitlets

from stripe_nb.clock import monotonic, parse_time
from stripe_nb.errors import WidgetError, kind_of
from stripe_nb.widgets.base import StripeWidget
from stripe_nb.widgets.subscription_timeline_drawing import NARROW, draw, to_svg
from stripe_nb.widgets.subscription_timeline_history import History, read_history

if TYPE_CHECKING:
    from stripe_nb.session import Client

__all__ = ["SubscriptionTimeline"]

_HOUR, _DAY = 3_600, 86_400
# Stripe: a renewal's invoice is a draft for about an hour before it is charged.
_UNTIL_PAID = 2 * _HOUR
_PATIENCE = 120.0
_POLL_SECONDS = {True: 0.05, False: 1.0}


class SubscriptionTimeline(StripeWidget, static="subscription_timeline"):
    """A subscription's invoices, payments, trials and changes on a time axis.

    A subscription on a test clock has buttons and a slider that move it on.

    Parameters
    ----------
    subscription
        A subscription or its id.
    client
        Where it is; by default the client connected last.

    Attributes
    ----------
    rows
        The marks as a table, oldest first: ``from``, ``until``, ``lane``,
        ``what``, ``id``.
    status
        Of the subscription.
    now
        Its present, in Unix seconds.

    Raises
    ------
    WidgetError
        If it is no subscription.
    stripe.StripeError
        If Stripe refuses to show it.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7) as client:
    ...     SubscriptionTimeline(7, client=client)
    Traceback (most recent call last):
    ...
    stripe_nb.errors.WidgetError: SubscriptionTimeline takes a subscription or its ...
    """

    drawing = traitlets.Dict().tag(sync=True)
    narrow = traitlets.Dict().tag(sync=True)
    rows: traitlets.List[Any] = traitlets.List().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    now = traitlets.Int().tag(sync=True)
    steps: traitlets.List[Any] = traitlets.List().tag(sync=True)
    latest = traitlets.Int().tag(sync=True)
    subscription = traitlets.Unicode().tag(sync=True)

    def __init__(self, subscription: object, *, client: Client | None = None) -> None:
        super().__init__(client=client)
        self.subscription = _id_of(subscription)
        self._client = self.client
        self.refresh()

    def refresh(self) -> None:
        """Read the subscription again."""
        self._show(read_history(self.client, self.subscription))

    def advance(self, to: Any = None, *, days: float = 0.0) -> None:
        """Move the subscription's test clock, and wait until it has arrived.

        Parameters
        ----------
        to
            When to: ISO 8601 text, Unix seconds or a datetime.
        days
            Or how far from its present.

        Raises
        ------
        WidgetError
            If it is on no test clock, or the clock doesn't arrive.
        stripe.StripeError
            If Stripe refuses, for example to go back, or too far at once.
        """
        clock = self._history.clock
        if clock is None:
            raise WidgetError(
                f"{self.subscription} is on no test clock, and time can't be moved: "
                "create its customer with test_clock."
            )
        target = parse_time(to) if to is not None else self.now + round(days * _DAY)
        self.client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": target})
        self._await(clock)
        self.refresh()

    def on_advance(self, to: int) -> None:
        """Move the clock, for the page."""
        self.advance(to)
        self.say(f"It is now {_time(self.now)}; the subscription is {self._words()}.")

    def on_refresh(self) -> None:
        """Read again, for the page."""
        self.refresh()

    def _await(self, clock: str) -> None:
        end = monotonic() + _PATIENCE
        while True:
            status = self.client.v1.test_helpers.test_clocks.retrieve(clock).status
            if status == "ready":
                return
            if status == "internal_failure" or monotonic() >= end:
                raise WidgetError(
                    f"The test clock {clock} did not arrive (it is {status}): make a "
                    "new one if it stays so."
                )
            sleep(_POLL_SECONDS[self.client.is_sandbox])

    def _show(self, history: History) -> None:
        self._history = history
        with self.hold_sync():
            self.status, self.now = history.status, history.now
            self.drawing = draw(history)
            self.narrow = draw(history, NARROW)
            self.rows = [mark.row() for mark in history.marks]
            self.steps = [list(step) for step in _steps(history)]
            self.latest = history.latest

    def _words(self) -> str:
        return self.status.replace("_", " ")

    def describe(self) -> str:
        """Say which subscription it is, its status and its present."""
        return f"{self.subscription}, {self._words()}, {_time(self.now)}"

    def fallback_html(self) -> str:
        """Return the drawing, and the same in words."""
        title = f"{self.subscription}: {self._words()} at {_time(self.now)}"
        return f"<div><p>{escape(title)}</p>{to_svg(self.drawing, title)}</div>"


def _id_of(subscription: object) -> str:
    found = getattr(subscription, "id", subscription)
    if not isinstance(found, str) or not found.startswith("sub_"):
        given = repr(found) if isinstance(found, str) else kind_of(found)
        raise WidgetError(
            "SubscriptionTimeline takes a subscription or its id (sub_...), not "
            f"{given}."
        )
    return found


def _steps(history: History) -> list[tuple[str, int]]:
    """Return what the buttons say, and when they lead to."""
    if history.clock is None:
        return []
    steps = [("1 day", history.now + _DAY), ("1 week", history.now + 7 * _DAY)]
    if history.renewal:
        steps.append(("Past the renewal", history.renewal + _UNTIL_PAID))
    return steps


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
