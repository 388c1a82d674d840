"""Q1 on one, two and three servers: the events lie there by a hash of the user.

\b
    python benchmarks/q1_servers.py
    python benchmarks/q1_servers.py --events 1000000 --users 100000

The servers are embedded ones on this machine, so that they share its processors: more than these
cannot make an answer sooner here. CPU seconds are of the command and of all servers. The first
lines ask the table of the one server itself; all must have the same answers.
"""

import re
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import click
import psycopg2

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q1"))

from common.command import Command

from q1_retention import Meter

from postgres.embedded import embedded_server, installed_binaries

ROOT = Path(__file__).resolve().parents[1]
COUNT = click.IntRange(1)
QUESTIONS = (
    ("--cohorts",),
    ("--growth",),
    ("--cohorts", "--window", "24h"),
    ("--cohorts", "--by", "event_name"),
)
EVENTS = """
    INSERT INTO events
    SELECT
        'user-' || number % %(users)s,
        timestamptz '2017-04-01Z' + random() * interval '30 days',
        CASE WHEN number <= %(users)s THEN 'FIRST_INSTALL' ELSE 'PAGE_VIEW' END
    FROM generate_series(1, %(events)s) AS numbers (number)
"""


@click.command(cls=Command, help=__doc__)
@click.option("--events", type=COUNT, default=100_000, help="Rows of the log, at least --users.")
@click.option("--users", type=COUNT, default=10_000, help="Users, each of whom installs once.")
def main(events: int, users: int) -> None:
    """Spread the events over servers, ask, and print what each number of servers took."""
    if events < users:
        raise click.UsageError("--events is at least --users: each installs once")
    expected = None
    for servers in (1, 2, 3):
        with ExitStack() as stack:
            urls = [stack.enter_context(embedded_server(tcp=True)) for _ in range(servers)]
            spread(urls, events, users)
            meters = [Meter(url) for url in urls]
            if servers == 1:
                expected = ask_all(meters, "piwik_track")
            assert ask_all(meters, "events") == expected


def ask_all(meters: list[Meter], table: str) -> list[list[str]]:
    """Ask all questions, print what each took, and return the answers."""
    answers = []
    for question in QUESTIONS:
        cpu, clock, rows = measured(meters, table, question)
        place = f"{len(meters)} server{'s' * (len(meters) > 1):1}  {table:11}"
        print(f"{place}  {' '.join(question):27} {cpu:7.2f} s CPU {clock:7.2f} s", flush=True)
        answers.append(rows)
    return answers


def spread(urls: list[str], events: int, users: int) -> None:
    """Make the tables of the README on all servers, and fill them by way of the first."""
    schema = (ROOT / "Q1" / "schema.sql").read_text(encoding="utf-8")
    readme = (ROOT / "Q1" / "README.md").read_text(encoding="utf-8")
    script = re.search(r"```sql\n(.*?postgres_fdw.*?)```", readme, re.DOTALL)[1]
    for remainder, url in enumerate(urls):
        run_psql(url, schema)
        place = urlsplit(url)
        variables = {
            "server": f"events_{remainder}",
            "host": place.hostname,
            "port": place.port,
            "dbname": place.path[1:],
            "user": place.username,
            "password": place.password,
            "servers": len(urls),
            "remainder": remainder,
        }
        run_psql(urls[0], script, **variables)
    connection = psycopg2.connect(urls[0])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for remainder in range(len(urls)):
            cursor.execute(f"ALTER SERVER events_{remainder} OPTIONS (ADD batch_size '1000')")
        cursor.execute("SELECT setseed(0)")
        cursor.execute(EVENTS.replace("% %", "%% %"), {"events": events, "users": users})
        cursor.execute("ANALYZE events")
    connection.close()
    for url in urls:
        run_psql(url, "VACUUM ANALYZE piwik_track")


def run_psql(url: str, statements: str, **variables: object) -> None:
    """Run statements as a reader of the README does."""
    command = [str(installed_binaries() / "psql"), url, "--no-psqlrc", "-v", "ON_ERROR_STOP=1"]
    for name, value in variables.items():
        command += ["-v", f"{name}={value}"]
    subprocess.run(command, input=statements, text=True, check=True, capture_output=True)


def measured(
    meters: list[Meter], table: str, question: tuple[str, ...]
) -> tuple[float, float, list[str]]:
    """The seconds of processors and of the clock of one question, and its answer."""
    own = meters[0]
    start, clock = sum(it.server_seconds() for it in meters[1:]), time.perf_counter()
    seconds, answer = own.measured(
        lambda: own.command("--table", f"public.{table}", *question, "--format", "csv")
    )
    clock = time.perf_counter() - clock
    time.sleep(0.2)  # until the servers have seen that processes of theirs have ended
    others = sum(it.server_seconds() for it in meters[1:]) - start
    return seconds + others, clock, answer.splitlines()


if __name__ == "__main__":
    sys.exit(main())
