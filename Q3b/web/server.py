"""granian, the server that runs the API on Linux, macOS and Windows.

It reads requests in threads of its own and hands only whole ones to Python: a client that sends
slowly holds a connection, which costs little, and no thread of the app.
"""

from common.command import OutsideError, UserError

import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LOGGING_CONFIG

from store.system import (
    allow_open_files,
    bind_as_servers_do,
    end_forks_by_sigterm,
    leave_interrupts_to_parent,
)

# Bounds on what clients can hold: milliseconds, bytes, connections of each worker, seconds.
HEADERS_WITHIN = 10_000  # also how long a connection may be idle
LARGEST_HEAD = 16_384  # the longest user id, percent-encoded, takes 3,072
MOST_CONNECTIONS = 2_048
STOP_WITHIN = 10
READY_WITHIN = 3  # a worker waits so long for its index before it takes requests


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(host: str, port: int, guarded: bool) -> str:
    """Return the IP address of `host`.

    Raises UserError for an open address without a key, OutsideError for one that is taken.
    """
    if not guarded and not is_loopback(host):
        raise UserError(
            f"--host {host} is reached from other machines: set RECOMMENDER_API_KEY, "
            "or pass --without-key"
        )
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            bind_as_servers_do(probe, address)
            return address[0]
    except OSError as error:
        raise OutsideError(
            f"{host}:{port}: {error.strerror}; choose another --host or --port"
        ) from None
    except UnicodeError:  # what no name of a computer can hold
        raise UserError(f"--host {host!r} is neither an address nor a host name") from None


@contextmanager
def counting_together() -> Iterator[None]:
    """Give the workers a folder in which they count together; enter before importing `web.app`.

    Until the server takes SIGTERM itself, it ends the process with exit code 0.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="recommender-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read as prometheus_client is imported
        try:
            yield
        finally:
            del os.environ["PROMETHEUS_MULTIPROC_DIR"]


def serve(
    address: str,
    port: int,
    workers: int,
    threads: int,
    access_log: bool = False,
    as_json: bool = False,
    loader: Callable[[], Callable] | None = None,
) -> None:
    """Serve the API until SIGTERM or an interrupt; a worker that dies is replaced.

    as_json: the server's messages are JSON lines, and the app logs the requests itself.
    `loader` returns another WSGI app to serve instead, in each worker.
    """
    allow_open_files(2 * MOST_CONNECTIONS)  # of the connections and the store
    server = Granian(
        "api:create_app",
        address,
        port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        workers=workers,
        blocking_threads=threads,
        backpressure=MOST_CONNECTIONS,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADERS_WITHIN, max_buffer_size=LARGEST_HEAD
        ),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_WITHIN,
        log_access=access_log and not as_json,
        log_dictconfig=log_settings(as_json),
    )
    end_forks_by_sigterm()  # also while their app loads
    server.serve(target_loader=loader or worker_app, wrap_loader=False)


def log_settings(as_json: bool) -> dict:
    """Return what differs from granian's log settings: standard error, and JSON if it is asked."""
    handlers = LOGGING_CONFIG["handlers"].items()
    settings = {
        "handlers": {name: handler | {"stream": "ext://sys.stderr"} for name, handler in handlers}
    }
    if as_json:
        names = LOGGING_CONFIG["formatters"]
        settings["formatters"] = {name: {"()": "web.log.JsonFormatter"} for name in names}
    return settings


def worker_app() -> Flask:
    """Return the app in a worker process, which ends with the process that started it."""
    leave_interrupts_to_parent()  # which takes them, and ends its workers by SIGTERM
    threading.Thread(target=end_with_parent, daemon=True).start()
    from web.app import create_app  # not before `counting_together`

    app = create_app()
    app.extensions["index"].begin(READY_WITHIN)
    return app


def end_with_parent() -> None:
    """Stop this worker when the main process has gone, such as by SIGKILL."""
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)
