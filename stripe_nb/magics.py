"""``%load_ext stripe_nb``: Stripe's objects, lists and errors shown as cards.

Formatters are registered by name, so that loading costs no import; the SDK and
the cards are loaded when the first such value is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from stripe_nb.widgets.cards import Shown

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

# Every class that is shown derives from one of these: lists and searches too. A
# terminal takes the nearest class with a repr of its own, so both errors are here.
_SHOWN = (
    ("stripe._stripe_object", "StripeObject"),
    ("stripe._error", "StripeError"),
    ("stripe._error", "StripeErrorWithParamCode"),
    ("stripe.v2.core._event", "EventNotification"),
)
_FORMATS = ("text/html", "text/plain")


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Show Stripe objects, lists and errors as cards; IPython calls this.

    Parameters
    ----------
    ipython
        The shell that runs ``%load_ext stripe_nb``.

    Examples
    --------
    >>> from IPython.core.interactiveshell import InteractiveShell
    >>> shell = InteractiveShell()
    >>> load_ipython_extension(shell)
    >>> unload_ipython_extension(shell)
    """
    functions = {"text/html": _html, "text/plain": _text}
    for kind, formatter in _formatters(ipython):
        for module, name in _SHOWN:
            formatter.for_type_by_name(module, name, functions[kind])


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Show them as the SDK does again; IPython calls this.

    Parameters
    ----------
    ipython
        The shell that runs ``%unload_ext stripe_nb``.

    Examples
    --------
    See `load_ipython_extension`.
    """
    for _, formatter in _formatters(ipython):
        for module, name in _SHOWN:
            formatter.pop(f"{module}.{name}")


def _formatters(ipython: InteractiveShell) -> list[tuple[str, Any]]:
    display: Any = ipython.display_formatter
    return [(kind, display.formatters[kind]) for kind in _FORMATS]


def _html(value: Shown) -> str:
    from stripe_nb.widgets.cards import as_html

    return as_html(value)


def _text(
    value: Shown,
    printer: Any,
    cycle: bool,  # noqa: ARG001  # IPython passes it; objects hold no cycles
) -> None:
    from stripe_nb.widgets.cards import as_text, line

    # Within a list or a dictionary, each takes a line.
    is_within = len(printer.stack) > 1
    printer.text(line(value) if is_within else as_text(value))
