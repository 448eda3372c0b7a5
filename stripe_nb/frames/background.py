"""An event loop in a thread of its own, whose results are read as they come.

So a pull works alike in a script, in a thread and in a notebook, where an event
loop runs already. Leaving the iteration early, as Ctrl-C does, ends it.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

__all__ = ["Sink", "results_of"]

T = TypeVar("T")
Sink = Callable[[T], Awaitable[None]]

# Results that wait to be read; then their makers wait. Of a list, each is a
# thousand rows or so; these are most of the memory that an export takes.
_WAITING = 3
_TICK_SECONDS = 0.2


class _EndError(Exception):
    """What ended the work."""


class _Work(Generic[T]):
    def __init__(self, produce: Callable[[Sink[T]], Awaitable[None]]) -> None:
        self._produce = produce
        self.results: queue.SimpleQueue[T | _EndError] = queue.SimpleQueue()
        self._loop = asyncio.new_event_loop()
        self._free: asyncio.Semaphore
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False
        self._thread = threading.Thread(
            target=self._run, name="stripe_nb pull", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        end = _EndError()
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._main())
            except BaseException as error:  # noqa: BLE001 - told where it is read
                end.__cause__ = _first_of(error)
            self.results.put(end)

    async def _main(self) -> None:
        self._task = asyncio.current_task()
        if self._is_stopped:
            return
        self._free = asyncio.Semaphore(_WAITING)
        await self._produce(self._put)

    async def _put(self, result: T) -> None:
        await self._free.acquire()
        self.results.put(result)

    def taken(self) -> None:
        """Let one more result be made."""
        self._call(self._free.release)

    def stop(self) -> None:
        self._is_stopped = True
        self._call(self._cancel)
        self._thread.join()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _call(self, function: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:
            # It has come to its end by itself.
            return


def _first_of(error: BaseException) -> BaseException:
    """Return what failed first among tasks that were cancelled for it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def results_of(
    produce: Callable[[Sink[T]], Awaitable[None]], *, tick: Callable[[], object]
) -> Iterator[T]:
    """Run a coroutine in a thread; yield what it gives to its sink.

    Parameters
    ----------
    produce
        Gets the sink.
    tick
        Called now and then while nothing comes, and after each result.

    Raises
    ------
    Exception
        What the coroutine raises.
    """
    work = _Work(produce)
    work.start()
    try:
        while True:
            try:
                result = work.results.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                tick()
                continue
            if isinstance(result, _EndError):
                if result.__cause__ is not None:
                    raise result.__cause__
                return
            work.taken()
            tick()
            yield result
    finally:
        work.stop()
