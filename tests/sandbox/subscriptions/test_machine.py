"""Whatever is done to subscriptions, and however time goes on: the bills are right."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request, encode_form

_DAY = 86_400
_START = 1_767_225_600
_INTERVALS = ("week", "month")
_LIVE = ("active", "trialing", "past_due")
_BEGUN = ("active", "incomplete")


class Subscriptions(RuleBasedStateMachine):
    """A customer on a test clock, whose subscriptions are changed at random."""

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(seed=5, clock="2026-01-15")
        self.now = _START
        self.live: list[str] = []

    def teardown(self) -> None:
        self.sandbox.stop()

    def send(self, method: str, path: str, **params: Any) -> Any:
        """Send a request; a decline is an answer, a defect is not."""
        form = encode_form(params)
        answer = self.sandbox.handle(
            Request(
                method,
                f"/v1/{path}",
                query=form if method == "GET" else "",
                headers={"authorization": f"Bearer {self.sandbox.key}"},
                body=b"" if method == "GET" else form.encode(),
            )
        )
        body = orjson.loads(answer.body)
        assert answer.status < 500, body
        return body

    @initialize()
    def begin(self) -> None:
        product = self.send("POST", "products", name="Gold")["id"]
        self.prices = [
            self.send(
                "POST",
                "prices",
                product=product,
                currency="usd",
                unit_amount=amount,
                recurring={"interval": interval},
            )["id"]
            for interval in _INTERVALS
            for amount in (999, 2503)
        ]
        self.clock = self.send("POST", "test_helpers/test_clocks", frozen_time=_START)[
            "id"
        ]
        card = "pm_card_visa"
        self.customer = self.send(
            "POST",
            "customers",
            test_clock=self.clock,
            payment_method=card,
            invoice_settings={"default_payment_method": card},
        )["id"]

    @precondition(lambda self: len(self.live) < 2)
    @rule(
        price=st.integers(0, 3),
        quantity=st.integers(1, 4),
        trial=st.sampled_from([0, 5]),
    )
    def subscribe(self, price: int, quantity: int, trial: int) -> None:
        more = {"trial_period_days": trial} if trial else {}
        made = self.send(
            "POST",
            "subscriptions",
            customer=self.customer,
            items=[{"price": self.prices[price], "quantity": quantity}],
            **more,
        )
        assert made["status"] == "trialing" if trial else made["status"] in _BEGUN
        if made["status"] in _LIVE:
            self.live.append(made["id"])

    @precondition(lambda self: self.live)
    @rule(
        which=st.integers(0, 1),
        price=st.integers(0, 3),
        quantity=st.integers(0, 4),
        proration=st.sampled_from(["create_prorations", "always_invoice", "none"]),
    )
    def change(self, which: int, price: int, quantity: int, proration: str) -> None:
        found = self.pick(which)
        item = found["items"]["data"][0]["id"]
        changed = self.send(
            "POST",
            f"subscriptions/{found['id']}",
            items=[{"id": item, "price": self.prices[price], "quantity": quantity}],
            proration_behavior=proration,
        )
        assert changed["items"]["data"][0]["quantity"] == quantity

    @precondition(lambda self: self.live)
    @rule(which=st.integers(0, 1), ends=st.booleans())
    def end_later(self, which: int, ends: bool) -> None:
        found = self.pick(which)
        text = "true" if ends else "false"
        self.send("POST", f"subscriptions/{found['id']}", cancel_at_period_end=text)

    @precondition(lambda self: self.live)
    @rule(which=st.integers(0, 1))
    def cancel(self, which: int) -> None:
        name = self.live.pop(which % len(self.live))
        assert self.send("DELETE", f"subscriptions/{name}")["status"] == "canceled"

    @rule(days=st.integers(1, 14), seconds=st.integers(0, 86_399))
    def advance(self, days: int, seconds: int) -> None:
        if self.live:
            days = min(days, 13)
        self.now += days * _DAY + seconds
        self.send(
            "POST",
            f"test_helpers/test_clocks/{self.clock}/advance",
            frozen_time=self.now,
        )
        clock = self.send("GET", f"test_helpers/test_clocks/{self.clock}")
        assert (clock["status"], clock["frozen_time"]) == ("ready", self.now)
        self.live = [
            name
            for name in self.live
            if self.send("GET", f"subscriptions/{name}")["status"] in _LIVE
        ]

    @rule(card=st.sampled_from(["pm_card_visa", "pm_card_chargeCustomerFail"]))
    def charge_to(self, card: str) -> None:
        method = self.send(
            "POST", f"payment_methods/{card}/attach", customer=self.customer
        )["id"]
        self.send(
            "POST",
            f"customers/{self.customer}",
            invoice_settings={"default_payment_method": method},
        )

    @precondition(lambda self: self.live)
    @rule(which=st.integers(0, 1))
    def pause_and_resume(self, which: int) -> None:
        name = self.pick(which)["id"]
        paused = self.send("POST", f"subscriptions/{name}/pause")
        assert paused["status"] == "paused"
        resumed = self.send("POST", f"subscriptions/{name}/resume")
        assert resumed["status"] in _LIVE

    def pick(self, which: int) -> Any:
        name = self.live[which % len(self.live)]
        return self.send("GET", f"subscriptions/{name}")

    @invariant()
    def bills_add_up(self) -> None:
        for bill in self.bills():
            lines = bill["lines"]["data"]
            assert sum(line["amount"] for line in lines) == bill["total"]
            assert bill["amount_remaining"] == bill["amount_due"] - bill["amount_paid"]
            assert (bill["status"] == "paid") == (bill["amount_remaining"] == 0) or (
                bill["status"] in ("draft", "void")
            )

    @invariant()
    def each_period_is_renewed_once(self) -> None:
        periods = defaultdict(list)
        for bill in self.bills():
            if bill["billing_reason"] != "subscription_cycle":
                # A new start in the same second bills the same time again.
                continue
            for line in bill["lines"]["data"]:
                details = line["parent"]["subscription_item_details"]
                if details and not details["proration"]:
                    period = line["period"]
                    periods[details["subscription_item"]].append(
                        (period["start"], period["end"])
                    )
        for found in periods.values():
            found.sort()
            assert len(set(found)) == len(found)

    @invariant()
    def running_periods_hold_the_present(self) -> None:
        for name in self.live:
            found = self.send("GET", f"subscriptions/{name}")
            for item in found["items"]["data"]:
                start, end = item["current_period_start"], item["current_period_end"]
                assert found["status"] not in _LIVE or start <= self.now < end

    @invariant()
    def events_are_in_order(self) -> None:
        events = self.send("GET", "events", limit=100)["data"]
        moments = [event["created"] for event in events]
        assert moments == sorted(moments, reverse=True)

    def bills(self) -> list[Any]:
        if not hasattr(self, "customer"):
            return []
        found: list[Any] = self.send(
            "GET", "invoices", customer=self.customer, limit=100
        )["data"]
        return found


TestSubscriptions = Subscriptions.TestCase
TestSubscriptions.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
