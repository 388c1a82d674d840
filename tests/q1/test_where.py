"""`--where`: records of a table that do not meet a condition in SQL are as if not there."""

import json
from collections.abc import Callable, Iterator

import psycopg2
import pytest

from sql import main
from tests.conftest import assert_one_line_error, run_here

# Of the day's five users b is a tester, and c is one by another table; d comes back as a robot.
EVENTS = """
    DROP SCHEMA IF EXISTS conditions CASCADE; CREATE SCHEMA conditions;
    CREATE TABLE conditions.events (uid text, time timestamptz, event_name text, properties jsonb);
    INSERT INTO conditions.events VALUES
        ('a', '2017-04-01', 'FIRST_INSTALL', '{"agent": "50% {x}"}'),
        ('a', '2017-04-02', 'OPEN', '{}'),
        ('b', '2017-04-01', 'FIRST_INSTALL', '{"tester": true}'),
        ('b', '2017-04-02', 'OPEN', '{"tester": true}'),
        ('c', '2017-04-01', 'FIRST_INSTALL', NULL), ('c', '2017-04-02', 'OPEN', '{}'),
        ('d', '2017-04-01', 'FIRST_INSTALL', '{}'),
        ('d', '2017-04-02', 'ROBOT', '{"agent": "{bot}"}'),
        ('e', '2017-04-01', 'FIRST_INSTALL', '{}'), ('e', '2017-04-20', 'OPEN', '{}');
    CREATE TABLE conditions.testers AS SELECT 'c' AS id
"""
NOT_TESTERS = "properties->>'tester' IS DISTINCT FROM 'true'"


@pytest.fixture(scope="module")
def events(postgres_url) -> Iterator[Callable]:
    """Run the script about the table, in this process."""
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute(EVENTS)
    connection.close()
    table = ("--dsn", postgres_url, "--table", "conditions.events")
    yield lambda *arguments: run_here(main, *table, *arguments)


@pytest.mark.parametrize(
    ("condition", "installed", "retained"),
    [
        ("TRUE", 5, 3 + 1),
        (NOT_TESTERS, 4, 3),
        ("uid NOT IN (SELECT id FROM conditions.testers)", 4, 3),
        (f"{NOT_TESTERS} AND uid <> 'c' -- and no robots\n AND event_name <> 'ROBOT'", 3, 1),
        ("properties->>'agent' LIKE '50% {%'", 1, 0),
        ("FALSE OR uid = 'a' -- with a comment at the end", 1, 1),
    ],
)
def test_only_records_that_meet_the_condition_count(events, condition, installed, retained):
    finished = events("--where", condition, "--check", "--format", "json", "--overview")
    answer = json.loads(finished.stdout)
    assert (answer["installed_users"], answer["retained_users"]) == (installed, retained)
    assert answer["source"] == f"conditions.events where {condition}"


@pytest.mark.parametrize("more", [(), ("--by", "properties.tester"), ("--window", "24h")])
def test_the_triangle_is_of_these_records(events, more):
    asked = ("--cohorts", "--check", "--format", "json", "--where", "uid IN ('a', 'b')", *more)
    answer = json.loads(events(*asked).stdout)
    groups = answer.get("groups", [answer])
    assert sum(cohort["users"] for it in groups for cohort in it["cohorts"]) == 2
    assert answer["last_day"] == "2017-04-02"


@pytest.mark.parametrize(
    ("condition", "part"),
    [
        ("tester", 'column "tester" does not exist'),
        ("uid =", "syntax error"),
        ("", "syntax error"),
        ("uid", "must be type boolean"),
        ("uid = %(x)s", "syntax error"),
        ("uid IN (SELECT id FROM nowhere)", "does not exist"),
    ],
)
def test_a_condition_that_the_server_refuses_is_one_line(events, condition, part):
    assert_one_line_error(events("--where", condition), 2, "--where", part, "after WHERE in SQL")


def test_a_condition_is_no_way_to_another_statement(events):
    condition = "TRUE)) AS kept; COMMIT; DROP TABLE conditions.testers; --"
    assert_one_line_error(events("--where", condition), 2, "no semicolon")
    finished = events("--where", "uid IN (SELECT id FROM conditions.testers)", "--format", "json")
    assert json.loads(finished.stdout)["installed_users"] == 1


def test_files_have_no_condition(tmp_path):
    log = tmp_path / "events.csv"
    log.write_text("uid,time,event_name\n", encoding="utf-8")
    finished = run_here(main, "--events", log, "--where", "TRUE")
    assert_one_line_error(finished, 2, "--where needs --table", "leave out the rows beforehand")
