"""Which PostgreSQL server to ask: --dsn, the libpq variables or DATABASE_URL, else an embedded one.

The variables may also be in the file `.env` at the top of the project, which docker compose
reads as well. What is in the environment goes first; once it names a host, `.env` is not read at
all, so that the password of one server is never sent to another.
"""

from common.command import OutsideError, UserError

import os
import time
from collections.abc import Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import psycopg2
from psycopg2.errors import QueryCanceled
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import make_dsn, parse_dsn, set_wait_callback
from psycopg2.extras import wait_select

from postgres.embedded import embedded_server
from postgres.refusals import with_remedy
from postgres.time_zones import check_embedded_time_zone

DOTENV = Path(__file__).resolve().parents[2] / ".env"
HOST_VARIABLES = ("DATABASE_URL", "PGHOST", "PGHOSTADDR", "PGSERVICE")
SERVER_VARIABLES = (*HOST_VARIABLES, "PGPORT", "PGDATABASE")

# How times, texts and names are read and written: a role may have other settings.
SETTINGS = """
    SET TIME ZONE 'UTC';
    SET DateStyle = 'ISO, YMD';
    SET standard_conforming_strings = on;
    SET quote_all_identifiers = off
"""

PATIENCE_SECONDS = 30  # for a server that is there but still starting
INTERRUPTED = ("user request", ".read() call")  # what becomes of Ctrl-C in queries and COPY
STARTING = ("the database system is starting up", "server closed the connection unexpectedly")


@contextmanager
def connected(
    dsn: str | None, embedded: bool, table: str | None, time_zone: str
) -> Iterator[Connection]:
    """Yield a connection to the server chosen. All that is asked sees one state of its data.

    Raises what `session` raises, `OutsideError` if an embedded server does not start, and
    `UserError` if it is to have a table already or a time zone that it does not have.
    """
    target, source = (None, "embedded") if embedded else chosen_server(dsn, os.environ)
    with ExitStack() as stack:
        if source == "embedded":
            if table is not None:
                raise UserError(
                    f"--table {table}: an embedded server begins without tables; name yours with "
                    "--dsn, PGHOST or DATABASE_URL"
                )
            check_embedded_time_zone(time_zone)
            target = stack.enter_context(embedded_server())
        read_only = table is not None
        yield stack.enter_context(session(target, source, "REPEATABLE READ", read_only))


@contextmanager
def session(
    dsn: str, source: str, isolation_level: str, read_only: bool = False
) -> Iterator[Connection]:
    """Yield a connection whose days are UTC days, and report its server on stderr.

    Unless it is `read_only`, it may write even if the role as a rule only reads: TEMP tables are
    writing too. Ctrl-C, which psycopg2 makes an error of the server, is raised as what it is.

    Raises `UserError` for a malformed URL, and `OutsideError` for all that PostgreSQL refuses until
    the connection is closed.
    """
    connection = connect(checked_dsn(dsn, source))
    # print would take stdout if stderr is closed
    click.echo(f"server: {described(connection, source)}", err=True)
    try:
        connection.set_session(isolation_level=isolation_level, readonly=read_only)
        connection.set_client_encoding("UTF8")
        with connection.cursor() as cursor:
            cursor.execute(SETTINGS)
        yield connection
    except psycopg2.Error as error:
        if isinstance(error, QueryCanceled) and any(sign in str(error) for sign in INTERRUPTED):
            raise KeyboardInterrupt from None
        raise with_remedy(error, bool(connection.closed)) from error
    except UnicodeEncodeError as error:
        raise UserError(f"{error.object!r} is not UTF-8 text, which PostgreSQL needs") from None
    finally:
        set_wait_callback(None)
        connection.close()


def start_reading(connection: Connection) -> None:
    """Let nothing more be written, and let Ctrl-C cancel a query on the server, not only here."""
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    cancel_on_interrupt()


def cancel_on_interrupt() -> None:
    """Let Ctrl-C cancel a query on the server, until the session ends; COPY does not work then."""
    set_wait_callback(wait_select)


def chosen_server(
    dsn: str | None, environment: MutableMapping[str, str], dotenv: Path = DOTENV
) -> tuple[str | None, str]:
    """The connection string and where it comes from; the variables of `.env` join the environment.

    An empty string leaves all to the libpq variables, and None stands for the embedded server.
    """
    if dsn is not None:
        return dsn, "--dsn"
    source = "the environment"
    if not any(environment.get(name) for name in HOST_VARIABLES) and dotenv.is_file():
        for name, value in read_dotenv(dotenv).items():
            if name == "DATABASE_URL" or name.startswith("PG"):
                environment.setdefault(name, value or "")
                source = ".env"
    if any(environment.get(name) for name in SERVER_VARIABLES):
        return environment.get("DATABASE_URL", ""), source
    return None, "embedded"


def read_dotenv(dotenv: Path) -> dict[str, str | None]:
    """The variables of `.env`, taken literally. Raises `UserError` if it is not UTF-8 text."""
    try:
        from dotenv import dotenv_values  # there is rarely such a file

        return dotenv_values(dotenv, interpolate=False, encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{dotenv}: is not UTF-8 text") from None


def checked_dsn(dsn: str, source: str) -> str:
    """`dsn` with our name and a time limit added. Its text, maybe a password, is never shown."""
    try:
        settings = parse_dsn(dsn)
    except (psycopg2.ProgrammingError, UnicodeError):
        settings = {}
    if not settings and (dsn or source == "--dsn"):
        raise UserError(
            f"{source}: not a connection URL; write postgresql://USER@HOST:5432/DATABASE"
        )
    limit = {} if "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": "10"}
    return make_dsn(**({"fallback_application_name": "retention"} | limit | settings))


def connect(dsn: str) -> Connection:
    """Connect, waiting a while for a server that is starting. Raises `OutsideError`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return psycopg2.connect(dsn)
        except UnicodeDecodeError:  # such as of a server that speaks French in Latin-1
            raise OutsideError(
                "PostgreSQL: the connection failed, with a message that is not UTF-8 text"
            ) from None
        except psycopg2.OperationalError as error:
            starting = any(sign in str(error) for sign in STARTING)
            if not starting or time.monotonic() > deadline:
                raise OutsideError(
                    f"{str(error).strip()}; fix the settings, or start the server "
                    "(docker compose up --detach --wait)"
                ) from None
            time.sleep(0.5)


def described(connection: Connection, source: str) -> str:
    """The server of a connection, without its password, and what named it."""
    info = connection.info
    version = "PostgreSQL " + info.parameter_status("server_version").split()[0]
    if source == "embedded":
        return f"embedded {version}"
    return f"{version} at {info.user}@{info.host}:{info.port}/{info.dbname} (from {source})"
