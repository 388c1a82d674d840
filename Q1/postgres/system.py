"""Where systems differ: accounts, sockets, locks, shared memory, and the end of a parent.

Windows has accounts, locks and sockets of another kind, and only Linux ends a child with its
parent.
"""

from common.command import OutsideError

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
    import pwd
except ImportError:  # Windows
    fcntl = pwd = None

PR_SET_PDEATHSIG = 1  # prctl(2)
AT_ONCE = getattr(signal, "SIGQUIT", signal.SIGTERM)  # the signal at which PostgreSQL ends at once


def has_unix_sockets() -> bool:
    """Whether a server can be reached by a file."""
    return hasattr(socket, "AF_UNIX")


def unprivileged_identity() -> dict:
    """For root, which PostgreSQL refuses, the account to run as: arguments of `Popen`."""
    if pwd is None or os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        raise OutsideError(
            "PostgreSQL does not run as root, and there is no account 'nobody' to run it as: "
            "start as an ordinary user, or name a server with --dsn"
        ) from None
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def shared_memory_options() -> list[str]:
    """Options of initdb: what processes share lies in the directory and is removed with it."""
    return ["--set", "dynamic_shared_memory_type=mmap"] if pwd else []


def ending_with_parent() -> dict:
    """Arguments of `Popen` for a child that gets `AT_ONCE` when its parent ends, even by SIGKILL.

    `Popen` runs the function after the change of account, which would undo it. Where the system
    does not know of parents there are none.
    """
    if sys.platform != "linux":
        return {}
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def set_signal() -> None:
        prctl(PR_SET_PDEATHSIG, AT_ONCE)
        if os.getppid() != parent:  # it ended before the signal was set
            os._exit(1)

    return {"preexec_fn": set_signal}


def locks_end_with_processes() -> bool:
    """Whether a lock tells if its holder lives; without that, nothing abandoned is removed."""
    return fcntl is not None


def locked(directory: Path) -> Callable[[], None] | None:
    """Lock a directory and return what unlocks it; None if another holds, owns or removed it."""
    if fcntl is None:
        return lambda: None
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), directory.stat()):
            return lambda: os.close(handle)
    except OSError:
        pass
    os.close(handle)
    return None
