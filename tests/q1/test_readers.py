"""Who may only read: a hot standby, and a role that may SELECT and nothing else."""

import json

import pytest

from sql import main
from tests.conftest import assert_one_line_error, run_here
from tests.q1.conftest import as_role

QUESTIONS = [
    (),
    ("--users",),
    ("--overview", "--format", "json"),
    ("--format", "csv"),
    ("--from", "2017-04-01", "--to", "2017-04-03", "--format", "json"),
    *[("--cohorts", "--period", period) for period in ("day", "week", "month")],
    ("--cohorts", "--format", "csv"),
    ("--cohorts", "--follow", "2", "--time-zone", "America/St_Johns", "--format", "json"),
    ("--cohorts", "--window", "24h", "--by", "event_name"),
    ("--growth", "--exclude-event", "OPEN"),
    ("--quality",),
    ("--install-event", "nothing"),
    ("--install-date", "2017-04-09"),
]


@pytest.fixture(params=["role", "standby", "role on standby"])
def reader(request, read_database) -> str:
    """The URL of one who may only read the database."""
    url = read_database
    if "standby" in request.param:
        url = request.getfixturevalue("standby")
    return as_role(url, "only_select", "reads") if "role" in request.param else url


def asked(url: str, *options: str):
    return run_here(main, "--dsn", url, "--table", "public.events", *options)


def without_server(text: str) -> list[str]:
    """The lines of stderr without that on the server, which has another port."""
    return [line for line in text.splitlines() if not line.startswith("server: ")]


@pytest.mark.parametrize("options", QUESTIONS, ids=" ".join)
def test_the_answer_is_that_of_the_owner(read_database, reader, options):
    owner, found = asked(read_database, *options), asked(reader, *options)
    assert found.returncode == owner.returncode, found.stderr
    assert without_moment(found.stdout) == without_moment(owner.stdout)
    assert without_server(found.stderr) == without_server(owner.stderr)


def without_moment(text: str) -> list[str]:
    """The lines without those of the present moment, up to which events are counted."""
    present = (" time < ", "max(last_time) >= ", "least(max(last_clock), ")
    return [line for line in text.splitlines() if not any(part in line for part in present)]


# Of those that a role may have, which change how values, texts and names are read or written.
SETTINGS = [
    "IntervalStyle=postgres_verbose",
    "IntervalStyle=iso_8601",
    "IntervalStyle=sql_standard",
    "DateStyle=SQL,DMY",
    "TimeZone=Asia/Tokyo",
    "standard_conforming_strings=off",
    "quote_all_identifiers=on",
    "bytea_output=escape",
    "extra_float_digits=-15",
    "array_nulls=off",
    "transform_null_equals=on",
]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Caracas"])
@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_of_a_role_changes_the_answer(read_database, monkeypatch, setting, zone):
    questions = [
        (),
        ("--cohorts",),
        ("--growth",),
        ("--cohorts", "--by", "event_name", "--cohort-by", "first-event"),
    ]
    for options in questions:
        options = (*options, "--time-zone", zone, "--format", "csv")
        monkeypatch.delenv("PGOPTIONS", raising=False)
        usual = asked(read_database, *options, "--check")
        assert usual.returncode == 0, usual.stderr
        monkeypatch.setenv("PGOPTIONS", f"-c {setting}")
        found = asked(read_database, *options)
        assert (found.returncode, found.stdout) == (0, usual.stdout), found.stderr


def test_the_answer_is_right(reader):
    answer = json.loads(asked(reader, "--overview", "--format", "json").stdout)
    assert (answer["installed_users"], answer["retained_users"]) == (2, 1)
    assert (answer["records"], answer["users"], answer["records_without_user"]) == (6, 3, 1)


@pytest.mark.parametrize("options", [(), ("--cohorts",), ("--cohorts", "--period", "month")])
def test_pictures_are_drawn(reader, tmp_path, options):
    found = asked(reader, *options, "--plot", tmp_path / "plot.png")
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "plot.png").stat().st_size > 5000


@pytest.mark.parametrize("options", [(), ("--users",), ("--cohorts",)])
def test_plans_are_explained(reader, options):
    found = asked(reader, *options, "--explain")
    assert "Execution Time: " in found.stdout, found.stderr


@pytest.mark.parametrize("events", [(), ("--events", "events.csv")])
def test_files_need_a_server_that_can_be_written_to(reader, tmp_path, monkeypatch, events):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events.csv").write_text("uid,time,event_name\n", encoding="utf-8")
    assert_one_line_error(run_here(main, "--dsn", reader, *events), 2, "--embedded")


def test_a_table_that_the_role_may_not_read(reader, read_database):
    role = as_role(reader, "only_select", "reads")
    found = run_here(main, "--dsn", role, "--table", "public.secrets")
    assert_one_line_error(found, 2, "permission denied for table secrets", "GRANT SELECT")


def test_a_schema_that_the_role_may_not_use(reader, read_database):
    role = as_role(reader, "only_select", "reads")
    found = run_here(main, "--dsn", role, "--table", "closed.events")
    assert_one_line_error(found, 2, "permission denied for schema closed", "GRANT USAGE ON SCHEMA")


def test_a_statement_that_takes_longer_than_the_server_allows(reader):
    url = f"{reader}&options=-c%20statement_timeout%3D200"
    found = run_here(main, "--dsn", url, "--table", "public.slow")
    assert_one_line_error(found, 1, "statement timeout", "PGOPTIONS", "--from")
