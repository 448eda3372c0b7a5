"""The page of a checkout session, on which a browser pays."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from stripe_nb import money
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout import items, paying, selling
from stripe_nb.sandbox.errors import ApiError, InvalidRequest
from stripe_nb.sandbox.pages import leave, page, payment_form, render
from stripe_nb.sandbox.pages.visit import Visit
from stripe_nb.sandbox.wire import Json

__all__ = ["PATH", "THANKS_PATH", "checkout", "thanks"]

PATH = "/c/pay/{session}"
THANKS_PATH = "/c/thanks/{session}"
_KINDS = ("card", "sepa_debit")
_BUTTONS = {"book": "Book", "donate": "Donate", "subscribe": "Subscribe"}
_GONE = 410
_LONGEST_QUANTITY = 9
_UNCONFIRMED = (
    "We are unable to authenticate your payment method. Please choose a different "
    "payment method and try again."
)


def checkout(visit: Visit) -> Response:
    """Show a session, or carry out what its customer asks for."""
    name = visit.path["session"]
    call = visit.call_about(name)
    session = call.find("checkout.session", name)
    if session is None:
        return page("Nothing to pay", "<p>This link leads to no session.</p>", 404)
    if session["status"] == "complete":
        return _over(session)
    if session["status"] == "expired":
        return page("Expired", "<p>This checkout session has expired.</p>", _GONE)
    if visit.is_post:
        return _carry_out(visit, call, session)
    return _show(visit, call, session, _last_problem(visit, call, session))


def thanks(visit: Visit) -> Response:
    """Show what a payment link without an address of its own ends with."""
    name = visit.path["session"]
    call = visit.call_about(name)
    session = call.find("checkout.session", name)
    if session is None or session["status"] != "complete":
        return page("Nothing here", "<p>This order is not complete.</p>", 404)
    link = call.find("payment_link", session["payment_link"]) or {}
    after = link.get("after_completion") or {}
    told = (after.get("hosted_confirmation") or {}).get("custom_message")
    return render("thanks.html", title="Thank you", message=told)


def _over(session: Json) -> Response:
    url = _destination(session)
    return leave(url) if url else page("Thank you", "<p>All done.</p>")


def _destination(session: Json) -> str | None:
    url = session["success_url"] or session.get("return_url")
    return url and url.replace("{CHECKOUT_SESSION_ID}", session["id"])


def _last_problem(
    visit: Visit, call: Call, session: Json
) -> payment_form.Problem | None:
    """Return why a cardholder who comes back from 3D Secure has not paid."""
    failed = visit.query.get("redirect_status") == "failed"
    for kind, field in (
        ("payment_intent", "last_payment_error"),
        ("setup_intent", "last_setup_error"),
    ):
        intent = call.find(kind, visit.query.get(kind))
        error = intent and intent[field]
        owner = intent and call.private(intent["id"]).get("checkout_session")
        if error and owner == session["id"]:
            return payment_form.Problem(
                _UNCONFIRMED if failed else str(error["message"])
            )
    return None


def _carry_out(visit: Visit, call: Call, session: Json) -> Response:
    action = visit.form.get("action", "pay")
    if action.startswith("fill:"):
        return _show(visit, call, session, None, number=action.partition(":")[2])
    try:
        with visit.engine.writing():
            shown = session["amount_total"]
            session = _choose(visit, call, session)
            if action != "pay":
                return _show(visit, call, session, None)
            if session["amount_total"] != shown:
                return _show(visit, call, session, _changed(session))
            tried = _pay(visit, call, session)
    except ApiError as error:
        return _show(visit, call, session, payment_form.problem_of(error))
    if tried.refusal:
        problem = payment_form.problem_of(tried.refusal)
        return _show(visit, call, tried.session, problem)
    if tried.action_url:
        return leave(tried.action_url)
    return _over(tried.session)


def _changed(session: Json) -> payment_form.Problem:
    """Return the question whether a customer agrees to what it chose."""
    total = money.format_amount(session["amount_total"], session["currency"])
    return payment_form.Problem(f"The total is now {total}: pay if you agree.")


def _choose(visit: Visit, call: Call, session: Json) -> Json:
    """Take over what was chosen, where that is anything new."""
    quantities = {}
    for item in items.of(call, session["id"]):
        told = visit.told(f"quantity_{item['id']}")
        if told and told != str(item["quantity"]):
            if not told.isdecimal() or len(told) > _LONGEST_QUANTITY:
                raise InvalidRequest(f"How many of {item['description']}?")
            quantities[item["id"]] = int(told)
    code = visit.form.get("promotion_code")
    if code is not None and code.strip() == _code(call, session):
        code = None
    rate = visit.form.get("shipping_rate")
    if rate == (session["shipping_cost"] or {}).get("shipping_rate"):
        rate = None
    if not quantities and code is None and rate is None:
        return session
    return selling.choose(call, session, quantities=quantities, code=code, rate=rate)


def _code(call: Call, session: Json) -> str:
    """Return the promotion code that a session has taken."""
    for each in session["discounts"] or ():
        code = call.find("promotion_code", each["promotion_code"])
        if code:
            return str(code["code"])
    return ""


def _pay(visit: Visit, call: Call, session: Json) -> paying.Try:
    if not (session["customer_email"] or session["customer"]) and "@" not in (
        visit.told("email")
    ):
        raise InvalidRequest("Your email address is incomplete.", param="email")
    customer = paying.Customer(
        email=visit.told("email"),
        name=visit.told("name"),
        phone=visit.told("phone"),
        address=payment_form.address_of(visit, "billing"),
        shipping=_shipping(visit, session),
        answers={
            field["key"]: visit.told(f"custom_{field['key']}")
            for field in session["custom_fields"]
        },
        agrees="terms" in visit.form,
        wants_news="promotions" in visit.form,
    )
    method = None
    if selling.needs_method(call, session):
        method = payment_form.method_of(call, visit, _kind(visit, session))
    return paying.attempt(
        call,
        session,
        method,
        customer,
        return_url=visit.base_url + PATH.format(session=session["id"]),
    )


def _shipping(visit: Visit, session: Json) -> Json | None:
    collects = session["shipping_address_collection"]
    if not collects:
        return None
    address, name = payment_form.address_of(visit, "shipping"), visit.told("ship_to")
    if not address or not address["line1"] or not name:
        raise InvalidRequest("Your shipping address is incomplete.")
    if (address["country"] or "").upper() not in collects["allowed_countries"]:
        raise InvalidRequest("This shop doesn't ship to that country.")
    return {"address": {**address, "country": address["country"].upper()}, "name": name}


def _kind(visit: Visit, session: Json) -> str:
    """Return which kind of payment method the form asks for."""
    offered = [kind for kind in _KINDS if kind in session["payment_method_types"]]
    chosen = visit.form.get("kind") or visit.query.get("kind")
    return chosen if chosen in offered else (offered or ["card"])[0]


def _show(
    visit: Visit,
    call: Call,
    session: Json,
    problem: payment_form.Problem | None,
    *,
    number: str = "",
) -> Response:
    kinds = [kind for kind in _KINDS if kind in session["payment_method_types"]]
    button = _BUTTONS.get(session["submit_type"] or "", "Pay")
    typed = dict(visit.form)
    if number:
        typed |= {"number": number, "expiry": payment_form.EXPIRY}
        typed["cvc"] = payment_form.CVC
    elif problem and problem.field in ("number", "expiry", "cvc"):
        typed.pop("cvc", None)
    return render(
        "checkout.html",
        title=_title(session),
        leads_to=[session["success_url"], session.get("return_url")],
        session=session,
        items=items.of(call, session["id"]),
        rates=_rates(call, session),
        code=_code(call, session),
        customer=call.find("customer", session["customer"]),
        merchant=session["branding_settings"]["display_name"],
        button="Save" if session["mode"] == "setup" else button,
        needs_method=selling.needs_method(call, session),
        kinds=kinds,
        kind=_kind(visit, session),
        shortcuts=payment_form.SHORTCUTS,
        test_iban=payment_form.IBAN,
        problem=problem,
        typed=typed,
        trial=selling.has_trial(call.private(session["id"])),
        cancel_url=session["cancel_url"],
    )


def _title(session: Json) -> str:
    titles: dict[str, str] = {"setup": "Save your details", "subscription": "Subscribe"}
    return titles.get(session["mode"], "Pay")


def _rates(call: Call, session: Json) -> list[dict[str, Any]]:
    return [
        {
            "id": option["shipping_rate"],
            "amount": option["shipping_amount"],
            "name": call.get("shipping_rate", option["shipping_rate"])["display_name"],
        }
        for option in session["shipping_options"]
    ]
