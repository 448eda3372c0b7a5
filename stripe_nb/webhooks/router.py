"""Which handlers an event goes to."""

from __future__ import annotations

import asyncio
import inspect
import re
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from stripe_nb.catalog import load
from stripe_nb.errors import WebhookError

__all__ = ["Handler", "Router", "check_pattern", "fits"]

Function = TypeVar("Function", bound=Callable[..., Any])

_BY_PLACE = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)
_ANY_NUMBER = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def fits(pattern: str, event_type: str) -> bool:
    """Tell whether a type is one that a pattern means.

    Examples
    --------
    >>> fits("payment_intent.*", "payment_intent.succeeded"), fits("*", "charge.failed")
    (True, True)
    """
    parts = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), event_type) is not None


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that no event can ever fit.

    Raises
    ------
    WebhookError
        If the installed SDK knows no such event; with the names that are near.
    """
    if type(pattern) is not str or not pattern:
        raise WebhookError(
            'Say which events by their type ("invoice.paid"), with * for any part '
            f'("invoice.*"), not {pattern!r}.'
        )
    catalog = load()
    is_thin = pattern.startswith(("v1.", "v2."))
    known = catalog.thin_event_types if is_thin else catalog.event_types
    if any(fits(pattern, each) for each in known):
        return
    near = get_close_matches(pattern, known, n=2)
    hint = f": did you mean {' or '.join(near)}?" if near else "."
    raise WebhookError(f"Stripe has no event {pattern}{hint}")


@dataclass(frozen=True, slots=True)
class Handler:
    """A function for events.

    Attributes
    ----------
    name
        Under which its success is noted, the same in the next process.
    pattern
        Which events it takes.
    function
        Called with the event; with the store's transaction too, if it has a
        second parameter.
    takes_transaction
        Whether it has.
    """

    name: str
    pattern: str
    function: Callable[..., Any]
    takes_transaction: bool

    def __call__(
        self, *arguments: Any, loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        """Call the function, and wait for it if it is asynchronous."""
        result = self.function(*arguments)
        if inspect.isawaitable(result):
            _finish(_awaited(result), loop)


class Router:
    """Keeps handlers by the events that they take."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handlers: list[Handler] = []

    def on(self, pattern: str) -> Callable[[Function], Function]:
        """Let a function handle the events of a type; a decorator.

        See `Endpoint.on`.
        """
        check_pattern(pattern)

        def add(function: Function) -> Function:
            self._add(pattern, function)
            return function

        return add

    def handlers(self, event_type: str) -> list[Handler]:
        """Return the handlers of an event, in the order in which they were added.

        A function with several patterns that fit handles the event once.
        """
        with self._lock:
            fitting = [
                each for each in self._handlers if fits(each.pattern, event_type)
            ]
        functions = [each.function for each in fitting]
        return [
            each
            for place, each in enumerate(fitting)
            if each.function not in functions[:place]
        ]

    def _add(self, pattern: str, function: Callable[..., Any]) -> None:
        module = getattr(function, "__module__", "")
        name = f"{pattern} {module}.{_name(function)}"
        # A notebook's cell that runs again means the new function, not both.
        replaces = module == "__main__" and "<" not in name
        with self._lock:
            taken = {each.name for each in self._handlers}
            number, wanted = 1, name
            while name in taken and not replaces:
                number += 1
                name = f"{wanted} {number}"
            handler = Handler(name, pattern, function, _takes_transaction(function))
            kept = [each for each in self._handlers if each.name != name]
            self._handlers = [*kept, handler]


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def _takes_transaction(function: Callable[..., Any]) -> bool:
    if not callable(function):
        raise WebhookError(f"A handler is a function, not {function!r}.")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise WebhookError(
            f"{_name(function)} has a yield in it, so that calling it would run "
            "nothing: a handler is a plain function, or an asynchronous one."
        )
    parameters = list(inspect.signature(function).parameters.values())
    by_place = [each for each in parameters if each.kind in _BY_PLACE]
    needed = [each for each in parameters if each.default is inspect.Parameter.empty]
    needed = [each for each in needed if each.kind not in _ANY_NUMBER]
    takes_any = any(
        each.kind is inspect.Parameter.VAR_POSITIONAL for each in parameters
    )
    takes_these = len(needed) in (1, 2) or (not needed and (by_place or takes_any))
    if not takes_these or any(each not in by_place for each in needed):
        raise WebhookError(
            f"{_name(function)} can't handle events: a handler takes the event, and "
            "as a second parameter the store's transaction if it wants that."
        )
    return len(needed) == 2  # noqa: PLR2004 - the event and the transaction


async def _awaited(work: Awaitable[object]) -> object:
    return await work


def _finish(
    work: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop | None
) -> None:
    here = _running_loop()
    if loop is not None and loop is not here:
        asyncio.run_coroutine_threadsafe(work, loop).result()
    elif here is None:
        asyncio.run(work)
    else:
        # The loop of this thread stands still until we are done, so not in that.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(copy_context().run, asyncio.run, work).result()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
