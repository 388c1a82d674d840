"""Text, CSV and JSON say the same; what is not yet observed is marked in each, and in the plot."""

import csv
import io
import json

import numpy as np
import pytest
from matplotlib.image import imread

from sql import main
from tests.conftest import assert_one_line_error, run_here

# Three users install on the 1st and one on the 3rd, the last day of the data.
EVENTS = """\
uid,time,event_name
a,2017-04-01,FIRST_INSTALL
a,2017-04-02,OPEN
b,2017-04-01,FIRST_INSTALL
b,2017-04-03,OPEN
c,2017-04-01,FIRST_INSTALL
"d, e",2017-04-03,FIRST_INSTALL
f,2017-04-03,OPEN
"""


@pytest.fixture
def printed(postgres_url, tmp_path):
    """Run the script on `EVENTS`; what it prints, or the one line by which it fails."""
    log = tmp_path / "events.csv"
    log.write_text(EVENTS, encoding="utf-8")

    def printed(*arguments: str, status: int = 0) -> str:
        finished = run_here(main, "--dsn", postgres_url, "--events", log, *arguments)
        if status:
            assert_one_line_error(finished, status)
            return finished.stderr
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return printed


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_default_question(printed):
    answer = json.loads(printed("--format", "json"))
    assert answer["source"].endswith("events.csv")
    assert answer == {
        "source": answer["source"],
        "records": 7,
        "users": 5,
        "first_day": "2017-04-01",
        "last_day": "2017-04-03",
        "time_zone": "UTC",
        "users_without_install": 1,
        "users_reinstalled": 0,
        "users_active_before_install": 0,
        "records_without_user": 0,
        "records_left_out": {},
        "rows_rejected": {},
        "first_rejected": {},
        "install_date": "2017-04-01",
        "active_from": "2017-04-02",
        "active_to": "2017-04-08",
        "installed_users": 3,
        "retained_users": 2,
        "retention": 0.666667,
        "retention_low": 0.20766,
        "retention_high": 0.938508,
        "observed": False,
    }
    (row,) = rows(printed("--format", "csv"))
    same = {name: str(value) for name, value in answer.items() if name != "first_rejected"}
    assert row == same | {"records_left_out": "0", "rows_rejected": "0", "observed": "false"}
    text = printed()
    interval = "95 % interval 20.8% to 93.9%"
    assert f"2 of them (66.7%, {interval}); not over yet: the data end on 2017-04-03" in text


def test_a_period_that_is_over_is_not_marked(printed):
    over = ("--active-to", "2017-04-03")
    assert json.loads(printed(*over, "--format", "json"))["observed"] is True
    assert "not over yet" not in printed(*over)


def test_one_user_is_not_in_the_plural(printed):
    text = printed("--install-date", "2017-04-03")
    assert "FIRST_INSTALL on 2017-04-03: 1 user\n" in text


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (
            ("--by", "event_name"),
            ["FIRST_INSTALL      3       2  66.7   20.8 to 93.9"],
        ),
        (
            ("--by", "event_name", "--cohort-by", "first-event", "--install-date", "2017-04-03"),
            [
                "FIRST_INSTALL      1       0  0.0    0.0 to 79.3",
                "OPEN               1       0  0.0    0.0 to 79.3",
            ],
        ),
        (("--cohort-by", "first-event"), ["all      3       2  66.7   20.8 to 93.9"]),
        (
            ("--by", "event_name", "--install-date", "2017-04-02"),
            ["none            0       0"],
        ),
    ],
    ids=["one value", "two values", "all", "nobody"],
)
def test_the_table_of_values_has_shares_and_intervals(printed, options, lines):
    """The intervals are those of scipy.stats.binomtest(...).proportion_ci(method="wilson")."""
    text = printed(*options)
    assert [line.rstrip() for line in text.splitlines()[-len(lines) :]] == lines


def test_the_users(printed):
    assert printed("--users") == "a\nb\n"
    assert printed("--users", "--format", "csv") == "uid\na\nb\n"
    assert json.loads(printed("--users", "--format", "json"))["uids"] == ["a", "b"]


def test_no_users_are_no_lines(printed):
    question = ("--install-date", "2017-04-03", "--users")
    assert printed(*question) == ""
    assert printed(*question, "--format", "csv") == "uid\n"
    assert json.loads(printed(*question, "--format", "json"))["uids"] == []


def test_a_uid_that_csv_must_quote(printed):
    question = ("--install-date", "2017-04-03", "--active-from", "2017-04-03", "--users")
    assert printed(*question, "--format", "csv") == 'uid\n"d, e"\n'


def test_the_triangle(printed):
    answer = json.loads(printed("--cohorts", "--format", "json"))
    assert answer["period"] == "day"
    assert answer["cohorts"] == [
        {
            "start": "2017-04-01",
            "users": 3,
            "active_on": [3, 1, 1],
            "active_on_or_after": [3, 2, 1],
            "active_on_share": [1.0, 0.333333, 0.333333],
            "active_on_low": [0.438503, 0.061492, 0.061492],
            "active_on_high": [1.0, 0.79234, 0.79234],
            "active_on_or_after_share": [1.0, 0.666667, 0.333333],
            "active_on_or_after_low": [0.438503, 0.20766, 0.061492],
            "active_on_or_after_high": [1.0, 0.938508, 0.79234],
        },
        {
            "start": "2017-04-03",
            "users": 1,
            "active_on": [1, None, None],
            "active_on_or_after": [1, None, None],
            "active_on_share": [1.0, None, None],
            "active_on_low": [0.206549, None, None],
            "active_on_high": [1.0, None, None],
            "active_on_or_after_share": [1.0, None, None],
            "active_on_or_after_low": [0.206549, None, None],
            "active_on_or_after_high": [1.0, None, None],
        },
    ]
    mean = answer["weighted_mean"]
    assert (mean["users"], mean["active_on"]) == ([4, 3, 3], [4, 1, 1])
    assert mean["active_on_share"] == [1.0, 0.333333, 0.333333]
    assert mean["active_on_or_after_share"] == [1.0, 0.666667, 0.333333]
    table = rows(printed("--cohorts", "--format", "csv"))
    assert [row["active_on"] for row in table] == ["3", "1", "1", "1", "", ""]
    assert [row["observed"] for row in table] == ["true"] * 4 + ["false"] * 2
    assert printed("--cohorts").endswith(
        """\
% N-day retention, by days after the first install
first install     users    0   1   2
2017-04-01            3  100  33  33
2017-04-03            1  100   ·   ·
weighted mean         4  100  33  33

% unbounded retention, by days after the first install
first install     users    0   1   2
2017-04-01            3  100  67  33
2017-04-03            1  100   ·   ·
weighted mean         4  100  67  33

· not yet observed: the data end on 2017-04-03
"""
    )


def test_the_heat_map_leaves_out_what_is_not_observed(printed, tmp_path):
    """The cells of the second cohort are hatched grey, those of the first are coloured."""
    plot = tmp_path / "triangle.png"
    printed("--cohorts", "--plot", str(plot))
    picture = imread(plot)[:, :, :3]
    height, width, _ = picture.shape
    assert height > 100
    colourful = picture.max(axis=2) - picture.min(axis=2) > 0.2
    columns = slice(width // 3, 2 * width // 3)
    above, below = np.array_split(colourful[:, columns], 2)
    assert above.mean() > 0.3
    assert below.mean() < 0.05


def test_the_curve_is_drawn(printed, tmp_path):
    for suffix in ("png", "svg"):
        plot = tmp_path / f"curve.{suffix}"
        printed("--plot", str(plot))
        assert plot.stat().st_size > 5000
    assert {path.suffix for path in tmp_path.iterdir()} == {".png", ".svg", ".csv"}


@pytest.mark.filterwarnings("error::UserWarning")  # of matplotlib
def test_the_curve_of_one_day_is_drawn(printed, tmp_path):
    plot = tmp_path / "day.png"
    day = ("--active-from", "2017-04-02", "--active-to", "2017-04-02")
    printed(*day, "--plot", str(plot))
    assert plot.exists()


def test_the_plan_is_explained(printed):
    for query in ((), ("--users",), ("--cohorts",)):
        plan = printed(*query, "--explain")
        assert "(actual time=" in plan
        assert "Execution Time: " in plan


def test_the_plan_of_the_list_of_users_groups_no_users_that_are_alike(printed):
    assert "CTE alike" in printed("--cohorts", "--brackets", "1,3", "--explain")
    assert "CTE alike" not in printed("--cohorts", "--users", "--explain")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--explain", "--format", "json"), "leave out --format"),
        (("--explain", "--plot", "x.png"), "leave out"),
        (("--users", "--plot", "x.png"), "leave out --plot"),
        (("--users", "--growth"), "--users and --growth exclude each other"),
        (("--cohorts", "--period", "year"), "--period"),
        (("--cohorts", "--follow", "-1"), "--follow"),
        (("--cohorts", "--install-event", "x"), "no event of a user is called 'x'"),
        (("--cohorts", "--active-to", "2017-04-09"), "leave them out with --cohorts"),
        (("--users", "--install-date", "2017-04-04"), "from 2017-04-01 to 2017-04-03"),
        (("--plot", "x.doc"), ".png"),
        (("--plot", "nowhere/x.png"), "'nowhere/x.png' is not a file in a folder"),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(printed, arguments, part):
    assert part in printed(*arguments, status=2)
