"""Questions about activity as whole commands: in every format, from files and tables, checked."""

import csv
import json
import random
import subprocess
import sys
from collections.abc import Callable

import psycopg2
import pyarrow as pa
import pytest
from psycopg2.extras import execute_values
from pyarrow import parquet

from retention import questions
from sql import main
from tests.conftest import ROOT, assert_one_line_error, clean_environment, run_here
from tests.q1.test_drawn_logs import drawn

ZONE = "America/St_Johns"
NAMES = ("uid", "time", "event_name", "country")
QUESTIONS = {
    "growth": ("--growth", "--period", "week", "--week-start", "sunday"),
    "stickiness": ("--stickiness", "--exclude-event", "push"),
    "weeks": ("--cohorts", "--period", "week", "--week-start", "saturday", "--return-event", "x"),
    "windows": ("--cohorts", "--period", "month", "--window", "24h", "--follow", "9"),
    "day": ("--install-date", "2006-04-01", "--active-to", "2006-10-28", "--return-event", "x",
            "--cohort-by", "first-event"),
    "ages": ("--cohorts", "--period", "week", "--ages", "0,1,3"),
    "brackets": ("--cohorts", "--brackets", "1,3,7", "--cohort-by", "first-event"),
}  # fmt: skip


@pytest.fixture(scope="module")
def rows() -> list[tuple]:
    """Events of a drawn log: uid, time, name, country."""
    generator = random.Random(4)  # noqa: S311
    events = []
    while len({uid for uid, _, _ in events}) < 12:
        events = drawn(generator, ZONE)
    names, countries = ["FIRST_INSTALL", "x", "push"], ["HK", "", "é,"]
    return [
        (uid, time, generator.choice(names), generator.choice(countries)) for uid, time, _ in events
    ]


@pytest.fixture(scope="module")
def sources(rows, postgres_url, tmp_path_factory) -> dict[str, tuple]:
    """The options that name the same events in every kind of source."""
    folder = tmp_path_factory.mktemp("activity")
    texts = [(uid, time.isoformat(), *others) for uid, time, *others in rows]
    with (folder / "log.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([NAMES, *texts])
    lines = (json.dumps(dict(zip(NAMES, row, strict=True))) for row in texts)
    (folder / "log.jsonl").write_text("\n".join(lines), encoding="utf-8")
    columns = dict(zip(NAMES, map(list, zip(*rows, strict=True)), strict=True))
    parquet.write_table(pa.table(columns), folder / "log.parquet")
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS activity_log")  # of a run of these before
        cursor.execute("CREATE TABLE activity_log (uid text, time timestamptz, event_name text)")
        cursor.execute("ALTER TABLE activity_log ADD country text, ADD properties jsonb")
        execute_values(
            cursor,
            "INSERT INTO activity_log VALUES %s",
            [(*row, json.dumps({"where": {"country": row[3]}})) for row in rows],
        )
    connection.close()
    files = {path.suffix: ("--events", path) for path in folder.iterdir()}
    return files | {"table": ("--table", "public.activity_log")}


@pytest.fixture
def asked(postgres_url) -> Callable:
    """Run the script in this process."""
    return lambda *options: run_here(main, "--dsn", postgres_url, "--time-zone", ZONE, *options)


@pytest.mark.parametrize("by", [(), ("--by", "country", "--top", "1")], ids=["all", "by"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_source_has_the_same_answer_which_is_checked(asked, sources, question, by):
    answers = set()
    for kind, source in sources.items():
        where = by
        if kind == "table" and by:
            where = ("--by", "properties.where.country", "--top", "1")
        finished = asked(*source, *QUESTIONS[question], *where, "--check", "--format", "csv")
        assert finished.returncode == 0, finished.stderr
        assert "check: DuckDB finds the same" in finished.stderr
        answers.add(finished.stdout)
    assert len(answers) == 1


@pytest.mark.parametrize("by", [(), ("--by", "country")], ids=["all", "by"])
@pytest.mark.parametrize("question", ["growth", "stickiness", "brackets"])
def test_text_json_and_pages_with_pictures(asked, sources, question, by, tmp_path):
    source, options = sources["table"], QUESTIONS[question]
    text = asked(*source, *options, *by, "--html", tmp_path / "page.html")
    assert text.returncode == 0, text.stderr
    assert "<svg" in (tmp_path / "page.html").read_text(encoding="utf-8")
    record = json.loads(asked(*source, *options, *by, "--format", "json").stdout)
    groups = {group["value"] for group in record["groups"]} if by else {None}
    assert groups == ({"HK", "é,", None} if by else {None})
    assert f"country {'é,'}: " * bool(by) in text.stdout


def test_a_wrong_answer_is_not_printed(asked, sources, tmp_path, monkeypatch):
    for path in questions.QUERIES.rglob("*.sql"):
        copy = tmp_path / path.relative_to(questions.QUERIES)
        copy.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8")
        copy.write_text(text.replace("(periods >> 1)", "(periods >> 2)"), encoding="utf-8")
    monkeypatch.setattr(questions, "QUERIES", tmp_path)
    finished = asked(*sources["table"], "--growth", "--check")
    assert_one_line_error(finished, 1, "--check: ", ": PostgreSQL finds ", "no answer is printed")
    assert finished.stdout == ""


def test_transactions_need_no_names_of_events(asked, real_data, tmp_path):
    log = tmp_path / "ratings.tsv"
    ratings = (real_data / "q3b" / "ml-100k" / "u.data").read_text(encoding="utf-8")
    log.write_text(f"uid\titem\trating\ttime\n{ratings}", encoding="utf-8", newline="")
    given = (
        "--events",
        log,
        "--cohorts",
        "--period",
        "month",
        "--from",
        "1997-01-01",
        "--format",
        "json",
    )
    finished = asked(*given, "--cohort-by", "first-event", "--by", "rating", "--check")
    assert finished.returncode == 0, finished.stderr
    record = json.loads(finished.stdout)
    users = [cohort["users"] for group in record["groups"] for cohort in group["cohorts"]]
    assert (record["users"], sum(users)) == (943, 943)
    finished = asked(*given)
    assert_one_line_error(finished, 2, "the column 'event_name' is missing")


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--by", "nowhere"), "there is no column 'nowhere' for --by"),
        (("--by", "country.x"), "--by country.x needs a column of json or jsonb"),
        (("--by", "properties."), "--by properties. needs a column of json"),
    ],
)
def test_what_cannot_split_answers_is_refused(asked, sources, options, part):
    assert_one_line_error(asked(*sources["table"], "--growth", *options), 2, part)


def test_names_with_quotes_and_percent_signs_are_names(asked, postgres_url):
    hostile = """"x"; -- %s %(y)s {} ' """
    with psycopg2.connect(postgres_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE hostile (uid text, time timestamptz, properties json)")
        cursor.execute(
            'ALTER TABLE hostile ADD "a%%(b)s""" text DEFAULT %s, ADD event_name text DEFAULT %s',
            [hostile, hostile],
        )
        cursor.execute(
            "INSERT INTO hostile VALUES ('a', '2017-04-01Z', %s)", [json.dumps({hostile: "HK"})]
        )
    connection.close()
    for by, value in (('a%(b)s"', hostile), (f"properties.{hostile}", "HK")):
        finished = asked(
            "--table", "public.hostile", "--cohorts", "--by", by, "--format", "json",
            "--install-event", hostile, "--return-event", hostile, "--check",
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        (group,) = json.loads(finished.stdout)["groups"]
        assert (group["value"], group["cohorts"][0]["active_on"]) == (value, [1])


def test_the_row_per_user_in_every_format(asked, sources, rows, postgres_url, tmp_path):
    options = (*sources["table"], "--cohorts", "--users", "--period", "week", "--by", "country")
    listed = json.loads(asked(*options, "--check", "--format", "json").stdout)["users_listed"]
    assert {user["uid"] for user in listed} == {uid for uid, *_ in rows if uid}
    assert sum(user["records"] for user in listed) == sum(1 for uid, *_ in rows if uid)
    cells = list(csv.DictReader(asked(*options, "--format", "csv").stdout.splitlines()))
    assert [row["active"].split() for row in cells] == [user["active"] for user in listed]
    command = [sys.executable, ROOT / "Q1" / "sql.py", "--dsn", postgres_url, "--time-zone", ZONE]
    written = subprocess.run(
        [*command, *options, "--format", "parquet"],
        check=True,
        capture_output=True,
        env=clean_environment(),
    ).stdout
    table = parquet.read_table(pa.BufferReader(written)).to_pylist()
    assert [str(user["cohort"]) for user in table] == [str(user["cohort"]) for user in listed]
    assert [list(map(str, user["active"])) for user in table] == [it["active"] for it in listed]


def test_quality_names_what_may_be_wrong(asked, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(
        "uid,time,event_name\n"
        "a,2017-04-01,FIRST_INSTALL\na,2017-04-02,Open\na,2017-03-01,open\na,2017-03-02,open\n"
        "b,2017-04-01,FIRST_INSTALL\nb,2017-04-03,FIRST_INSTALL\nb,1970-01-01,x\n"
        'c,2017-04-01," open\u00a0"\n,2017-04-01,x\nd,2999-01-01,x\nd,soon,x\n',
        encoding="utf-8",
    )
    given = ("--events", log, "--on-bad-row", "skip", "--quality", "--check")
    finished = asked(*given, "--format", "csv", "--html", tmp_path / "page.html")
    assert finished.returncode == 0, finished.stderr
    found = {row["finding"]: row for row in csv.DictReader(finished.stdout.splitlines())}
    counts = {name: (row["records"], row["users"]) for name, row in found.items()}
    names = found["event names that differ in case or spaces alone"]["names"].split("|")
    assert sorted(names) == [" open\u00a0", "Open", "open"]
    assert counts == {
        "rows rejected: not ISO 8601 or epoch time of the years 2 to 9998": ("1", ""),
        "left out, before 2000-01-01": ("1", ""),
        "left out, in the future": ("1", ""),
        "without a user": ("1", ""),
        "before the user's first FIRST_INSTALL": ("2", "1"),
        "users without FIRST_INSTALL": ("", "1"),
        "users with FIRST_INSTALL on several days": ("", "1"),
        "event names that differ in case or spaces alone": ("2", ""),
    }
    assert "Open" in (tmp_path / "page.html").read_text(encoding="utf-8")
