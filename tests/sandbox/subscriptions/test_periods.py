"""However time goes on: periods follow each other, and each has one invoice."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.billing.periods import Cycle, later
from stripe_nb.sandbox.wire import Request, encode_form


def send(sandbox: Sandbox, method: str, path: str, **params: Any) -> Any:
    form = encode_form(params)
    answer = sandbox.handle(
        Request(
            method,
            f"/v1/{path}",
            query=form if method == "GET" else "",
            headers={"authorization": f"Bearer {sandbox.key}"},
            body=b"" if method == "GET" else form.encode(),
        )
    )
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


def begin(sandbox: Sandbox, start: int, cycle: Cycle) -> tuple[str, str]:
    """Subscribe a customer of a new clock; return the clock and the customer."""
    clock = send(sandbox, "POST", "test_helpers/test_clocks", frozen_time=start)["id"]
    card = "pm_card_visa"
    customer = send(
        sandbox,
        "POST",
        "customers",
        test_clock=clock,
        payment_method=card,
        invoice_settings={"default_payment_method": card},
    )["id"]
    price = send(
        sandbox,
        "POST",
        "prices",
        product_data={"name": "Gold"},
        currency="usd",
        unit_amount=1000,
        recurring={"interval": cycle.interval, "interval_count": cycle.count},
    )["id"]
    send(
        sandbox,
        "POST",
        "subscriptions",
        customer=customer,
        items=[{"price": price}],
    )
    return clock, customer


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    start=st.integers(1_000_000_000, 2_000_000_000),
    interval=st.sampled_from(["day", "week", "month", "year"]),
    count=st.integers(1, 3),
    steps=st.lists(st.integers(1, 200), min_size=1, max_size=4),
)
def test_periods_are_contiguous_and_billed_once(
    start: int, interval: str, count: int, steps: list[int]
) -> None:
    cycle = Cycle(start, interval, count)
    sandbox = Sandbox(seed=5, clock="2026-01-15")
    try:
        clock, customer = begin(sandbox, start, cycle)
        now = start
        for step in steps:
            # In hundredths of the two periods that a clock may go at once.
            farthest = later(now, interval, 2 * count)
            now += max(1, (farthest - now) * step // 200)
            path = f"test_helpers/test_clocks/{clock}/advance"
            send(sandbox, "POST", path, frozen_time=now)
        bills = send(sandbox, "GET", "invoices", customer=customer, limit=100)["data"]
    finally:
        sandbox.stop()
    periods = [bill["lines"]["data"][0]["period"] for bill in bills[::-1]]
    assert periods[0]["start"] == start
    assert all(one["end"] == next_["start"] for one, next_ in pairwise(periods))
    assert periods[-1]["start"] <= now < periods[-1]["end"]
    assert all(len(bill["lines"]["data"]) == 1 for bill in bills)
    assert all(bill["total"] == 1000 for bill in bills)
    expected = [cycle.boundary(number) for number in range(len(periods) + 1)]
    assert [period["start"] for period in periods] == expected[:-1]
