"""Events on several servers: their own aggregation, the answers of one server, a lost server."""

import re
import subprocess
from contextlib import ExitStack
from urllib.parse import urlsplit

import psycopg2
import pytest

from postgres.embedded import embedded_server, installed_binaries
from sql import main
from tests.conftest import ROOT, assert_one_line_error, clean_environment, run_here

pytestmark = pytest.mark.slow
SERVERS = 3
QUESTIONS = (
    ("--cohorts",),
    ("--cohorts", "--return-event", "OPEN", "--exclude-event", "PUSH"),
    ("--cohorts", "--cohort-by", "first-event", "--brackets", "1,3,7"),
    ("--cohorts", "--window", "24h"),
    ("--cohorts", "--by", "event_name", "--period", "week"),
    ("--growth", "--period", "week"),
    ("--stickiness",),
    ("--install-date", "2017-04-03"),
)
EVENTS = """
    SELECT
        'user-' || number % 997 AS uid,
        timestamptz '2017-04-01Z' + number * interval '211 seconds' AS time,
        (ARRAY['OPEN', 'PUSH', 'FIRST_INSTALL', 'OPEN'])[1 + number * 7919 % 4] AS event_name
    FROM generate_series(1, 8000) AS numbers (number)
"""


def script() -> str:
    """The statements of the README that add a server."""
    text = (ROOT / "Q1" / "README.md").read_text(encoding="utf-8")
    return re.search(r"```sql\n(.*?postgres_fdw.*?)```", text, re.DOTALL)[1]


def run_psql(url: str, statements: str, **variables: object) -> None:
    """Run statements as a reader of the README does."""
    command = [installed_binaries() / "psql", url, "--no-psqlrc", "-v", "ON_ERROR_STOP=1"]
    for name, value in variables.items():
        command += ["-v", f"{name}={value}"]
    subprocess.run(
        command, input=statements, text=True, check=True, capture_output=True,
        env=clean_environment(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def servers():
    """Three servers: the first asks the others, and has the events in one table as well."""
    with ExitStack() as stack:
        contexts = [embedded_server(tcp=True) for _ in range(SERVERS)]
        urls = [stack.enter_context(context) for context in contexts]
        schema = (ROOT / "Q1" / "schema.sql").read_text(encoding="utf-8")
        for remainder, url in enumerate(urls):
            run_psql(url, schema)
            place = urlsplit(url)
            run_psql(
                urls[0], script(), server=f"events_{remainder}", host=place.hostname,
                port=place.port, dbname=place.path[1:], user=place.username,
                password=place.password, servers=SERVERS, remainder=remainder,
            )  # fmt: skip
        run_psql(urls[0], f"CREATE TABLE together AS {EVENTS}; INSERT INTO events {EVENTS}")
        run_psql(urls[0], "ANALYZE events; ANALYZE together")
        yield urls, contexts


def asked(servers, table: str, *options: str):
    """Run the script on the first server."""
    urls, _ = servers
    return run_here(main, "--dsn", urls[0], "--table", f"public.{table}", *options)


@pytest.mark.parametrize("options", QUESTIONS, ids=" ".join)
def test_several_servers_answer_as_one(servers, options):
    several = asked(servers, "events", *options, "--format", "csv", "--check")
    assert several.returncode == 0, several.stderr
    one = asked(servers, "together", *options, "--format", "csv")
    assert several.stdout.replace("public.events", "") == one.stdout.replace("public.together", "")
    for url in servers[0]:
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM piwik_track")
            assert cursor.fetchone()[0] > 1000


@pytest.mark.parametrize(
    "options",
    [
        ("--growth",),
        ("--cohorts",),
        ("--cohorts", "--window", "24h"),
        ("--cohorts", "--by", "event_name"),
    ],
    ids=" ".join,
)
def test_each_server_groups_its_own_users(servers, options):
    plan = asked(servers, "events", *options, "--explain").stdout
    assert len(re.findall(r"Foreign Scan", plan)) == SERVERS
    assert not re.search(r"Foreign Scan on events_\d", plan), plan  # but of an aggregate
    with psycopg2.connect(servers[0][0]) as connection, connection.cursor() as cursor:
        cursor.execute("SET enable_partitionwise_aggregate = on")
        cursor.execute("EXPLAIN VERBOSE SELECT uid, min(time) FROM events GROUP BY uid")
        assert sum("GROUP BY" in line for (line,) in cursor) == SERVERS


def test_a_lost_server_is_one_line(servers):
    """The last test here: the server does not come back."""
    _, contexts = servers
    contexts[-1].__exit__(None, None, None)
    finished = asked(servers, "events", "--growth")
    assert_one_line_error(finished, 1, "PostgreSQL: ", "events_2")
