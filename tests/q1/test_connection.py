"""Which server is asked, in which order, and what is said when it does not answer."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from postgres.connection import chosen_server
from sql import main
from tests.conftest import ROOT, assert_one_line_error, run_here, run_script

NOWHERE = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"
HOSTILE = (
    "",
    "'",
    "'; DROP TABLE x; --",
    "\\",
    "host",
    "://",
    "%zz",
    "postgresql://%80",
    "postgresql://[::1",
    "a=b",
    "☃",
)


def settings(url: str) -> dict[str, str]:
    """The libpq variables for a URL."""
    parts = urlsplit(url)
    return {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port),
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
        "PGDATABASE": parts.path.strip("/"),
        "PGSSLMODE": "disable",
    }


@pytest.fixture
def script(tmp_path) -> Path:
    """A copy of the folder, so that a test's `.env` in it is never a developer's."""
    shutil.copytree(ROOT / "Q1", tmp_path / "Q1")
    return tmp_path / "Q1" / "sql.py"


def write_dotenv(script: Path, values: dict[str, str]) -> None:
    text = "".join(f"{name}='{value}'\n" for name, value in values.items())
    (script.parent.parent / ".env").write_text(text, encoding="utf-8")


def server_line(finished: subprocess.CompletedProcess) -> str:
    assert finished.returncode == 0, finished.stderr
    (line,) = [line for line in finished.stderr.splitlines() if line.startswith("server: ")]
    return line


def test_dsn_goes_before_everything(script, postgres_url):
    write_dotenv(script, settings(NOWHERE))
    finished = run_script(script, "--dsn", postgres_url, DATABASE_URL=NOWHERE, PGPORT="1")
    assert server_line(finished).endswith("(from --dsn)")


def test_the_environment_goes_before_the_file(script, postgres_url):
    write_dotenv(script, settings(NOWHERE))
    finished = run_script(script, **settings(postgres_url))
    assert server_line(finished).endswith("(from the environment)")


def test_database_url_in_the_environment(script, postgres_url):
    assert "environment" in server_line(run_script(script, DATABASE_URL=postgres_url))


def test_database_url_in_the_file(script, postgres_url):
    write_dotenv(script, {"DATABASE_URL": postgres_url, "UNRELATED": "x"})
    assert server_line(run_script(script)).endswith("(from .env)")


def test_a_service_of_libpq(script, postgres_url, tmp_path):
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    values = settings(postgres_url)
    lines = ["[events]", "dbname=postgres", *(f"{names[name]}={values[name]}" for name in names)]
    services = tmp_path / "services.conf"
    services.write_text("\n".join(lines), encoding="utf-8")
    finished = run_script(script, PGSERVICE="events", PGSERVICEFILE=str(services))
    assert server_line(finished).endswith("(from the environment)")


def test_embedded_touches_none_of_them(script):
    write_dotenv(script, settings(NOWHERE))
    finished = run_script(script, "--embedded", DATABASE_URL=NOWHERE, **settings(NOWHERE))
    assert server_line(finished).startswith("server: embedded PostgreSQL")


def test_with_nothing_said_it_is_the_embedded_one(script):
    assert server_line(run_script(script)).startswith("server: embedded PostgreSQL")


@pytest.mark.parametrize(
    ("environment", "dotenv", "expected"),
    [
        ({}, "", (None, "embedded")),
        ({"PGUSER": "me"}, "", (None, "embedded")),
        ({"PGDATABASE": "mine"}, "", ("", "the environment")),
        ({"PGHOST": ""}, "", (None, "embedded")),
        ({}, "PGHOST=db", ("", ".env")),
        ({}, "SECRET=1", (None, "embedded")),
        ({"PGPORT": "6000"}, "PGHOST=db", ("", ".env")),
        ({"PGHOST": "mine"}, "DATABASE_URL=postgresql://db", ("", "the environment")),
        ({"DATABASE_URL": "postgresql://a"}, "PGHOST=db", ("postgresql://a", "the environment")),
    ],
)
def test_the_order(environment, dotenv, expected, tmp_path):
    file = tmp_path / ".env"
    if dotenv:
        file.write_text(dotenv, encoding="utf-8")
    assert chosen_server(None, dict(environment), file) == expected


def test_the_password_of_the_file_never_goes_to_the_host_of_the_environment(tmp_path):
    file = tmp_path / ".env"
    file.write_text("PGHOST=db\nPGPASSWORD=secret\nPGUSER=analyst\n", encoding="utf-8")
    environment = {"PGHOST": "elsewhere"}
    chosen_server(None, environment, file)
    assert environment == {"PGHOST": "elsewhere"}
    chosen_server(None, environment := {"PGPORT": "6000"}, file)
    assert environment == {
        "PGPORT": "6000",
        "PGHOST": "db",
        "PGPASSWORD": "secret",
        "PGUSER": "analyst",
    }


def test_a_file_that_is_not_utf_8(script):
    (script.parent.parent / ".env").write_bytes(b"PGHOST=caf\xe9\n")
    assert_one_line_error(run_script(script), 2, ".env", "UTF-8")


def test_a_server_that_is_down(script):
    finished = run_script(script, "--dsn", NOWHERE)
    assert_one_line_error(finished, 1, "127.0.0.1", "refused", "docker compose up")
    assert "hunter2" not in finished.stderr


def test_a_wrong_password(script, postgres_url):
    wrong = settings(postgres_url) | {"PGPASSWORD": "hunter2"}
    finished = run_script(script, **wrong)
    assert_one_line_error(finished, 1, "password authentication failed")
    assert "hunter2" not in finished.stderr


def test_a_database_that_is_not_there(script, postgres_url):
    finished = run_script(script, "--dsn", postgres_url.replace("/postgres?", "/nowhere?"))
    assert_one_line_error(finished, 1, '"nowhere" does not exist')


@pytest.fixture
def stranger() -> Iterator[int]:
    """A port of 127.0.0.1 on which something listens that is no PostgreSQL and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def starting(postgres_url) -> Iterator[int]:
    """A port that twice closes a connection at once, as Docker's does while the server starts."""
    target = urlsplit(postgres_url)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(2):
                listener.accept()[0].close()
            client = listener.accept()[0]
            server = socket.create_connection((target.hostname, target.port))
            threading.Thread(target=forward, args=(server, client), daemon=True).start()
            forward(client, server)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def forward(source: socket.socket, target: socket.socket) -> None:
    """Send on what comes in, until there is no more."""
    with source, target:
        while data := source.recv(1 << 16):
            target.sendall(data)


def test_a_server_that_is_starting_is_waited_for(script, postgres_url, starting):
    finished = run_script(script, **settings(postgres_url) | {"PGPORT": str(starting)})
    assert f":{starting}/" in server_line(finished)


def test_a_port_that_something_else_has(script, stranger):
    dsn = f"postgresql://me@127.0.0.1:{stranger}/x?connect_timeout=2"
    assert_one_line_error(run_script(script, "--dsn", dsn), 1, "timeout expired")


@pytest.mark.parametrize("dsn", HOSTILE)
def test_a_dsn_that_is_none_is_a_mistake_and_is_not_repeated(dsn):
    finished = run_here(main, "--dsn", dsn)
    assert_one_line_error(finished, 2, "--dsn", "postgresql://USER@HOST:5432/DATABASE")
    assert finished.stdout == ""
