"""On a server that is not its own the script leaves nothing: run twice, in parallel, or killed."""

import subprocess
import sys
import time

import psycopg2

from tests.conftest import ROOT, clean_environment, run_script


def rows(url: str, statement: str) -> list[tuple]:
    connection = psycopg2.connect(url)
    with connection.cursor() as cursor:
        cursor.execute(statement)
        result = cursor.fetchall()
    connection.close()
    return result


def everything(url: str) -> list[tuple]:
    """Every table, view, index and function of the database, TEMP ones of living sessions too."""
    return rows(
        url,
        "SELECT relnamespace::regnamespace::text, relname FROM pg_class"
        " UNION ALL SELECT pronamespace::regnamespace::text, proname FROM pg_proc ORDER BY 1, 2",
    )


def wait_for_sessions(url: str, number: int) -> None:
    """Wait until this number of sessions is open, without the one that asks."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    deadline = time.monotonic() + 60
    while rows(url, statement) != [(number,)]:
        assert time.monotonic() < deadline, f"there never were {number} sessions"
        time.sleep(0.05)


def test_it_leaves_nothing_twice_in_parallel_and_killed(postgres_url, tmp_path):
    wait_for_sessions(postgres_url, 0)  # of tests before this one
    before = everything(postgres_url)
    log = tmp_path / "log.csv"  # is loaded; then the script waits for its standard input
    log.write_text("uid,time,event_name\na,2017-04-01,FIRST_INSTALL\n", encoding="utf-8")
    command = [sys.executable, "Q1/sql.py", "--dsn", postgres_url, "--events", log, "--events", "-"]
    waiting = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    wait_for_sessions(postgres_url, 2)
    for _ in range(2):
        finished = run_script("Q1/sql.py", "--dsn", postgres_url)
        assert finished.returncode == 0, finished.stderr
    for process in waiting:
        process.kill()
        process.communicate()
    wait_for_sessions(postgres_url, 0)
    assert everything(postgres_url) == before
