"""Where the hosted pages may send a browser once they are done."""

from __future__ import annotations

from urllib.parse import urlsplit

from stripe_nb.sandbox.errors import ParameterInvalid

__all__ = ["check_url"]

# A scheme that runs something in the page is none that leads somewhere.
_RUNNING = ("javascript", "data", "vbscript", "file", "blob")


def check_url(url: str, param: str) -> None:
    """Refuse what is no address that a browser could be sent to.

    Parameters
    ----------
    url
        The address.
    param
        Which parameter gives it.

    Raises
    ------
    ParameterInvalid
        With the parameter.

    Examples
    --------
    >>> check_url("https://shop.example/done", "return_url")
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    leads = parts.scheme and parts.netloc and parts.scheme not in _RUNNING
    if not leads or not url.isprintable():
        raise ParameterInvalid("Not a valid URL", code="url_invalid", param=param)
