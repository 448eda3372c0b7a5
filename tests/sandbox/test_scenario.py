"""Scenarios: files are checked, references resolved, errors held to their word."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox import scenario
from stripe_nb.sandbox.scenario import Scenario, Step

NOON = 1_767_268_800  # 2026-01-01T12:00:00Z


class Recorder:
    """Answers each request with an object of its own, or with a card error."""

    def __init__(self, errors: Mapping[str, dict[str, Any]] | None = None) -> None:
        self.sent: list[tuple[str, str, dict[str, Any], int | None]] = []
        self._errors = errors or {}

    def __call__(
        self, method: str, path: str, params: dict[str, Any], at: int | None
    ) -> dict[str, Any]:
        self.sent.append((method, path, params, at))
        if path in self._errors:
            return {"error": self._errors[path]}
        number = len(self.sent)
        return {
            "id": f"obj_{number}",
            "amount": number * 100,
            "items": {"data": [{"id": f"item_{number}"}]},
        }


def made(*steps: dict[str, Any]) -> Scenario:
    return Scenario("made", "", None, tuple(Step(**step) for step in steps))


def written(tmp_path: Path, *steps: Any, **more: Any) -> Path:
    path = tmp_path / "own.json"
    path.write_text(json.dumps({"fixtures": list(steps), **more}), encoding="utf-8")
    return path


def step(name: str = "one", **more: Any) -> dict[str, Any]:
    return {"name": name, "method": "post", "path": "/v1/customers", **more}


# --- playing ---------------------------------------------------------------


def test_play_puts_earlier_answers_into_paths_and_params() -> None:
    send = Recorder()
    scenario.play(
        made(
            step("first", params={"name": "x"}, at=NOON),
            {
                "name": "second",
                "method": "post",
                "path": "/v1/charges/${first:id}/capture",
                "params": {
                    "amount": "${first:amount}",
                    "note": "for ${first:id}, ${first:items.data.0.id}",
                    "list": [{"deep": "${first:id}"}],
                },
            },
        ),
        send,
    )
    assert send.sent == [
        ("post", "/v1/customers", {"name": "x"}, NOON),
        (
            "post",
            "/v1/charges/obj_1/capture",
            {"amount": 100, "note": "for obj_1, item_1", "list": [{"deep": "obj_1"}]},
            None,
        ),
    ]


def test_play_returns_the_answers_by_name() -> None:
    answers = scenario.play(made(step("a"), step("b")), Recorder())
    assert [answers[name]["id"] for name in ("a", "b")] == ["obj_1", "obj_2"]


def test_play_fills_the_cli_s_own_references() -> None:
    send = Recorder()
    params = {
        "phone": "${.env:PHONE}",
        "city": "${.env:CITY|Galway}",
        "key": "${generate-uuid}",
        "other": "${generate-uuid}",
        "time": "${time-now-RFC3339}",
    }
    for _ in range(2):
        scenario.play(made(step(params=params, at=NOON)), send, env={"PHONE": "+1"})
    first, again = send.sent[0][2], send.sent[1][2]
    assert first == again
    assert first["key"] != first["other"]
    assert re.fullmatch(r"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}", first["key"])
    assert (first["phone"], first["city"]) == ("+1", "Galway")
    assert first["time"] == "2026-01-01T12:00:00Z"


def test_play_never_reads_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_nothing_to_see")
    with pytest.raises(SandboxError, match="has no value") as caught:
        scenario.play(made(step(params={"x": "${.env:STRIPE_SECRET_KEY}"})), Recorder())
    assert "nothing_to_see" not in str(caught.value)


def test_play_reports_reference_without_value() -> None:
    steps = made(step("a"), step("b", params={"x": "${a:items.data.7.id}"}))
    with pytest.raises(SandboxError, match=r"'b': \$\{a:items.data.7.id\} has no"):
        scenario.play(steps, Recorder())


DECLINE = {
    "code": "card_declined",
    "decline_code": "insufficient_funds",
    "type": "card_error",
    "message": "Your card has insufficient funds.",
}


@pytest.mark.parametrize(
    "expected", ["insufficient_funds", "card_declined", "card_error"]
)
def test_play_accepts_the_expected_error(expected: str) -> None:
    send = Recorder({"/v1/customers": DECLINE})
    answers = scenario.play(made(step(expected_error=expected)), send)
    assert answers["one"]["error"] == DECLINE


@pytest.mark.parametrize("expected", [None, "lost_card"])
def test_play_stops_at_another_error(expected: str | None) -> None:
    send = Recorder({"/v1/customers": DECLINE})
    with pytest.raises(SandboxError, match=r"'one'.*insufficient funds") as caught:
        scenario.play(made(step(expected_error=expected), step("two")), send)
    assert (expected or "no error") in str(caught.value)
    assert len(send.sent) == 1


def test_play_stops_when_an_expected_error_does_not_come() -> None:
    with pytest.raises(SandboxError, match="'lost_card' and succeeded"):
        scenario.play(made(step(expected_error="lost_card")), Recorder())


# --- loading ---------------------------------------------------------------


def test_load_plain_fixtures_of_the_cli(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        step("customer", params={"source": "tok_visa"}),
        {
            "name": "pay",
            "method": "post",
            "path": "/v1/payment_intents",
            "expected_error_type": "card_error",
            "idempotency_key": "k",
            "params": {"customer": "${customer:id}", "recurring[interval]": "month"},
        },
        {"name": "look", "method": "GET", "path": "/v1/customers/${customer:id}"},
        _meta={"template_version": 0},
        env={},
    )
    loaded = scenario.load(path)
    assert loaded.name == "own"
    assert [item.method for item in loaded.steps] == ["post", "post", "get"]
    assert [item.at for item in loaded.steps] == [None, None, None]
    assert loaded.steps[1].expected_error == "card_error"
    assert loaded.steps[1].params["recurring[interval]"] == "month"


def test_load_by_path_text(tmp_path: Path) -> None:
    path = written(tmp_path, step(), name="mine", clock="2026-01-01T12:00:00Z")
    loaded = scenario.load(str(path))
    assert (loaded.name, loaded.clock) == ("mine", NOON)


def test_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(SandboxError, match=r"no scenario 'nope'.*\bdemo\b"):
        scenario.load("nope")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"gone\.json can't be read"):
        scenario.load(tmp_path / "gone.json")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"fixtures": {}}', "\ufeff"])
def test_file_that_holds_no_steps_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SandboxError, match=r"bad\.json"):
        scenario.load(path)


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (["text"], "has no name"),
        ([{"method": "post"}], "has no name"),
        ([step(method="put")], "not get, post or delete"),
        ([step(path="v1/customers")], "does not begin with /"),
        ([step(params=[1])], "no JSON object"),
        ([step(at="soon")], "'soon' is no time"),
        ([step(at=[])], "is no time"),
        ([step(), step()], "same name"),
        ([step(params={"a": "${later:id}"}), step("later")], "no step above"),
        ([step(path="/v1/x/${one:id}")], "no step above"),
        ([step("a", at=NOON), step("b"), step("c", at=NOON - 1)], "happens before"),
        ([step(expected_eror="x")], "no key expected_eror"),
        ([step(headers={"Stripe-Version": "x"})], "no key headers"),
    ],
)
def test_bad_step_is_named(tmp_path: Path, steps: list[Any], why: str) -> None:
    with pytest.raises(SandboxError, match=why):
        scenario.load(written(tmp_path, *steps))


def test_bad_clock_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="'clock': 'noon' is no time"):
        scenario.load(written(tmp_path, step(), clock="noon"))


# --- the scenarios that come with the package ------------------------------


@pytest.mark.parametrize("name", scenario.names())
def test_each_scenario_loads_under_its_own_name(name: str) -> None:
    assert scenario.load(name).name == name
