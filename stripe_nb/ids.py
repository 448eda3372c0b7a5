"""The only place where randomness is read: ids and secrets in Stripe's forms."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["IdFactory", "random_seed", "random_token"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def random_seed() -> int:
    """Return a seed that nobody can guess."""
    return secrets.randbits(63)


def random_token(length: int = 32) -> str:
    """Return that many random letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


class IdFactory:
    """Makes letters and digits that depend on a seed and on counters alone.

    Each kind of thing has a counter of its own, so that the third customer has
    the same id whatever else was made before it.

    Parameters
    ----------
    seed
        Equal seeds give equal sequences.
    counters
        Where the sequences go on, for a sandbox that was saved.

    Examples
    --------
    >>> IdFactory(7).letters(6, of="customer") == IdFactory(7).letters(6, of="customer")
    True
    """

    def __init__(self, seed: int, counters: dict[str, int] | None = None) -> None:
        self.seed = seed
        self.counters = counters or {}

    def letters(self, length: int, *, of: str) -> str:
        """Return the next letters and digits of a kind's sequence, at most 80."""
        count = self.counters.get(of, 0) + 1
        self.counters[of] = count
        return self.stable(length, of=f"{of}#{count}")

    def stable(self, length: int, *, of: str) -> str:
        """Return letters and digits that depend on the seed and `of` alone."""
        digest = hashlib.blake2b(f"{self.seed}/{of}".encode(), digest_size=64).digest()
        number = int.from_bytes(digest)
        characters = []
        for _ in range(length):
            number, index = divmod(number, len(_ALPHABET))
            characters.append(_ALPHABET[index])
        return "".join(characters)
