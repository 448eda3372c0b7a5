from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stripe.events._event_classes import get_v2_event_notification_class

from stripe_nb.catalog import Catalog, facts, load
from stripe_nb.errors import UnknownOperationError, UnknownResourceError


@pytest.mark.parametrize(
    ("method", "path", "name", "values"),
    [
        ("get", "/v1/customers", "customers.list", {}),
        ("POST", "/v1/customers", "customers.create", {}),
        ("get", "/v1/customers/cus_1", "customers.retrieve", {"customer": "cus_1"}),
        ("delete", "/v1/customers/cus_1", "customers.delete", {"customer": "cus_1"}),
        ("get", "/v1/customers/search", "customers.search", {}),
        ("get", "/v1/customers/", "customers.list", {}),
        (
            "post",
            "/v1/payment_intents/pi_1/confirm",
            "payment_intents.confirm",
            {"intent": "pi_1"},
        ),
        (
            "get",
            "/v1/customers/cus_1/sources/ba_1",
            "customers.payment_sources.retrieve",
            {"customer": "cus_1", "id": "ba_1"},
        ),
        # Two operations send this; the one of the collection is meant.
        (
            "delete",
            "/v1/customers/cus_1/sources/ba_1",
            "customers.payment_sources.delete",
            {"customer": "cus_1", "id": "ba_1"},
        ),
        (
            "delete",
            "/v1/customers/cus_1/discount",
            "customers.delete_discount",
            {"customer": "cus_1"},
        ),
        # The parameter has another name in each of these.
        (
            "get",
            "/v1/application_fees/fee_1/refunds",
            "application_fees.refunds.list",
            {"id": "fee_1"},
        ),
        (
            "get",
            "/v1/application_fees/fee_1/refunds/fr_1",
            "application_fees.refunds.retrieve",
            {"fee": "fee_1", "id": "fr_1"},
        ),
        # A literal segment wins, and gives way where it leads nowhere.
        ("get", "/v1/credit_notes/preview", "credit_notes.preview", {}),
        (
            "get",
            "/v1/credit_notes/preview/lines",
            "credit_notes.preview_lines.list",
            {},
        ),
        (
            "get",
            "/v1/credit_notes/cn_1/lines",
            "credit_notes.line_items.list",
            {"credit_note": "cn_1"},
        ),
        (
            "post",
            "/v1/credit_notes/preview/void",
            "credit_notes.void_credit_note",
            {"id": "preview"},
        ),
        # Percent-encoding is the caller's.
        ("get", "/v1/coupons/A%2FB", "coupons.retrieve", {"coupon": "A%2FB"}),
        (
            "post",
            "/v1/test_helpers/test_clocks/clock_1/advance",
            "test_helpers.test_clocks.advance",
            {"test_clock": "clock_1"},
        ),
        ("get", "/v2/core/events", "v2.core.events.list", {}),
        ("get", "/v1/charges/ch_1/refunds", "charges.refunds.list", {"charge": "ch_1"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_match_finds_the_operation(
    method: str, path: str, name: str, values: dict[str, str], catalog: Catalog
) -> None:
    found = catalog.match(method, path)
    assert found is not None
    assert (found[0].name, found[1]) == (name, values)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/v1/nothing"),
        ("put", "/v1/customers"),
        ("delete", "/v1/customers"),
        ("get", "/v1/customers/cus_1/nothing"),
        ("get", "/v1/customers//sources"),
        ("get", "/v1/{}"),
        ("get", "/v1/customers/{}/{}"),
        ("get", "/v3/customers"),
        ("get", ""),
        ("get", "/"),
    ],
)
def test_match_finds_nothing(method: str, path: str, catalog: Catalog) -> None:
    assert catalog.match(method, path) is None


def test_match_finds_every_operation(catalog: Catalog) -> None:
    for operation in catalog.operations.values():
        found = catalog.match(operation.method, operation.path)
        assert found is not None
        assert (found[0].method, found[0].path) == (operation.method, operation.path)
        assert tuple(found[1]) == operation.path_parameters


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("payment_intent", "payment_intent"),
        ("payment_intents", "payment_intent"),
        ("checkout.session", "checkout.session"),
        ("checkout.sessions", "checkout.session"),
        ("checkout/sessions", "checkout.session"),
        ("/v1/checkout/sessions", "checkout.session"),
        ("invoice_items", "invoiceitem"),
        ("invoiceitems", "invoiceitem"),
        ("invoices.line_items", "line_item"),
        ("customers.payment_methods", "payment_method"),
        ("test_helpers.test_clocks", "test_helpers.test_clock"),
        ("v2.core.events", "v2.core.event"),
        ("balance", "balance"),
        ("file_upload", "file"),
        ("credit_notes.preview_lines", "credit_note_line_item"),
    ],
)
def test_resource_goes_by_several_names(
    name: str, expected: str, catalog: Catalog
) -> None:
    assert catalog.resource(name).name == expected


@pytest.mark.parametrize(
    ("name", "plural", "listing", "searching", "prefix"),
    [
        ("customer", "customers", "customers.list", "customers.search", "cus"),
        ("charge", "charges", "charges.list", "charges.search", "ch"),
        ("line_item", "invoices.line_items", "invoices.line_items.list", None, "il"),
        ("payment_method", "payment_methods", "payment_methods.list", None, "pm"),
        ("tax_id", "tax_ids", "tax_ids.list", None, "txi"),
        ("refund", "refunds", "refunds.list", None, "re"),
        ("item", "checkout.sessions.line_items",
         "checkout.sessions.line_items.list", None, "li"),
        ("credit_note_line_item", "credit_notes.line_items",
         "credit_notes.line_items.list", None, "cnli"),
        ("confirmation_token", "confirmation_tokens", None, None, "ctoken"),
        ("balance", "balance", None, None, None),
        ("discount", None, None, None, "di"),
        ("coupon", "coupons", "coupons.list", None, None),
        ("v2.core.event", "v2.core.events", "v2.core.events.list", None, "evt"),
    ],
)  # fmt: skip
def test_resource_knows_its_collection(
    name: str,
    plural: str | None,
    listing: str | None,
    searching: str | None,
    prefix: str | None,
    catalog: Catalog,
) -> None:
    found = catalog.resource(name)
    assert found.plural == plural
    assert found.list_operation == listing
    assert found.search_operation == searching
    assert found.id_prefix == prefix


def test_names_in_resources_are_operations_and_resources(catalog: Catalog) -> None:
    for resource in catalog.resources.values():
        listed = [resource.list_operation, resource.search_operation]
        names = {*resource.operations, *filter(None, listed)}
        assert names <= catalog.operations.keys()
        assert names - {None} == set(resource.operations)


def test_operations_answer_with_known_resources(catalog: Catalog) -> None:
    known = {*catalog.resources, facts.V2_DELETED}
    for operation in catalog.operations.values():
        assert set(operation.variants) <= known, operation.name
        assert operation.returns == next(iter(operation.variants), "")


@pytest.mark.parametrize(
    ("name", "answer", "variants", "host"),
    [
        ("customers.list", "list", ("customer",), "api"),
        ("customers.search", "search", ("customer",), "api"),
        ("customers.create", "object", ("customer",), "api"),
        ("quotes.pdf", "bytes", (), "files"),
        ("files.create", "object", ("file",), "files"),
        ("v2.billing.meter_event_stream.create", "empty", (), "meter_events"),
        (
            "accounts.external_accounts.list",
            "list",
            ("bank_account", "card"),
            "api",
        ),
        (
            "v2.core.event_destinations.delete",
            "object",
            ("v2.deleted_object",),
            "api",
        ),
    ],
)
def test_operation_tells_its_answer(
    name: str, answer: str, variants: tuple[str, ...], host: str, catalog: Catalog
) -> None:
    operation = catalog.operation(name)
    found = (operation.answer, operation.variants, operation.host)
    assert found == (answer, variants, host)


def test_unknown_resource_suggests_near_names(catalog: Catalog) -> None:
    with pytest.raises(UnknownResourceError, match=r"'custommer'; did you mean") as got:
        catalog.resource("custommer")
    assert "'customer'" in str(got.value)


def test_unknown_resource_without_near_names_says_so(catalog: Catalog) -> None:
    with pytest.raises(UnknownResourceError, match="in the installed SDK's version"):
        catalog.resource("zzzzzz")


def test_unknown_operation_suggests_near_names(catalog: Catalog) -> None:
    with pytest.raises(UnknownOperationError, match=r"'payment_intents\.confirm'"):
        catalog.operation("payment_intents.confrim")


def test_operation_may_be_written_with_v1(catalog: Catalog) -> None:
    assert catalog.operation("v1.customers.list") is catalog.operation("customers.list")


def test_mappings_are_mappings(catalog: Catalog) -> None:
    assert "customer" in catalog.resources
    assert "customers" not in catalog.resources
    assert len(list(catalog.operations)) == len(catalog.operations)
    with pytest.raises(KeyError, match="customers"):
        catalog.resources["customers"]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("customer_balance_transactions", "customer_balance_transaction"),
        ("capabilities", "capability"),
        ("billing.meter_event_summaries", "billing.meter_event_summary"),
        # What Stripe names so is meant by it.
        ("tax_ids", "tax_id"),
        ("refunds", "refund"),
    ],
)
def test_what_can_be_listed_goes_by_its_plural(
    catalog: Catalog, name: str, resource: str
) -> None:
    assert catalog.resource(name).name == resource


def test_event_types_are_those_of_webhooks(catalog: Catalog) -> None:
    assert {"charge.succeeded", "customer.subscription.deleted"} <= set(
        catalog.event_types
    )
    assert "*" not in catalog.event_types


def test_thin_event_types_are_those_of_the_sdk(catalog: Catalog) -> None:
    known = set(catalog.thin_event_types)
    assert {"v1.billing.meter.no_meter_found", "v2.core.account.updated"} <= known
    assert all(name.startswith(("v1.", "v2.")) for name in known)
    named = [get_v2_event_notification_class(name).__name__ for name in known]
    assert len(set(named)) == len(known)


def test_repr_counts(catalog: Catalog) -> None:
    assert repr(catalog).startswith(f"<Catalog of API {catalog.api_version}: ")


def test_id_prefixes_are_of_resources_with_ids(catalog: Catalog) -> None:
    for name in facts.ID_PREFIXES:
        assert "id" in catalog.resources[name].fields


def test_id_prefixes_are_those_of_recorded_objects(catalog: Catalog) -> None:
    folder = Path(__file__).parents[1] / "data" / "golden"
    for path in folder.glob("*.json"):
        recorded = json.loads(path.read_text("utf-8"))
        prefix = catalog.resource(recorded["object"]).id_prefix
        if prefix is not None:
            assert recorded["id"].startswith(f"{prefix}_"), path.name


def test_load_returns_the_same_catalog() -> None:
    assert load() is load()


def test_sdk_is_never_imported() -> None:
    program = (
        "import sys; from stripe_nb.catalog import load; load().resource('customer');"
        "sys.exit('stripe' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
