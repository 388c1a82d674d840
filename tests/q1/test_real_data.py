"""A real event log, counted by the scripts and, independently, by pandas."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import run_script


@pytest.fixture(scope="module")
def log(real_data) -> Path:
    """The log of a mobile game's launch; `newPlayer` is its install event."""
    return real_data / "q1" / "gamelaunch.csv"


@pytest.fixture(scope="module")
def events(log) -> pd.DataFrame:
    """The log with its days as dates."""
    return pd.read_csv(log).assign(day=lambda e: pd.to_datetime(e["eventDate"], unit="s").dt.date)


@pytest.fixture
def asked(log, postgres_url):
    """Ask the script about the log."""

    def asked(*options: str) -> dict:
        columns = "uid=userid,time=eventDate,event_name=eventName"
        finished = run_script(
            "Q1/sql.py", "--dsn", postgres_url, "--events", log, "--columns", columns,
            "--install-event", "newPlayer", "--format", "json", *options,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    return asked


def test_retained_users_are_those_that_pandas_finds(asked, events):
    answer = asked("--install-date", "2016-05-01")
    day = events["day"].astype(str)
    installs = events[(events["eventName"] == "newPlayer") & (day == "2016-05-01")]
    active = events[(day >= "2016-05-02") & (day <= "2016-05-08")]
    installed = set(installs["userid"])
    assert answer["records"] == len(events)
    assert answer["users"] == events["userid"].nunique()
    assert answer["installed_users"] == len(installed) > 0
    assert answer["retained_users"] == len(installed & set(active["userid"])) > 0


def test_the_triangle_is_the_one_that_pandas_finds(asked, events):
    installs = events[events["eventName"] == "newPlayer"]
    cohort = installs.groupby("userid")["day"].min().rename("cohort")
    visits = events.join(cohort, on="userid", how="inner")
    visits["age"] = (pd.to_datetime(visits["day"]) - pd.to_datetime(visits["cohort"])).dt.days
    visits = visits[visits["age"] >= 0]
    active_on = visits.groupby(["cohort", "age"])["userid"].nunique()
    last_ages = visits.groupby(["cohort", "userid"])["age"].max()

    answer = asked("--cohorts")
    assert [row["start"] for row in answer["cohorts"]] == [str(d) for d in sorted(set(cohort))]
    last_day = max(events["day"])
    for row in answer["cohorts"]:
        start = pd.Timestamp(row["start"]).date()
        observed = (last_day - start).days + 1
        ages = range(observed)
        later = [int((last_ages[start] >= age).sum()) for age in ages]
        unknown = [None] * (len(answer["cohorts"][0]["active_on"]) - observed)
        assert row["users"] == (cohort == start).sum()
        assert row["active_on"] == [active_on.get((start, age), 0) for age in ages] + unknown
        assert row["active_on_or_after"] == later + unknown


def test_users_without_one_clear_install_are_those_that_pandas_finds(asked, events):
    answer = asked("--cohorts")
    installs = events[events["eventName"] == "newPlayer"].groupby("userid")["day"]
    first = events.groupby("userid")["day"].min()
    assert answer["users_without_install"] == events["userid"].nunique() - len(installs)
    assert answer["users_reinstalled"] == (installs.min() < installs.max()).sum()
    assert (
        answer["users_active_before_install"]
        == (first[installs.min().index] < installs.min()).sum()
    )
