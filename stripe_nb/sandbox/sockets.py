"""Where the sandbox listens: a port on loopback, or a Unix socket.

Neither can be reached from another machine.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from stripe_nb.errors import SandboxError

__all__ = ["HOST", "SocketFile", "listen_tcp", "listen_unix"]

HOST = "127.0.0.1"

_BACKLOG = 2048
_OWNER_ONLY = 0o600


def listen_tcp(port: int) -> socket.socket:
    """Return a socket that listens on a port of this machine; 0 takes a free one.

    Raises
    ------
    SandboxError
        If the port can't be had.
    """
    # asyncio turns Nagle's algorithm off only on sockets that name their protocol;
    # with it on, each answer would wait 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        # Listening from now on lets early connections wait rather than fail.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"The sandbox can't listen on port {port}: {error.strerror}. Choose "
            "another port, or none."
        ) from error
    listener.set_inheritable(False)
    return listener


def listen_unix(path: str | Path) -> socket.socket:
    """Return a socket that listens at a path, for its owner alone.

    A socket file that nobody listens at any more is replaced.

    Raises
    ------
    SandboxError
        If it can't be made there.
    """
    where = os.fspath(path)
    if not hasattr(socket, "AF_UNIX"):
        raise SandboxError("This system has no Unix sockets: use a port instead.")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(where)
        listener.bind(where)
        Path(where).chmod(_OWNER_ONLY)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SandboxError(
            f"The sandbox can't listen at {where}: {error.strerror or error}. Choose a "
            "short path that does not exist, in a folder of your own."
        ) from error
    listener.set_inheritable(False)
    return listener


@dataclass(frozen=True, slots=True)
class SocketFile:
    """The file of a socket that listens, told from any that takes its place.

    Attributes
    ----------
    path
        Where it is, whatever the working folder becomes.
    device, inode
        Which file it is.
    """

    path: Path
    device: int
    inode: int

    @classmethod
    def at(cls, path: str | Path) -> Self:
        """Return the file that is at a path now."""
        where = Path(path).resolve()
        found = where.stat()
        return cls(where, found.st_dev, found.st_ino)

    def remove(self) -> None:
        """Remove the file, unless it is gone or another one by now."""
        with contextlib.suppress(FileNotFoundError):
            found = self.path.stat()
            if (found.st_dev, found.st_ino) == (self.device, self.inode):
                self.path.unlink()


def _clear(path: str) -> None:
    """Remove a socket that a killed process left behind; nothing else."""
    if not Path(path).is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(FileNotFoundError):
                Path(path).unlink()
