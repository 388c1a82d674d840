"""The servers that run the API: gunicorn, and waitress where there is no fork (Windows)."""

from common.command import OutsideError, UserError

import os
import signal
import socket
import sys
from ipaddress import ip_address
from pathlib import Path

import waitress
from flask import Flask

FOLDER = Path(__file__).resolve().parents[1]


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_address(host: str, port: int, guarded: bool) -> None:
    """Raise UserError for an open address without a key, OutsideError for one that is taken."""
    if not guarded and not is_loopback(host):
        raise UserError(
            f"--host {host} is reached from other machines: set RECOMMENDER_API_KEY, "
            "or pass --without-key"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise OutsideError(
                f"{host}:{port}: {error.strerror}; choose another --host or --port"
            ) from None
        except TypeError:  # what no name of a computer can hold
            raise UserError(f"--host {host!r} is neither an address nor a host name") from None


def run_gunicorn(host: str, port: int, workers: int, threads: int, access_log: bool) -> None:
    """Replace this process with gunicorn, so that signals reach gunicorn directly.

    Raises UserError on Windows, which lacks what gunicorn needs.
    """
    if os.name == "nt":
        raise UserError("gunicorn does not run on Windows: pass --server waitress")
    bound = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    settings = [
        *("--config", str(FOLDER / "deploy" / "gunicorn.conf.py"), "--bind", bound),
        *("--workers", str(workers), "--threads", str(threads)),
        *(("--access-logfile", "-") if access_log else ()),
    ]
    program = [sys.executable, "-m", "gunicorn", *settings, "api:create_app()"]
    # An interrupt while gunicorn loads would be a traceback: gunicorn.conf.py unblocks it.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    os.execv(program[0], program)  # noqa: S606 - no shell is meant


def run_waitress(app: Flask, host: str, port: int, threads: int) -> None:
    """Serve `app` until interrupted."""
    print(f"Listening at http://{host}:{port}", file=sys.stderr)
    waitress.serve(app, host=host, port=port, threads=threads, ident=None)
