"""Q1 against the classic way and DuckDB: loading, one question, the triangle and its rollup.

\b
    python benchmarks/q1_retention.py
    python benchmarks/q1_retention.py --events 10000000 --users 1000000 --day-events 1000000
    python benchmarks/q1_retention.py --parts triangle --parts rollup

The classic way has rows in Python with times as `datetime`, inserts them by `execute_values`, and
asks with `DATE(time) = ...` and `IN (SELECT DISTINCT ...)`. All ways get the same rows, and their
answers are compared. PostgreSQL is the embedded one, with its settings and buffers that hold each
table, as DuckDB's memory does. No table is logged for a crash, neither ours, which is a TEMP one,
nor the classic one. Commands are whole ones, from start to end. Seconds are of processors, of the
client and the server together, which bear other work on the machine (on systems without /proc, of
the client alone); they are medians of --runs, and what is classic or refreshed takes long and is
run once. DuckDB has one thread, as our queries have.
"""

import csv
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
import duckdb
import numpy as np
import pandas as pd
import psycopg2
from comparisons import note
from duckdb import DuckDBPyConnection
from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

sys.path.append(str(Path(__file__).resolve().parents[1] / "Q1"))

from common.command import Command

from events.files import opened_in_turn
from events.load import load_rows, rows_in_turn
from events.table import existing_table
from events.view import View
from postgres.embedded import SETTINGS, embedded_server
from refresh_rollup import main as refresh_rollup
from retention.days import moments
from retention.questions import Question, ask

ROOT = Path(__file__).resolve().parents[1]
FIRST_DAY, LAST_DAY, NEW_DAY = "2017-04-01", "2017-04-30", "2017-05-01"
DAYS = 30
EVENT = "FIRST_INSTALL"
COUNT = click.IntRange(1)
PARTS = ("load", "question", "triangle", "activity", "rollup")
ACTIVITY = (
    "--cohorts --return-event PAGE_VIEW",
    "--cohorts --cohort-by first-event",
    "--cohorts --brackets 1,3,7,14,29",
    "--cohorts --window 24h",
    "--cohorts --by event_name",
    "--growth",
    "--stickiness",
    "--quality",
    "--cohorts --users",
)
QUESTION = Question(EVENT, date(2017, 4, 1), date(2017, 4, 2), date(2017, 4, 8), "UTC")

CLASSIC_QUERY = """
    SELECT count(DISTINCT uid) FROM {0} WHERE event_name = 'FIRST_INSTALL'
    AND date(time) = '2017-04-01' AND uid IN (
        SELECT DISTINCT uid FROM {0} WHERE date(time) BETWEEN '2017-04-02' AND '2017-04-08'
    )
"""
CLASSIC_TABLE = """
    CREATE UNLOGGED TABLE IF NOT EXISTS classic AS
    SELECT uid, time AT TIME ZONE 'UTC' AS time, event_name FROM piwik_track
"""
DUCKDB_QUERY = """
    SELECT count(DISTINCT uid) FROM events SEMI JOIN (
        FROM events WHERE time >= '2017-04-02' AND time < '2017-04-09'
    ) USING (uid)
    WHERE event_name = 'FIRST_INSTALL' AND time >= '2017-04-01' AND time < '2017-04-02'
"""
DUCKDB_TRIANGLE = """
    WITH installs AS (
        SELECT uid, min(time)::date AS cohort FROM events
        WHERE event_name = 'FIRST_INSTALL' GROUP BY uid
    ), user_day AS (SELECT DISTINCT uid, time::date AS day FROM events)
    SELECT cohort, day - cohort AS age, count(*) AS users
    FROM user_day JOIN installs USING (uid) WHERE day >= cohort GROUP BY ALL ORDER BY ALL
"""


@click.command(cls=Command, help=__doc__)
@click.option(
    "--parts",
    type=click.Choice(PARTS),
    multiple=True,
    default=PARTS,
    help="Measure this part; give it again for another.",
)
@click.option("--events", type=COUNT, default=200_000, help="Rows of the log, at least --users.")
@click.option("--users", type=COUNT, default=20_000, help="Users, each of whom installs once.")
@click.option("--day-events", type=COUNT, default=20_000, help="Rows of one more day.")
@click.option("--runs", type=COUNT, default=3, help="Runs of what does not take long.")
@click.option("--seed", type=click.IntRange(0), default=2017, help="Seed of the log.")
def main(
    parts: tuple[str, ...], events: int, users: int, day_events: int, runs: int, seed: int
) -> None:
    """Make a log, load it, ask it, and print what each way took."""
    if events < users:
        raise click.UsageError("--events is at least --users: each installs once")
    # Four times a table, or a scan would leave none of it in the buffers.
    settings = SETTINGS | {"shared_buffers": f"{512 + events // 2_500}MB"}
    with tempfile.TemporaryDirectory() as folder, embedded_server(settings=settings) as url:
        log, new_day = write_logs(Path(folder), events, users, day_events, seed)
        meter = Meter(url)
        with duckdb.connect(config={"threads": 1}) as duck:
            if "load" in parts:
                measure_load(meter, duck, log, runs)
            append(meter, log)
            load_duckdb(duck, log)
            if "question" in parts:
                measure_question(meter, duck, runs)
            if "triangle" in parts:
                measure_triangle(meter, duck, log, runs)
            if "activity" in parts:
                measure_activity(meter, runs)
            if "rollup" in parts:
                measure_rollup(meter, duck, new_day, runs)


def write_logs(
    folder: Path, events: int, users: int, day_events: int, seed: int
) -> tuple[Path, Path]:
    """A CSV log of `DAYS` days, and one of the day after them, a twentieth of it newcomers."""
    generator = np.random.default_rng(seed)
    installs = generator.random(users) * DAYS
    visitors = generator.integers(0, users, events - users)
    days_left = DAYS - installs[visitors]
    visits = installs[visitors] + days_left * generator.random(len(visitors)) ** 3  # rather soon
    times = np.concatenate([installs, visits])
    log = folder / "log.csv"
    write_log(log, np.concatenate([np.arange(users), visitors]), times, users)

    newcomers = day_events // 20
    visitors = generator.integers(0, users, day_events - newcomers)
    visitors = np.concatenate([users + np.arange(newcomers), visitors])
    write_log(folder / "day.csv", visitors, DAYS + generator.random(day_events), newcomers)
    return log, folder / "day.csv"


def write_log(path: Path, users: np.ndarray, days: np.ndarray, installs: int) -> None:
    """Write events by time, days counted from `FIRST_DAY`; the first `installs` are installs."""
    events = pd.DataFrame(
        {
            "number": users,
            "time": np.datetime64(FIRST_DAY) + (days * 86_400_000).astype("timedelta64[ms]"),
            "event_name": np.where(np.arange(len(users)) < installs, EVENT, "PAGE_VIEW"),
        }
    )
    rows = duckdb.from_df(events).project("format('user-{:08}', number) AS uid, time, event_name")
    rows.order("time").write_csv(str(path), header=True)


class Meter:
    """The processor time of this process, of those it ran, and of a PostgreSQL server."""

    def __init__(self, url: str):
        self.url = url
        connection = psycopg2.connect(url)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_read_file('postmaster.pid')")
            self.postmaster = cursor.fetchone()[0].split()[0]
        connection.close()

    def seconds(self) -> float:
        """The seconds until now."""
        times = os.times()
        return sum(times[:4]) + self.server_seconds()

    def server_seconds(self) -> float:
        """Of the server's processes, living and ended; 0 where there is no /proc."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:  # the process has ended
                continue
            own, ended = map(int, fields[11:13]), map(int, fields[13:15])
            if path.parent.name == self.postmaster:
                ticks += sum(own) + sum(ended)
            elif fields[1] == self.postmaster:
                ticks += sum(own)
        return ticks / os.sysconf("SC_CLK_TCK") if ticks else 0

    def measured(self, action: Callable[[], Any], runs: int = 1) -> tuple[float, Any]:
        """The median of the seconds that some runs of an action take, and what it returns."""
        seconds = []
        for _ in range(runs):
            start = self.seconds()
            result = action()
            time.sleep(0.1)  # until the server has seen that processes of its own have ended
            seconds.append(self.seconds() - start)
        return statistics.median(seconds), result

    def command(self, *options: object) -> str:
        """What `sql.py` prints, asked as a user would."""
        command = [sys.executable, str(ROOT / "Q1" / "sql.py"), "--dsn", self.url]
        command += map(str, options)
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def show(title: str, seconds: dict[str, float], peers: dict[str, str] | None = None) -> None:
    """Print what each way took, and how many times the first one's time that is.

    peers: ours by name, each with the peer that it is noted next to.
    """
    for ours, peer in (peers or {}).items():
        note(f"Q1 {ours}", "CPU s", seconds[ours], {peer: seconds[peer]})
    first = next(iter(seconds.values()))
    print(f"\n{title}")
    for name, value in seconds.items():
        print(f"  {name:54} {value:8.2f} s {value / max(first, 0.01):8.1f} x", flush=True)


def connect(url: str) -> Connection:
    """A connection with the settings of `sql.py`."""
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'; SET DateStyle = 'ISO, YMD'")
    connection.commit()
    return connection


def measure_load(meter: Meter, duck: DuckDBPyConnection, log: Path, runs: int) -> None:
    """From a clean CSV file to a table."""
    url = meter.url
    ours, memory = meter.measured(lambda: load_ours(url, log), runs)
    classic, _ = meter.measured(lambda: load_classic(url, log, datetime.fromisoformat))
    as_text, _ = meter.measured(lambda: load_classic(url, log, str))
    duckdb_way, _ = meter.measured(lambda: load_duckdb(duck, log), runs)
    show(
        f"load {log.stat().st_size / 1e6:,.0f} MB of CSV",
        {
            "sql.py: COPY into a TEMP table": ours,
            "classic: execute_values": classic,
            "the same, times left as text": as_text,
            "DuckDB: read_csv into memory": duckdb_way,
        },
        {"sql.py: COPY into a TEMP table": "DuckDB: read_csv into memory"},
    )
    print(f"  peak memory of the server's process while copying: {memory}")


def load_ours(url: str, log: Path) -> str:
    """As `sql.py --events` does; returns the peak memory of the server's process, on Linux."""
    connection = connect(url)
    rows = rows_in_turn(opened_in_turn([str(log)]), {})
    load_rows(connection, rows, skip_bad_rows=False).sources()
    status = Path(f"/proc/{connection.info.backend_pid}/status")
    lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
    connection.close()
    return next((line.split(":")[1].strip() for line in lines if "VmHWM" in line), "unknown")


def load_classic(url: str, log: Path, time_of: Callable[[str], Any]) -> None:
    """Row by row through Python, into a new table `classic`; `time_of` turns texts into times."""
    connection = connect(url)
    with connection, connection.cursor() as cursor, log.open(encoding="utf-8", newline="") as file:
        cursor.execute("DROP TABLE IF EXISTS classic")
        cursor.execute("CREATE UNLOGGED TABLE classic (uid text, time timestamp, event_name text)")
        lines = csv.reader(file)
        next(lines)
        rows = ((uid, time_of(moment), name) for uid, moment, name in lines)
        execute_values(cursor, "INSERT INTO classic (uid, time, event_name) VALUES %s", rows)
    connection.close()


def load_duckdb(duck: DuckDBPyConnection, log: Path) -> None:
    """The whole log as a table of DuckDB's own."""
    duck.execute("CREATE OR REPLACE TABLE events AS FROM read_csv(?)", [str(log)])


def append(meter: Meter, log: Path) -> float:
    """Append a log to the table of `schema.sql` and let PostgreSQL tidy up; returns seconds."""
    connection = connect(meter.url)
    connection.autocommit = True
    with connection.cursor() as cursor, log.open("rb") as file:
        cursor.execute((ROOT / "Q1" / "schema.sql").read_text(encoding="utf-8"))
        copy = "COPY piwik_track FROM STDIN (FORMAT csv, HEADER)"
        seconds, _ = meter.measured(lambda: cursor.copy_expert(copy, file))
        cursor.execute("VACUUM ANALYZE")
    connection.close()
    return seconds


def measure_question(meter: Meter, duck: DuckDBPyConnection, runs: int) -> None:
    """The default question, warm; every way must find the same users."""
    connection = connect(meter.url)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE one_user AS SELECT * FROM piwik_track LIMIT 0")
        cursor.execute("INSERT INTO one_user VALUES ('a', '2017-04-01Z', 'FIRST_INSTALL')")
        cursor.execute(f"{CLASSIC_TABLE}; ANALYZE classic")
    view = View([existing_table(connection, "public.piwik_track", {})], QUESTION.time_zone)
    parameters = moments(connection, view, QUESTION) | {"install_event": EVENT}

    def statement() -> int:
        return ask(connection, "retained_users", parameters, view)[0][0][1]

    def classic(table: str) -> int:
        return ask_classic(connection, table)

    ways = {
        "retained_users.sql on schema.sql": (statement, runs),
        "sql.py --table on schema.sql": (partial(retained, meter, "piwik_track"), runs),
        "sql.py --table on a table of one user": (partial(retained, meter, "one_user"), runs),
        "classic query on its table without indexes": (
            lambda: ask_classic(connection, "classic"),
            1,
        ),
        "classic query on schema.sql": (partial(classic, "piwik_track"), 1),
        "DuckDB": (lambda: duck.execute(DUCKDB_QUERY).fetchone()[0], runs),
    }
    results = {name: meter.measured(*way) for name, way in ways.items()}
    found = {users for name, (_, users) in results.items() if "one user" not in name}
    assert len(found) == 1, found
    show(
        f"users of {FIRST_DAY} who came back within 7 days: {found.pop():,}",
        {name: seconds for name, (seconds, _) in results.items()},
        {
            "retained_users.sql on schema.sql": "DuckDB",
            "sql.py --table on schema.sql": "classic query on schema.sql",
        },
    )
    connection.close()


def retained(meter: Meter, table: str) -> int:
    """The retained users that `sql.py` finds in a table."""
    answer = meter.command("--table", f"public.{table}", "--format", "json")
    return json.loads(answer)["retained_users"]


def ask_classic(connection: Connection, table: str) -> int:
    """The question as it is asked without thinking of indexes."""
    with connection.cursor() as cursor:
        cursor.execute(CLASSIC_QUERY.format(table))
        return cursor.fetchone()[0]


def measure_triangle(meter: Meter, duck: DuckDBPyConnection, log: Path, runs: int) -> None:
    """The triangle of all rows, from tables and from the file; each must have the same cells."""
    connection = connect(meter.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain AS TABLE piwik_track")
        cursor.execute("VACUUM ANALYZE plain")
    connection.close()

    def from_file() -> list:
        load_duckdb(duck, log)
        return duckdb_triangle(duck)

    ways = {
        "DuckDB": lambda: duckdb_triangle(duck),
        "sql.py --table --cohorts on schema.sql": lambda: triangle(meter, "--table", "piwik_track"),
        "sql.py --table --cohorts without indexes": lambda: triangle(meter, "--table", "plain"),
        "DuckDB: read_csv and the same": from_file,
        "sql.py --events --cohorts": lambda: triangle(meter, "--events", log),
    }
    results = {name: meter.measured(way, runs) for name, way in ways.items()}
    expected = results["DuckDB"][1]
    assert all(cells == expected for _, cells in results.values())
    show(
        f"the triangle of {len(expected)} cells, ours with 'or later' and the overview",
        {name: seconds for name, (seconds, _) in results.items()},
        {
            "sql.py --table --cohorts on schema.sql": "DuckDB",
            "sql.py --table --cohorts without indexes": "DuckDB",
            "sql.py --events --cohorts": "DuckDB: read_csv and the same",
        },
    )


def measure_activity(meter: Meter, runs: int) -> None:
    """Questions about activity next to the triangle, on the same two tables; --check compares."""
    connection = connect(meter.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS plain AS TABLE piwik_track")
        cursor.execute("VACUUM ANALYZE plain")
    connection.close()
    for table in ("piwik_track", "plain"):
        ways = {
            options: meter.measured(
                partial(meter.command, "--table", table, *options.split(), "--format", "csv"), runs
            )[0]
            for options in ("--cohorts", *ACTIVITY)
        }
        show(f"whole commands on {table}", ways)


def duckdb_triangle(duck: DuckDBPyConnection) -> list[tuple[str, int, int]]:
    """Cohort, age and active users, as DuckDB finds them."""
    return [(str(cohort), *rest) for cohort, *rest in duck.execute(DUCKDB_TRIANGLE).fetchall()]


def triangle(meter: Meter, *source: object) -> list[tuple[str, int, int]]:
    """Cohort, age and active users, as `sql.py` finds them."""
    rows = csv.DictReader(io.StringIO(meter.command(*source, "--cohorts", "--format", "csv")))
    cells = [(row["start"], int(row["age"]), int(row["active_on"] or 0)) for row in rows]
    return [cell for cell in cells if cell[-1]]


def measure_rollup(meter: Meter, duck: DuckDBPyConnection, new_day: Path, runs: int) -> None:
    """The triangle from the rollup, and what the rollup costs."""
    whole = refresh(meter, FIRST_DAY, LAST_DAY)
    connection = connect(meter.url)
    rollup, rows = meter.measured(lambda: ask(connection, "rollup_triangle", {})[0], runs)
    connection.close()
    cells = [(str(row.cohort), row.age, row.active_on) for row in rows]
    assert cells == duckdb_triangle(duck)
    copying = append(meter, new_day)
    show(
        "the rollup's cost",
        {
            f"refresh of all {DAYS} days from nothing": whole,
            "COPY of one new day into schema.sql": copying,
            "refresh of the new day": refresh(meter, NEW_DAY, NEW_DAY),
            "refresh of the same day again": refresh(meter, NEW_DAY, NEW_DAY),
            "rollup_triangle.sql on cohort_day": rollup,
        },
    )


def refresh(meter: Meter, first: str, last: str) -> float:
    """The seconds of `refresh_rollup.py` for some days."""
    errors = io.StringIO()
    with redirect_stdout(io.StringIO()), redirect_stderr(errors):
        command = ["--dsn", meter.url, "--days", first, last]
        seconds, status = meter.measured(lambda: refresh_rollup(command))
    assert status == 0, errors.getvalue()
    return seconds


if __name__ == "__main__":
    sys.exit(main())
