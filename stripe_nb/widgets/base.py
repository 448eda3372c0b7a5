"""What all widgets are: an anywidget with a voice, a fall-back and a stable repr.

Knows no Stripe object; what a widget shows is its own business. A widget's
state lives in traits, so that it is there again when a saved notebook is
opened, and can be tested without a browser.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import stripe
import traitlets

from stripe_nb.errors import StripeNbError, WidgetError
from stripe_nb.session import current
from stripe_nb.widgets.words import in_words

if TYPE_CHECKING:
    from stripe_nb.session import Client

__all__ = ["StripeWidget", "static_text"]

_STATIC = Path(__file__).parent / "static"
_SHARED = "shared"


@cache
def static_text(name: str) -> str:
    """Return a file of the static folder; empty if there is none."""
    path = _STATIC / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _joined(name: str, suffix: str) -> str:
    # One module per widget: an import of another would need an address, and a
    # notebook that is opened offline has none to give. A page has one sheet per
    # kind of widget, each with the shared part: what a widget's own rules change of
    # that, they change as `.snb.snb-name`, or the next widget's sheet changes it back.
    parts = sorted(path.name for path in _STATIC.glob(f"{name}_*.{suffix}"))
    names = (f"{_SHARED}.{suffix}", *parts, f"{name}.{suffix}")
    return "\n".join(map(static_text, names))


class StripeWidget(anywidget.AnyWidget):
    """Base of the widgets.

    A subclass names its files: ``class Clock(StripeWidget, static="clock")``
    takes ``static/clock.js`` and, if there is one, ``static/clock.css``, each
    after the shared part and its own parts, such as ``static/clock_hands.js``.
    Its JavaScript calls Python with ``bridge(model).call("tick", {by: 1})``,
    which `call` hands to the method ``on_tick(by=1)``; the promise holds what
    that returns.

    Attributes
    ----------
    message
        What the widget says, in words: what was done, or why it was not.
    tone
        ``"info"`` or ``"error"``.
    """

    message = traitlets.Unicode().tag(sync=True)
    tone = traitlets.Enum(["info", "error"], default_value="info").tag(sync=True)

    def __init_subclass__(cls, static: str = "", **kwargs: Any) -> None:
        # anywidget makes an unnamed subclass for each instance; it inherits these.
        if static:
            cls._esm = _joined(static, "js")
            cls._css = _joined(static, "css")
        super().__init_subclass__(**kwargs)

    def __init__(self, *, client: Client | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._client = client
        self.on_msg(self._receive)

    @property
    def client(self) -> Client:
        """The client that was given, or else the one connected last."""
        return self._client or current()

    def say(self, message: str, *, is_error: bool = False) -> None:
        """Tell the reader something, in the widget's own line of text.

        Parameters
        ----------
        message
            One sentence; an empty text clears the line.
        is_error
            Whether something went wrong.

        Examples
        --------
        >>> widget = StripeWidget()
        >>> widget.say("Refunded 12.34 USD.")
        >>> widget.message, widget.tone
        ('Refunded 12.34 USD.', 'info')
        """
        with self.hold_sync():
            self.tone = "error" if is_error else "info"
            self.message = message

    def call(self, name: str, /, **arguments: Any) -> Any:
        """Do what a click does.

        Parameters
        ----------
        name
            Which: ``"refund"`` is the method ``on_refund``.
        **arguments
            Its arguments.

        Returns
        -------
        Any
            What the method returns; None after an error, which `message` tells.

        Raises
        ------
        WidgetError
            If the widget has no such call, or takes other arguments.

        Examples
        --------
        >>> class Clock(StripeWidget):
        ...     def on_tick(self, by: int) -> int:
        ...         return by + 1
        >>> Clock().call("tick", by=1)
        2
        """
        return self._answer(name, arguments)[0]

    def _answer(self, name: str, arguments: dict[str, Any]) -> tuple[Any, str]:
        """Return a call's result, and the error in words or an empty text."""
        handler = self._handler(name, arguments)
        self.say("")
        try:
            return handler(**arguments), ""
        except (stripe.StripeError, StripeNbError) as error:
            words = in_words(error)
            self.say(words, is_error=True)
            return None, words

    def _handler(self, name: str, arguments: dict[str, Any]) -> Callable[..., Any]:
        method = f"on_{name}"
        # ipywidgets' own on_… methods are no business of a page.
        found = (
            None
            if hasattr(anywidget.AnyWidget, method)
            else getattr(self, method, None)
        )
        if found is None:
            raise WidgetError(f"{type(self).__name__} has no call {name!r}.")
        try:
            inspect.signature(found).bind(**arguments)
        except TypeError as error:
            raise WidgetError(
                f"{type(self).__name__}'s call {name!r} doesn't take that: {error}."
            ) from error
        handler: Callable[..., Any] = found
        return handler

    def _receive(self, _: object, content: Any, __: object) -> None:
        """Answer a call from the page."""
        if not isinstance(content, dict) or "call" not in content:
            return
        try:
            result, words = self._answer(content["call"], content.get("with", {}))
        except Exception as error:
            # The page waits for an answer whatever happens here.
            self.send({"reply": content.get("number"), "error": str(error)})
            raise
        self.send({"reply": content.get("number"), "result": result, "error": words})

    def describe(self) -> str:
        """Say in a few words what the widget shows, the same in each run."""
        return ""

    def fallback_html(self) -> str:
        """Return what is seen where no widget can be: small, static and escaped."""
        return f"<p>{escape(repr(self))}</p>"

    def __repr__(self) -> str:
        # The default holds an address in memory, another in each run.
        words = self.describe()
        return f"<{type(self).__name__}{': ' if words else ''}{words}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        shown = {"text/plain": repr(self), "text/html": self.fallback_html()}
        return {**data, **shown}, metadata
