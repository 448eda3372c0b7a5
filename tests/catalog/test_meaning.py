"""Times, money and presence where a hand has looked them up in Stripe's docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from stripe_nb.catalog import Catalog, Field, Kind, Presence, Type


def _field(catalog: Catalog, place: str) -> Field:
    """Return a field by ``resource:path``."""
    name, _, path = place.partition(":")
    fields = catalog.resource(name).fields
    *outer, last = path.split(".")
    for part in outer:
        fields = _leaf(fields[part].type).fields
    return fields[last]


def _leaf(type_: Type) -> Type:
    while type_.item is not None:
        type_ = type_.item
    return type_


def _walk(fields: Mapping[str, Field]) -> Iterator[Field]:
    for field in fields.values():
        yield field
        yield from _walk(_leaf(field.type).fields)


@pytest.mark.parametrize(
    "place",
    [
        "customer:created",
        "balance_transaction:available_on",
        "payout:arrival_date",
        "coupon:redeem_by",
        "invoice:due_date",
        "invoice:period_end",
        "invoice:next_payment_attempt",
        "invoice:status_transitions.paid_at",
        "invoiceitem:date",
        "line_item:period.start",
        "subscription:billing_cycle_anchor",
        "subscription:cancel_at",
        "subscription:next_pending_invoice_item_invoice",
        "subscription:trial_end",
        "subscription_item:current_period_end",
        "dispute:evidence_details.due_by",
        "ephemeral_key:expires",
        "issuing.card:shipping.eta",
        "reserve.hold:release_schedule.scheduled_release",
        "tax.registration:active_from",
        "test_helpers.test_clock:frozen_time",
        "v2.core.event:created",
        "v2.core.account:requirements.summary.minimum_deadline.time",
    ],
)
def test_field_is_a_time(place: str, catalog: Catalog) -> None:
    assert _field(catalog, place).timestamp


@pytest.mark.parametrize(
    "place",
    [
        "card:exp_month",
        "coupon:duration_in_months",
        "customer:balance",
        "price:transform_quantity.divide_by",
        "subscription:days_until_due",
        "issuing.transaction:purchase_details.lodging.nights",
        # Days, which v1 writes as text.
        "charge:payment_method_details.us_bank_account.expected_debit_date",
        "v2.money_management.payout_intent:schedule_options.execute_on",
    ],
)
def test_field_is_no_time(place: str, catalog: Catalog) -> None:
    assert not _field(catalog, place).timestamp


def test_times_of_v1_are_integers(catalog: Catalog) -> None:
    times = [
        field.type.kind
        for resource in catalog.resources.values()
        if not resource.name.startswith("v2.")
        for field in _walk(resource.fields)
        if field.timestamp
    ]
    assert set(times) == {Kind.INTEGER}
    # As many as a hand counted in the SDK's 960 integers.
    assert len(times) == 346


@pytest.mark.parametrize(
    ("place", "currency"),
    [
        ("charge:amount", "currency"),
        ("charge:presentment_details.presentment_amount",
         "presentment_details.presentment_currency"),
        ("balance_transaction:fee_details.amount", "fee_details[].currency"),
        ("balance_transaction:net", "currency"),
        ("balance:available.amount", "available[].currency"),
        ("balance:available.source_types.card", "available[].currency"),
        ("checkout.session:amount_total", "currency"),
        ("checkout.session:currency_conversion.amount_total",
         "currency_conversion.source_currency"),
        ("coupon:amount_off", "currency"),
        ("coupon:currency_options.amount_off", "currency_options{}"),
        ("customer:balance", "currency"),
        ("customer:invoice_credit_balance", "invoice_credit_balance{}"),
        ("invoice:total_taxes.amount", "currency"),
        ("issuing.cardholder:spending_controls.spending_limits.amount",
         "spending_controls.spending_limits_currency"),
        ("payment_record:amount.value", "amount.currency"),
        ("price:unit_amount_decimal", "currency"),
        ("price:currency_options.tiers.flat_amount", "currency_options{}"),
        ("price:custom_unit_amount.minimum", "currency"),
        ("promotion_code:restrictions.minimum_amount",
         "restrictions.minimum_amount_currency"),
        ("shipping_rate:fixed_amount.currency_options.amount",
         "fixed_amount.currency_options{}"),
        ("setup_intent:payment_method_options.upi.mandate_options.amount", None),
    ],
)  # fmt: skip
def test_field_is_money_in_a_currency(
    place: str, currency: str | None, catalog: Catalog
) -> None:
    field = _field(catalog, place)
    assert (field.amount, field.currency_field) == (True, currency)


@pytest.mark.parametrize(
    "place",
    [
        "invoiceitem:quantity",
        "invoiceitem:quantity_decimal",
        "tax_rate:percentage",
        "price:tiers.up_to",
        "checkout.session:currency_conversion.fx_rate",
        "shipping_rate:delivery_estimate.maximum.value",
        "checkout.session:custom_fields.numeric.maximum_length",
    ],
)
def test_field_is_no_money(place: str, catalog: Catalog) -> None:
    field = _field(catalog, place)
    assert (field.amount, field.currency_field) == (False, None)


def test_every_currency_field_exists(catalog: Catalog) -> None:
    for resource in catalog.resources.values():
        for field in _walk(resource.fields):
            if field.currency_field and not field.currency_field.endswith("{}"):
                path = field.currency_field.replace("[]", "").replace("{}", "")
                found = _field(catalog, f"{resource.name}:{path}")
                assert found.type.kind in {Kind.STRING, Kind.ENUM}, field


@pytest.mark.parametrize(
    ("place", "presence"),
    [
        ("customer:id", Presence.REQUIRED),
        ("customer:email", Presence.NULLABLE),
        ("customer:subscriptions", Presence.OPTIONAL),
        ("price:currency_options", Presence.OPTIONAL),
        ("price:custom_unit_amount.maximum", Presence.NULLABLE),
        ("price:tiers.up_to", Presence.NULLABLE),
        ("price:recurring.interval", Presence.REQUIRED),
        ("charge:refunds", Presence.OPTIONAL_NULLABLE),
    ],
)
def test_presence_is_as_recorded(
    place: str, presence: Presence, catalog: Catalog
) -> None:
    assert _field(catalog, place).presence is presence


@pytest.mark.parametrize(
    ("place", "kind", "resources"),
    [
        ("charge:customer", Kind.EXPANDABLE, ("customer",)),
        ("invoice:discounts", Kind.LIST, ()),
        ("invoice:lines", Kind.PAGE, ()),
        ("customer:metadata", Kind.MAP, ()),
        ("customer:default_source", Kind.EXPANDABLE, ("account", "bank_account",
         "card", "source")),
        ("price:unit_amount_decimal", Kind.DECIMAL, ()),
        ("charge:payment_method_details", Kind.OBJECT, ()),
        ("event:data.object", Kind.MAP, ()),
        ("coupon:percent_off", Kind.NUMBER, ()),
        ("invoice:status", Kind.ENUM, ()),
    ],
)  # fmt: skip
def test_kind_and_targets(
    place: str, kind: Kind, resources: tuple[str, ...], catalog: Catalog
) -> None:
    type_ = _field(catalog, place).type
    assert (type_.kind, type_.resources) == (kind, resources)


def test_parameters_are_marked_too(catalog: Catalog) -> None:
    listing = catalog.operation("charges.list").parameters["created"]
    ranged = next(o for o in listing.type.options if o.kind is Kind.OBJECT)
    assert listing.timestamp
    assert {name for name, f in ranged.fields.items() if f.timestamp} == {
        "gt",
        "gte",
        "lt",
        "lte",
    }
    creating = catalog.operation("payment_intents.create").parameters
    assert creating["amount"].amount
    assert creating["amount"].required
    assert creating["amount"].currency_field == "currency"
    assert creating["metadata"].type.kind is Kind.MAP


@pytest.mark.parametrize(
    ("operation", "parameter", "kind", "clearable"),
    [
        ("customers.update", "email", Kind.STRING, False),
        ("customers.update", "metadata", Kind.MAP, True),
        ("customers.update", "shipping", Kind.OBJECT, True),
        ("subscriptions.update", "cancel_at", Kind.UNION, True),
        ("subscriptions.update", "trial_end", Kind.UNION, False),
        ("files.create", "file", Kind.FILE, False),
        ("files.create", "purpose", Kind.ENUM, False),
        ("prices.create", "unit_amount_decimal", Kind.DECIMAL, False),
        ("customers.list", "expand", Kind.LIST, False),
    ],
)
def test_parameter_types(
    operation: str, parameter: str, kind: Kind, clearable: bool, catalog: Catalog
) -> None:
    type_ = catalog.operation(operation).parameters[parameter].type
    assert (type_.kind, type_.clearable) == (kind, clearable)
