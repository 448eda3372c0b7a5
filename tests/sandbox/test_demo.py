"""The demo business: sound as data, and what comes of it in a sandbox."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from stripe_nb.paths import data_path
from stripe_nb.sandbox import Sandbox, cards, scenario
from stripe_nb.sandbox.scenario import Step
from stripe_nb.session import connect

DEMO = scenario.load("demo")


def references(value: Any) -> list[str]:
    return re.findall(r"\$\{([^:}]+):", json.dumps(value, ensure_ascii=False))


def test_demo_plays_and_ends_in_the_errors_that_it_announces() -> None:
    declined = {
        re.sub(r"\$\{(\w+):id\}", r"\1", item.path): item
        for item in DEMO.steps
        if item.expected_error
    }
    sent: list[str] = []

    def send(
        method: str, path: str, params: dict[str, Any], at: int | None
    ) -> dict[str, Any]:
        assert method in {"post", "delete"}
        assert "${" not in path + json.dumps(params)
        name = DEMO.steps[len(sent)].name
        sent.append(name)
        item = DEMO.steps[len(sent) - 1]
        assert item.at == at
        if item.expected_error:
            return {"error": {"decline_code": item.expected_error, "message": "no"}}
        return {"id": name}

    assert len(scenario.play(DEMO, send)) == len(DEMO.steps) == len(sent)
    assert declined


def payments() -> list[Step]:
    return [item for item in DEMO.steps if item.path == "/v1/payment_intents"]


def test_demo_is_the_size_of_a_small_business() -> None:
    made_here = Counter(item.path for item in DEMO.steps)
    assert made_here["/v1/customers"] == 40
    assert made_here["/v1/products"] == 8
    assert made_here["/v1/prices"] == 14
    assert made_here["/v1/payment_intents"] == 120
    assert made_here["/v1/refunds"] >= 6
    assert sum(item.method == "delete" for item in DEMO.steps) == 1


def test_demo_sells_in_five_currencies() -> None:
    sold = Counter(item.params["currency"] for item in payments())
    assert set(sold) == {"usd", "eur", "gbp", "jpy", "kwd"}
    assert min(sold.values()) >= 8


def test_demo_amounts_are_the_prices_of_what_was_ordered() -> None:
    prices = {
        (item.params["product"][7:-4], item.params["currency"]): item.params[
            "unit_amount"
        ]
        for item in DEMO.steps
        if item.path == "/v1/prices"
    }
    for item in payments():
        basket = [line.split(":") for line in item.params["metadata"]["items"].split()]
        due = sum(prices[key, item.params["currency"]] * int(n) for key, n in basket)
        assert item.params["amount"] == due, item.name


def test_demo_dinars_end_in_zero() -> None:
    amounts = [
        item.params.get("amount", item.params.get("unit_amount"))
        for item in DEMO.steps
        if item.params.get("currency") == "kwd"
    ]
    assert all(amount % 10 == 0 for amount in amounts)


def test_demo_refunds_and_captures_stay_within_the_payment() -> None:
    left = {item.name: item.params["amount"] for item in payments()}
    for item in DEMO.steps:
        if item.path.endswith("/capture"):
            (order,) = references(item.path)
            assert item.params["amount_to_capture"] < left[order]
            left[order] = item.params["amount_to_capture"]
        if item.path == "/v1/refunds":
            (order,) = references(item.params)
            left[order] -= item.params.get("amount", left[order])
            assert left[order] >= 0, item.name


def test_demo_pays_with_known_cards_and_announces_their_declines() -> None:
    expected = Counter[str]()
    for item in DEMO.steps:
        name = str(item.params.get("payment_method", ""))
        if not name.startswith("pm_card_"):
            continue
        card = cards.by_payment_method(name)
        assert card is not None, name
        tried = item.params.get("confirm") or item.path.endswith("/confirm")
        if item.params.get("off_session") and card.needs_authentication(
            off_session=True
        ):
            assert item.expected_error == "authentication_required"
        elif tried and card.decline is not None:
            said = card.decline.decline_code or card.decline.code
            assert item.expected_error == said, item.name
            expected[said] += 1
        else:
            assert item.expected_error is None, item.name
    assert len(expected) >= 7


def test_demo_leaves_some_payments_open() -> None:
    waiting = []
    for item in payments():
        card = cards.by_payment_method(str(item.params.get("payment_method")))
        if card and card.needs_authentication() and not item.expected_error:
            waiting.append(item.name)
    canceled = [item for item in DEMO.steps if item.path.endswith("/cancel")]
    gone = {name for item in canceled for name in references(item.path)}
    assert len(set(waiting) - gone) == 3
    assert len(canceled) == 2
    manual = [i for i in payments() if i.params.get("capture_method") == "manual"]
    assert len(manual) == 2


def test_demo_happens_in_its_ninety_days() -> None:
    assert DEMO.clock is not None
    times = [item.at for item in DEMO.steps]
    assert None not in times
    known = [at for at in times if at is not None]
    assert known == sorted(known)
    assert DEMO.clock - 91 * 86_400 < known[0] < known[-1] < DEMO.clock


def test_demo_has_a_rhythm() -> None:
    months = Counter((item.at or 0) // 86_400 // 10 for item in payments())
    by_ten_days = [months[key] for key in sorted(months)]
    assert max(by_ten_days) >= 2 * min(by_ten_days)
    december = [
        item
        for item in payments()
        if 1_764_547_200 <= (item.at or 0) < 1_766_188_800  # the 1st to the 19th
    ]
    assert len(december) > 30


def test_demo_names_nobody_real_and_writes_to_nobody() -> None:
    people = [item.params for item in DEMO.steps if item.path == "/v1/customers"]
    domain = re.compile(r".+@([\w-]+\.)?example\.(com|org|net)")
    assert all(domain.fullmatch(person["email"]) for person in people)
    assert len({person["email"] for person in people}) == 40
    assert len({person["metadata"]["customer_no"] for person in people}) == 40
    text = " ".join(json.dumps(dict(item.params)) for item in DEMO.steps).lower()
    for url in re.findall(r"https?://([^/\"]+)", text):
        assert url.endswith(".example")
    firms = ("stripe", "google", "amazon", "apple", "paypal", "etsy", "shopify")
    assert [firm for firm in firms if re.search(rf"\b{firm}\b", text)] == []


def test_demo_people_come_from_many_places() -> None:
    people = [item.params for item in DEMO.steps if item.path == "/v1/customers"]
    together = "".join(person["name"] for person in people)
    assert len({person["address"]["country"] for person in people}) >= 15
    assert "'" in together
    assert re.search(r"[\u0600-\u06ff]", together)
    assert re.search(r"[\u4e00-\u9fff]", together)
    assert re.search("[éüśŁÅÍ]", together)
    assert max(len(person["name"]) for person in people) > 60


def test_demo_is_one_step_a_line() -> None:
    path = data_path("scenarios", "demo.json")
    lines = path.read_text(encoding="utf-8").splitlines()
    begun = [line for line in lines if line.startswith('    {"name": ')]
    assert len(begun) == len(DEMO.steps)


# --- the demo in a sandbox -------------------------------------------------


def test_demo_ends_in_the_state_that_its_readme_tells() -> None:
    with (
        Sandbox(seed=7, scenario="demo") as sandbox,
        connect(sandbox=sandbox) as stripe,
    ):
        assert DEMO.clock is not None
        assert 0 <= sandbox.now - DEMO.clock <= 1
        intents = list(stripe.v1.payment_intents.list().auto_paging_iter())
        assert Counter(intent.status for intent in intents) == {
            "succeeded": 104,
            "requires_payment_method": 9,
            "requires_action": 3,
            "canceled": 2,
            "requires_capture": 1,
            "requires_confirmation": 1,
        }
        # Each at the time that its step tells, newest first
        told = [item.at for item in payments()]
        assert [intent.created for intent in intents] == told[::-1]
        customers = list(stripe.v1.customers.list().auto_paging_iter())
        assert len(customers) == 39
        assert len(list(stripe.v1.refunds.list().auto_paging_iter())) == 8
