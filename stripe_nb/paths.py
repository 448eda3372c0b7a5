"""Where the files that come with the package lie.

A wheel carries them inside the package (``_data`` and ``_notebooks``); in a
checkout they are the top-level folders ``data`` and ``notebooks``.
"""

from __future__ import annotations

from pathlib import Path

from stripe_nb.errors import StripeNbError

__all__ = ["data_path", "notebooks_path"]

_PACKAGE = Path(__file__).parent


def data_path(*parts: str) -> Path:
    """Return the path of a data file or folder that comes with the package.

    Parameters
    ----------
    parts
        The file's place below ``data``, one part per folder.

    Raises
    ------
    StripeNbError
        If the installation lacks it.

    Examples
    --------
    >>> data_path("iso4217.json").name
    'iso4217.json'
    """
    return _existing(_folder("data").joinpath(*parts))


def notebooks_path() -> Path:
    """Return the folder of the notebooks that come with the package.

    Raises
    ------
    StripeNbError
        If the installation lacks it.

    Examples
    --------
    >>> notebooks_path().is_dir()
    True
    """
    return _existing(_folder("notebooks"))


def _folder(name: str) -> Path:
    packaged = _PACKAGE / f"_{name}"
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def _existing(path: Path) -> Path:
    if not path.exists():
        raise StripeNbError(
            f"{path.name} is missing from this installation of stripe_nb: "
            'reinstall it with pip install --force-reinstall "stripe-nb", or '
            "in a checkout with pip install -e ."
        )
    return path
