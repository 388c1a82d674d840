"""The servers that run the API: gunicorn, and waitress where there is no fork (Windows)."""

from common.command import OutsideError, UserError

import os
import socket
import sys
from argparse import Namespace
from ipaddress import ip_address
from pathlib import Path

import waitress
from flask import Flask

FOLDER = Path(__file__).resolve().parents[1]
DEFAULT_SERVER = "waitress" if os.name == "nt" else "gunicorn"


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
            "or say --without-key"
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
            raise UserError(f"--host {host!r} is no address and no name of a computer") from None


def run_gunicorn(options: Namespace) -> None:
    """Become gunicorn: this process is replaced, so that signals reach it directly."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    settings = [
        *("--config", str(FOLDER / "deploy" / "gunicorn.conf.py")),
        *("--bind", f"{host}:{options.port}"),
        *("--workers", str(options.workers), "--threads", str(options.threads)),
        *(("--access-logfile", "-") if options.access_log else ()),
    ]
    program = [sys.executable, "-m", "gunicorn", *settings, "api:create_app()"]
    os.execv(program[0], program)  # noqa: S606 - no shell is meant


def run_waitress(app: Flask, options: Namespace) -> None:
    """Serve `app` until interrupted."""
    print(f"Listening at http://{options.host}:{options.port}", file=sys.stderr)
    waitress.serve(app, host=options.host, port=options.port, threads=options.threads, ident=None)
