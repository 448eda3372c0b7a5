from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stripe_nb.catalog import load
from stripe_nb.errors import FrameError, UnknownResourceError
from stripe_nb.frames.query import query_for

LISTS = [
    name
    for name in load().operations
    if load().operation(name).answer == "list" and name.endswith(".list")
]
JANUARY = {"gte": 1_767_225_600, "lt": 1_769_904_000}


@pytest.mark.parametrize(
    ("name", "filters", "path"),
    [
        ("customers", {}, "/v1/customers"),
        ("customer", {}, "/v1/customers"),
        ("checkout.sessions", {}, "/v1/checkout/sessions"),
        ("line_item", {"invoice": "in_1"}, "/v1/invoices/in_1/lines"),
        ("invoices.line_items", {"invoice": "in_1"}, "/v1/invoices/in_1/lines"),
        ("item", {"payment_link": "pl"}, "/v1/payment_links/pl/line_items"),
        ("payment_methods", {"customer": "cus_1"}, "/v1/payment_methods"),
        (
            "customers.payment_methods",
            {"customer": "cus_1"},
            "/v1/customers/cus_1/payment_methods",
        ),
        ("line_item", {"invoice": "a/b?c"}, "/v1/invoices/a%2Fb%3Fc/lines"),
        ("v2.core.events", {}, "/v2/core/events"),
    ],
)
def test_a_name_finds_its_list(name: str, filters: dict[str, str], path: str) -> None:
    assert query_for(name, filters).path == path


@pytest.mark.parametrize("name", LISTS)
def test_every_list_can_be_asked_for(name: str) -> None:
    operation = load().operation(name)
    required = [key for key, item in operation.parameters.items() if item.required]
    needed = dict.fromkeys((*operation.path_parameters, *required), 1)
    query = query_for(name.removesuffix(".list"), needed)
    assert query.operation.name == name
    assert "{" not in query.path
    assert set(query.params) == set(required)


def test_one_kind_of_a_list_that_mixes_them_is_asked_for() -> None:
    query = query_for("card", {"customer": "cus_1"})
    assert query.path == "/v1/customers/cus_1/sources"
    assert (query.resource, query.params) == ("card", {"object": "card"})
    account = query_for("bank_account", {"account": "acct_1"})
    assert account.path == "/v1/accounts/acct_1/external_accounts"
    assert account.resource == "bank_account"


def test_missing_parents_are_named() -> None:
    with pytest.raises(FrameError, match="listed for a parent: give invoice="):
        query_for("line_item", {})
    with pytest.raises(
        FrameError, match=r"^subscription_items is .* give subscription="
    ):
        query_for("subscription_items", {"subscription": None})


def test_an_unknown_filter_is_refused_with_the_near_name() -> None:
    with pytest.raises(FrameError, match=r"'emial'; did you mean 'email'\?$"):
        query_for("customers", {"emial": "x"})
    with pytest.raises(FrameError, match=r"; it takes created, email, test_clock\.$"):
        query_for("customers", {"zzzzzz": 1})


@pytest.mark.parametrize("name", ["starting_after", "ending_before"])
def test_paging_is_the_engines_own(name: str) -> None:
    with pytest.raises(FrameError, match=f"by itself; leave {name} out"):
        query_for("customers", {name: "cus_1"})


def test_what_has_no_list_says_so() -> None:
    with pytest.raises(FrameError, match="no list of token"):
        query_for("token", {})
    with pytest.raises(UnknownResourceError):
        query_for("custommers", {})


@pytest.mark.parametrize(
    "start",
    [
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T02:00:00+02:00",
        1_767_225_600,
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 1, 1),  # noqa: DTZ001  # without a zone it is UTC
    ],
)
def test_a_window_is_half_open_and_in_utc(start: Any) -> None:
    query = query_for("customers", {}, created=(start, "2026-02-01"))
    assert query.params == {"created": JANUARY}
    assert query.window == ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")


def test_an_end_of_a_window_may_be_open() -> None:
    after = query_for("customers", {}, created=("2026-01-01", None))
    before = query_for("customers", {}, created=(None, "2026-02-01"))
    both = query_for("customers", {}, created=(None, None))
    assert after.params == {"created": {"gte": JANUARY["gte"]}}
    assert before.params == {"created": {"lt": JANUARY["lt"]}}
    assert both.params == {}


def test_v2_wants_iso_times() -> None:
    query = query_for("v2.core.events", {}, created=(JANUARY["gte"], None))
    assert query.params == {"created": {"gte": "2026-01-01T00:00:00Z"}}


def test_other_times_take_ranges_and_dates_as_well() -> None:
    for span in (("2026-01-01", "2026-02-01"), "2026-01-01..2026-02-01", MONTH):
        query = query_for("payouts", {"arrival_date": span})
        assert query.params == {"arrival_date": JANUARY}
    for day in ("2026-01-01", date(2026, 1, 1), np.datetime64("2026-01-01")):
        query = query_for("payouts", {"arrival_date": day})
        assert query.params == {"arrival_date": JANUARY["gte"]}


MONTH = pd.Period("2026-01")
START, END = MONTH.start_time, MONTH.start_time + pd.offsets.MonthBegin()


@pytest.mark.parametrize(
    "created",
    [
        "2026-01-01..2026-02-01",
        " 2026-01-01 .. 2026-02-01T00:00Z ",
        ("20260101", "20260201"),
        (date(2026, 1, 1), date(2026, 2, 1)),
        (START, END),
        (START.tz_localize("UTC").tz_convert("Asia/Tokyo"), END),
        (START, MONTH.end_time),
        (START.to_datetime64(), np.datetime64("2026-02-01")),
        (np.int64(JANUARY["gte"]), float(JANUARY["lt"])),
        ("2025-12-31T23:59:59.5", "2026-01-31T23:59:59.000001"),
        MONTH,
        pd.Interval(START, END, closed="left"),
    ],
    ids=str,
)
def test_january_is_the_same_however_it_is_written(created: Any) -> None:
    query = query_for("customers", {}, created=created)
    assert query.params == {"created": JANUARY}


def test_a_fraction_of_a_second_holds_what_lies_within() -> None:
    half = {"gt": "2025-12-31T23:59:59.5", "lte": "2026-01-31T23:59:59.5"}
    query = query_for("customers", {}, created=half)
    assert query.params == {
        "created": {"gt": JANUARY["gte"] - 1, "lte": JANUARY["lt"] - 1}
    }


def test_an_end_of_all_time_is_taken() -> None:
    query = query_for("v2.core.events", {}, created=(None, pd.Timestamp("9999-12-31")))
    assert query.params == {"created": {"lt": "9999-12-31T00:00:00Z"}}
    ended = datetime.max.replace(tzinfo=UTC)
    query = query_for("v2.core.events", {}, created=(None, ended))
    assert query.params == {"created": {"lt": "9999-12-31T23:59:59Z"}}


@pytest.mark.parametrize(
    "bad",
    [
        "..",
        "",
        "2026-01-15",
        pd.NaT,
        date(2026, 1, 15),
        slice("2026-01-01", "2026-02-01"),
        pd.date_range("2026-01-01", periods=2),
        pd.DataFrame({"created": [1, 2]}),
    ],
    ids=str,
)
def test_what_is_no_span_is_told_in_one_sentence(bad: Any) -> None:
    with pytest.raises(FrameError, match=r"^created=.* is no span of time; ") as told:
        query_for("customers", {}, created=bad)
    assert "\n" not in str(told.value)


def test_a_span_is_no_end_of_one() -> None:
    ends: Any = (None, MONTH)
    # pandas' slices hold all of the last one; ours, of which it is the end, nothing.
    with pytest.raises(FrameError, match="two ends where one is to be given; take its"):
        query_for("customers", {}, created=ends)


@pytest.mark.parametrize(
    "bad",
    [
        "yesterday",
        "2026-13-01",
        "",
        "2026",
        pd.NaT,
        pd.NA,
        float("nan"),
        np.datetime64("NaT"),
        np.True_,
        True,
        pd.Series([1, 2]),
    ],
    ids=str,
)
def test_what_is_no_time_is_named(bad: str) -> None:
    with pytest.raises(FrameError, match=r"^created=.* is no time") as told:
        query_for("customers", {}, created=(bad, None))
    assert "\n" not in str(told.value)


def test_a_list_without_created_takes_no_window() -> None:
    with pytest.raises(FrameError, match="payment_methods can't be filtered by 'crea"):
        query_for("payment_methods", {}, created=("2026-01-01", None))


@pytest.mark.parametrize(
    ("name", "filters", "hidden"),
    [
        ("subscriptions", {}, {"status", "test_clock"}),
        ("subscriptions", {"status": "all"}, {"test_clock"}),
        ("prices", {}, {"active"}),
        ("customers", {"test_clock": "clock_1"}, set()),
        ("charges", {}, set()),
        ("tax_ids", {}, {"owner"}),
        ("customers.tax_ids", {"customer": "cus_1"}, set()),
        ("payment_methods", {}, {"customer"}),
        ("customers.payment_methods", {"customer": "cus_1"}, set()),
    ],
)
def test_what_stripe_hides_is_told(
    name: str, filters: dict[str, Any], hidden: set[str]
) -> None:
    assert set(query_for(name, filters).hidden) == hidden


def test_the_hidden_filters_are_parameters_or_fields_of_stripes() -> None:
    from stripe_nb.frames.query import _HIDDEN

    for resource, name in _HIDDEN:
        spec = load().resource(resource)
        listing = load().operation(spec.list_operation or "")
        assert name in listing.parameters or name in spec.fields


@pytest.mark.parametrize(
    "created",
    [
        (date(2026, 1, 15), None),
        ["2026-01-15", None],
        {"gte": "2026-01-15"},
        {"gte": date(2026, 1, 15), "lt": None},
    ],
)
def test_spans_are_taken_as_people_write_them(created: Any) -> None:
    query = query_for("customers", {}, created=created)
    assert query.params == {"created": {"gte": 1_768_435_200}}
    assert query.window == ("2026-01-15T00:00:00Z", None)


def test_stripes_operators_stay_and_the_window_is_half_open() -> None:
    query = query_for(
        "charges", {}, created={"gt": 1_768_435_199, "lte": 1_768_435_200}
    )
    assert query.params == {"created": {"gt": 1_768_435_199, "lte": 1_768_435_200}}
    assert query.window == ("2026-01-15T00:00:00Z", "2026-01-15T00:00:01Z")


@pytest.mark.parametrize(
    "created",
    ["2026-01-01", 5, True, (), ("2026-01-01",), [1, 2, 3], {"from": 1}, date.today],
)
def test_what_is_no_span_is_told_how_to_write_one(created: Any) -> None:
    with pytest.raises(FrameError, match=r"is no span of time; give \(start, end\)"):
        query_for("customers", {}, created=created)


@pytest.mark.parametrize("bad", [True, [1], {"gte": 1}, object(), float("nan"), pd.NaT])
def test_an_end_that_is_no_time_is_told(bad: Any) -> None:
    with pytest.raises(FrameError, match="is no time"):
        query_for("customers", {}, created=(bad, None))


@pytest.mark.parametrize("bad", [1_768_435_200_000, 10**30, -(10**12), 2**63])
def test_times_beyond_the_calendar_are_refused(bad: int) -> None:
    with pytest.raises(FrameError, match="in seconds, not in milliseconds"):
        query_for("customers", {}, created=(bad, None))


def test_other_spans_are_taken_likewise() -> None:
    query = query_for("payouts", {"arrival_date": {"gte": "2026-01-15"}})
    assert query.params["arrival_date"] == {"gte": 1_768_435_200}
    day = query_for("payouts", {"arrival_date": date(2026, 1, 15)})
    assert day.params["arrival_date"] == 1_768_435_200
