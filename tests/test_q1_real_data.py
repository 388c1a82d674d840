"""A real event log, counted by the script and, independently, by pandas."""

import json
from pathlib import Path

import pandas as pd
from conftest import run_script


def gamelaunch(url: str, log: Path, *options: str) -> dict:
    """Ask the script about the log of a game's launch; `newPlayer` is its install event."""
    columns = "uid=userid,time=eventDate,event_name=eventName"
    finished = run_script(
        "Q1/sql.py", "--dsn", url, "--events", log, "--columns", columns,
        "--install-event", "newPlayer", "--format", "json", *options,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def test_retained_users_are_those_that_pandas_finds(real_data, postgres_url):
    log = real_data / "q1" / "gamelaunch.csv"
    answer = gamelaunch(postgres_url, log, "--install-date", "2016-05-01")
    events = pd.read_csv(log)
    days = pd.to_datetime(events["eventDate"], unit="s").dt.strftime("%Y-%m-%d")
    installed = set(events[(events["eventName"] == "newPlayer") & (days == "2016-05-01")]["userid"])
    active = set(events[(days >= "2016-05-02") & (days <= "2016-05-08")]["userid"])
    assert answer["records"] == len(events)
    assert answer["users"] == events["userid"].nunique()
    assert answer["installed_users"] == len(installed) > 0
    assert answer["retained_users"] == len(installed & active) > 0
