"""A laboratory of failures: caused for real, explained, and handled."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import stripe
import traitlets

from stripe_nb.errors import WidgetError, explain
from stripe_nb.widgets.base import StripeWidget
from stripe_nb.widgets.error_lab_failures import Failure, failure, failures
from stripe_nb.widgets.error_lab_sandbox import failing_client

if TYPE_CHECKING:
    from stripe_nb.explanation import Explanation
    from stripe_nb.session import Client

__all__ = ["ErrorLab", "Observation"]


@dataclass(frozen=True, slots=True)
class Observation:
    """A failure that was caused, and what to do about it.

    Attributes
    ----------
    name
        Of the failure.
    exception
        What the SDK raised.
    explanation
        What `stripe_nb.errors.explain` says of it.
    code
        Code that handles it.
    """

    name: str
    exception: stripe.StripeError
    explanation: Explanation
    code: str

    def __repr__(self) -> str:
        kind = type(self.exception).__name__
        return f"<Observation: {self.name}, {kind}, {self.explanation.title}>"

    def _repr_html_(self) -> str:
        shown: str = self.explanation._repr_html_()
        return f"{shown}<pre>{escape(self.code)}</pre>"


class ErrorLab(StripeWidget, static="error_lab"):
    """Choose a failure, and see the exception, what it means and how to handle it.

    Every failure is caused on a sandbox: on the session's own, or, for what goes
    wrong in a network and for sessions on Stripe itself, on one that is
    started for it. Nothing is ever caused on Stripe.

    Parameters
    ----------
    client
        By default the client connected last.

    Attributes
    ----------
    chosen
        Name of the failure that was caused last; empty before one.
    shown
        What is shown of it, all of it text.

    Examples
    --------
    >>> from stripe_nb.session import connect
    >>> with connect(seed=7, scenario=None):
    ...     ErrorLab().run("insufficient_funds").explanation.decline_code
    'insufficient_funds'
    """

    chosen = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    choices: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, *, client: Client | None = None) -> None:
        super().__init__(client=client)
        self.choices = [
            {"name": each.name, "title": each.title, "group": each.group}
            for each in failures().values()
        ]

    def run(self, name: str) -> Observation:
        """Cause a failure.

        Parameters
        ----------
        name
            One of `ErrorLab.names`.

        Returns
        -------
        Observation
            The exception, its explanation and the code that handles it.

        Raises
        ------
        WidgetError
            If there is no such failure, or it did not happen.
        stripe.APIConnectionError
            If the session's sandbox doesn't answer.
        """
        chosen = failure(name)
        error = self._cause(chosen)
        seen = Observation(name, error, explain(error), chosen.code)
        with self.hold_sync():
            self.chosen, self.shown = name, _shown(seen)
        return seen

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all failures."""
        return tuple(failures())

    def on_run(self, choice: str) -> None:
        """Cause a failure, for the page."""
        self.run(choice)

    def _cause(self, chosen: Failure) -> stripe.StripeError:
        try:
            client = self.client
            if chosen.fault is None and client.is_sandbox:
                chosen.cause(client)
            else:
                with failing_client(chosen.fault) as failing:
                    chosen.cause(failing)
        except stripe.StripeError as error:
            # Of the network, one that was not asked for: the sandbox is away.
            if chosen.fault is None and isinstance(error, stripe.APIConnectionError):
                raise
            return error
        raise WidgetError(
            f"{chosen.name} did not happen: the sandbox accepted the request. Make a "
            "new sandbox, and try there."
        )

    def describe(self) -> str:
        """Say what was caused last."""
        return self.chosen or "nothing caused yet"

    def fallback_html(self) -> str:
        """Return the last failure, explained, and the code that handles it."""
        if not self.shown:
            return f"<p>ErrorLab: {len(self.choices)} failures to choose from.</p>"
        rows = "".join(
            f"<tr><th>{escape(says)}</th><td>{escape(text)}</td></tr>"
            for says, text in self.shown["rows"]
        )
        title, code = escape(self.shown["title"]), escape(self.shown["code"])
        return f"<p><b>{title}</b></p><table>{rows}</table><pre>{code}</pre>"


def _shown(seen: Observation) -> dict[str, Any]:
    told = asdict(seen.explanation)
    retry = f"{'Yes' if told['retry_is_safe'] else 'No'}. {told['retry_how']}"
    # What a row says, and where in the explanation it stands.
    rows = [
        ("What happened", told["what_happened"]),
        ("Who must act", told["who_must_act"]),
        ("Is a retry safe?", retry),
        ("Code", " / ".join(filter(None, (told["code"], told["decline_code"])))),
        ("Request", told["request_id"] or ""),
    ]
    return {
        "title": told["title"],
        "exception": f"stripe.{type(seen.exception).__name__}",
        "said": str(seen.exception.user_message or seen.exception),
        "customer": told["show_customer"],
        "rows": [[says, text] for says, text in rows if text],
        "doc_url": told["doc_url"],
        "code": seen.code,
    }
