"""Identity: sessions that ask a person for a document, up to the person's part."""

from __future__ import annotations

from stripe_nb.sandbox.call import Call
from stripe_nb.sandbox.errors import InvalidRequest, NotSimulated, ParameterMissing
from stripe_nb.sandbox.resource import Behaviour
from stripe_nb.sandbox.wire import Json

__all__ = ["VerificationSession"]

_SECRET_LENGTH = 24
_SECONDS_TO_REDACT = 1


class VerificationSession(Behaviour):
    """`VerificationSession <https://docs.stripe.com/api/identity/verification_sessions>`_.

    The page where a person shows a document is not simulated, so that a session
    stays at ``requires_input`` until it is canceled.
    """

    name = "identity.verification_session"
    missing_param = "session"

    def on_create(self, call: Call) -> Json:
        """Open a session."""
        params = call.params
        for name in ("verification_flow", "related_person"):
            if params.get(name):
                raise NotSimulated(f"the parameter {name} of verification sessions")
        kind = params.get("type")
        if kind is None:
            raise ParameterMissing("type")
        call.given("customer", "related_customer")
        session = self.draft(call, status="requires_input", options={kind: {}})
        session["options"] |= {k: v or {} for k, v in params.get("options", {}).items()}
        secret = call.secret(_SECRET_LENGTH, of="verification_session")
        session |= {
            "client_secret": f"{session['id']}_secret_test_{secret}",
            "url": f"https://verify.stripe.com/start/test_{secret}",
        }
        return self.finish(call, session)

    def on_update(self, call: Call) -> Json:
        """Change what is asked, as long as nobody has answered."""
        session = self.target(call)
        _check_open(session, "update")
        return self.change(call, session)

    def on_cancel(self, call: Call) -> Json:
        """Close a session for good."""
        session = self.target(call)
        _check_open(session, "cancel")
        return _cancel(call, session)

    def on_redact(self, call: Call) -> Json:
        """Have everything that it collected removed; a moment later it is."""
        session = self.target(call)
        if session["redaction"]:
            return session
        if session["status"] == "requires_input":
            session = _cancel(call, session)
        session = call.update(session, redaction={"status": "processing"})
        call.later(call.now() + _SECONDS_TO_REDACT, "redact", session)
        return session

    def due_redact(self, call: Call, session: Json) -> None:
        """Remove what was collected."""
        call.update(
            session,
            announce="identity.verification_session.redacted",
            client_reference_id=None,
            provided_details=None,
            redaction={"status": "redacted"},
        )


def _cancel(call: Call, session: Json) -> Json:
    return call.update(
        session,
        announce="identity.verification_session.canceled",
        client_secret=None,
        status="canceled",
        url=None,
    )


def _check_open(session: Json, what: str) -> None:
    if session["status"] != "requires_input":
        raise InvalidRequest(
            f"You cannot {what} this VerificationSession because it has a status of "
            f"{session['status']}. Only a VerificationSession with the following "
            "statuses may be changed: requires_input.",
        )
