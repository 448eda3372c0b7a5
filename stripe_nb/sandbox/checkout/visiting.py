"""A customer at a checkout session, through no request of the API's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stripe_nb.errors import SandboxError
from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.checkout.paying import Customer, Try, attempt
from stripe_nb.sandbox.clocks import follow
from stripe_nb.sandbox.errors import ApiError
from stripe_nb.sandbox.resources import payment_method as payment_methods

if TYPE_CHECKING:
    from stripe_nb.sandbox.engine import Engine

__all__ = ["call_about", "complete"]


def call_about(engine: Engine, object_id: str, *, base_url: str = "") -> Call:
    """Return a call in the account and at the time that an object belongs to.

    Pages know no key: an object's id alone tells whose it is.
    """
    call = engine.internal_call("checkout.sessions.create")
    call.base_url, call.path = base_url, {"id": object_id}
    if call.row(object_id) is None:
        for account in call.objects("account"):
            if engine.store.row(account["id"], object_id):
                call.account = account["id"]
    follow(call)
    return call


def complete(
    engine: Engine, session_id: str, method: str | None, *, email: str, name: str
) -> Try:
    """Complete a session with a payment method.

    Raises
    ------
    SandboxError
        If there is no such session, or it can't be completed so.
    """
    with engine.lock:
        engine.catch_up()
        call = call_about(engine, session_id)
        session = call.find("checkout.session", session_id)
        if session is None or session["status"] != "open":
            raise SandboxError(
                f"{session_id} can't be completed: only a checkout session whose "
                "status is open can be."
            )
        try:
            with engine.writing():
                return attempt(
                    call,
                    session,
                    payment_methods.resolve(call, method) if method else None,
                    Customer(email=email, name=name),
                )
        except ApiError as error:
            raise SandboxError(
                f"{session_id} was not completed: {error.message}"
            ) from error
