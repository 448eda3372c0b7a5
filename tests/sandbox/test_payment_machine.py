"""Random payments: no illegal step is taken, and no money appears or vanishes."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from stripe_nb.sandbox import Sandbox
from stripe_nb.sandbox.wire import Request, encode_form

DAY = 24 * 60 * 60
UNCONFIRMED = ("requires_payment_method", "requires_confirmation", "requires_action")
LEGAL = {
    "confirm": UNCONFIRMED,
    "capture": ("requires_capture",),
    "cancel": (*UNCONFIRMED, "requires_capture", "processing"),
    "update": UNCONFIRMED,
}
METHODS = (
    "pm_card_visa",
    "pm_card_bypassPending",
    "pm_card_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_createDispute",
    "pm_card_createDisputeInquiry",
    "pm_card_refundFail",
    "pm_card_pendingRefund",
)
AMOUNTS = st.integers(50, 5000)


class Payments(RuleBasedStateMachine):
    """Requests in any order, against a ledger that is kept beside them."""

    intents = Bundle("intents")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = Sandbox(seed=5, clock="2026-01-15")
        self.statuses: dict[str, str] = {}

    def teardown(self) -> None:
        self.sandbox.stop()

    def send(self, method: str, path: str, **params: Any) -> tuple[int, Any]:
        form = encode_form(params)
        answer = self.sandbox.handle(
            Request(
                method,
                path,
                query=form if method == "GET" else "",
                headers={"authorization": f"Bearer {self.sandbox.key}"},
                body=b"" if method == "GET" else form.encode(),
            )
        )
        return answer.status, orjson.loads(answer.body)

    def get(self, path: str, **params: Any) -> Any:
        status, found = self.send("GET", path, **params)
        assert status == 200, found
        return found

    def act(self, intent: str, action: str, **params: Any) -> None:
        """Try an action: it is refused exactly where the state does not allow it."""
        path = f"/v1/payment_intents/{intent}"
        before = self.get(path)
        suffix = "" if action == "update" else f"/{action}"
        status, answer = self.send("POST", f"{path}{suffix}", **params)
        after = self.get(path)
        if before["status"] not in LEGAL[action]:
            assert status == 400, answer
            assert answer["error"]["code"] == "payment_intent_unexpected_state"
            assert after == before
        else:
            assert status in (200, 400, 402), answer
        if status == 400:
            assert after == before

    @initialize(
        target=intents,
        amount=AMOUNTS,
        manual=st.booleans(),
        confirm=st.just(value=True),
        method=st.sampled_from(METHODS),
    )
    def begin(self, amount: int, manual: bool, confirm: bool, method: str) -> Any:
        return self.create(amount, manual, confirm, method)

    @rule(
        target=intents,
        amount=AMOUNTS,
        manual=st.booleans(),
        confirm=st.booleans(),
        method=st.sampled_from((*METHODS, None)),
    )
    def another(
        self, amount: int, manual: bool, confirm: bool, method: str | None
    ) -> Any:
        return self.create(amount, manual, confirm, method)

    def create(
        self, amount: int, manual: bool, confirm: bool, method: str | None
    ) -> Any:
        params: dict[str, Any] = {"amount": amount, "currency": "usd"}
        if method:
            params["payment_method"] = method
            params["confirm"] = confirm
        if manual:
            params["capture_method"] = "manual"
        status, intent = self.send("POST", "/v1/payment_intents", **params)
        if status == 402:
            intent = intent["error"]["payment_intent"]
        else:
            assert status == 200, intent
        return intent["id"]

    @rule(intent=intents, method=st.sampled_from(METHODS))
    def confirm(self, intent: str, method: str) -> None:
        self.act(intent, "confirm", payment_method=method)

    @rule(intent=intents, amount=AMOUNTS)
    def change_amount(self, intent: str, amount: int) -> None:
        self.act(intent, "update", amount=amount)

    @rule(intent=intents, amount=st.none() | AMOUNTS)
    def capture(self, intent: str, amount: int | None) -> None:
        params = {} if amount is None else {"amount_to_capture": amount}
        self.act(intent, "capture", **params)

    @rule(intent=intents)
    def cancel(self, intent: str) -> None:
        self.act(intent, "cancel")

    @rule(intent=intents, succeed=st.booleans())
    def answer_the_challenge(self, intent: str, succeed: bool) -> None:
        if self.get(f"/v1/payment_intents/{intent}")["status"] == "requires_action":
            self.sandbox.authenticate(intent, succeed=succeed)

    @rule(intent=intents, amount=st.none() | AMOUNTS)
    def refund(self, intent: str, amount: int | None) -> None:
        params = {} if amount is None else {"amount": amount}
        status, answer = self.send(
            "POST", "/v1/refunds", payment_intent=intent, **params
        )
        assert status in (200, 400), answer

    @rule(text=st.sampled_from(("winning_evidence", "losing_evidence", "close")))
    def answer_a_dispute(self, text: str) -> None:
        for dispute in self.get("/v1/disputes", limit=1)["data"]:
            path = f"/v1/disputes/{dispute['id']}"
            if text == "close":
                status, answer = self.send("POST", f"{path}/close")
            else:
                evidence = {"uncategorized_text": text}
                status, answer = self.send("POST", path, evidence=evidence)
            assert status == (200 if "needs_response" in dispute["status"] else 400), (
                answer
            )

    @rule(days=st.integers(1, 8))
    def wait(self, days: int) -> None:
        clock: Any = self.sandbox.engine.clock
        clock.set(self.sandbox.now + days * DAY)

    @invariant()
    def money_is_conserved(self) -> None:
        balance = self.get("/v1/balance")
        held = balance["available"][0]["amount"] + balance["pending"][0]["amount"]
        charges = self.all("charges")
        expected = sum(
            charge["amount_captured"]
            - charge["amount_refunded"]
            - (self.fee(charge["amount_captured"]) if charge["captured"] else 0)
            for charge in charges
        )
        for dispute in self.all("disputes"):
            if not dispute["status"].startswith("warning"):
                lost = dispute["status"] != "won"
                expected -= 1500 + (dispute["amount"] if lost else 0)
        assert held == expected

    @invariant()
    def sums_agree(self) -> None:
        for charge in self.all("charges"):
            assert 0 <= charge["amount_refunded"] <= charge["amount_captured"]
            assert charge["amount_captured"] <= charge["amount"]
        for intent in self.all("payment_intents"):
            taken = intent["status"] == "succeeded"
            assert (intent["amount_received"] > 0) == taken
            held = intent["status"] == "requires_capture"
            assert (intent["amount_capturable"] > 0) == held

    @invariant()
    def events_are_in_order(self) -> None:
        events = self.all("events")
        times = [event["created"] for event in events]
        assert times == sorted(times, reverse=True)

    def all(self, what: str) -> list[Any]:
        found: list[Any] = self.get(f"/v1/{what}", limit=100)["data"]
        return found

    @staticmethod
    def fee(amount: int) -> int:
        """Return 2.9 % and 30 cents, half a cent rounded up."""
        return (29 * amount + 500) // 1000 + 30


TestPayments = Payments.TestCase
TestPayments.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
