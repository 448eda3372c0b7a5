"""Starts a kernel again that lost its port, for the runner and for nbval.

Kernels that start at the same time may be given one port, and all but one die
before they have run anything. As a pytest plugin (``-p stripe_nb.kernel_start``) it
has nbval try again, which by itself gives up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

__all__ = ["STARTS", "lost_its_port", "pytest_configure", "starting_again"]

STARTS = 3
# So jupyter_client says of a kernel that ended before its first answer.
_NOT_STARTED = "Kernel died before replying"

Started = TypeVar("Started")


def lost_its_port(error: RuntimeError) -> bool:
    """Return whether an error says that a kernel died while it started.

    Examples
    --------
    >>> lost_its_port(RuntimeError("Kernel died before replying to kernel_info"))
    True
    """
    return _NOT_STARTED in str(error)


def starting_again(start: Callable[..., Started]) -> Callable[..., Started]:
    """Make a function that starts kernels try again where one lost its port.

    Examples
    --------
    >>> tries = []
    >>> @starting_again
    ... def start():
    ...     tries.append("start")
    ...     if len(tries) == 1:
    ...         raise RuntimeError("Kernel died before replying to kernel_info")
    ...     return "started"
    >>> start(), len(tries)
    ('started', 2)
    """

    @wraps(start)
    def started(*given: object, **options: object) -> Started:
        for _ in range(STARTS - 1):
            try:
                return start(*given, **options)
            except RuntimeError as error:
                if not lost_its_port(error):
                    raise
        return start(*given, **options)

    return started


def pytest_configure() -> None:
    """Guard the kernels of nbval."""
    from nbval import kernel

    kernel.start_new_kernel = starting_again(kernel.start_new_kernel)
