"""Pictures of answers: all the time that was asked for, all bytes, and texts that can be read."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from matplotlib import style
from matplotlib.dates import num2date
from matplotlib.image import imread

from common.picture import STYLE
from tests.pictures import assert_readable, svg_texts, texts_in
from tests.q2.conftest import FIXTURES, run
from traffic.account import RowAccount
from traffic.answer import Answer
from traffic.page import description
from traffic.plot import MOST_BARS, figure_of
from traffic.question import OVER_TIME, Question
from traffic.timeline import MOST_BINS, timeline

LOG = FIXTURES / "cloudfront-26-fields.log"
HOSTILE = [
    "x" * 300,
    "長" * 300,
    "/שלום/عربى.jpg",
    "$a$_{b}^",
    "\U000f0000",
    "_x",
    "/圖片/新盤.jpg",
]


def answer_of(by: tuple[str, ...], groups: int | None = None, zone=UTC, **columns) -> Answer:
    """An answer whose table has these columns, of so many groups in all."""
    size = sum(columns["bytes"])
    number = len(columns["bytes"])
    question = Question(by=by, time_zone=zone)
    columns |= {"requests": [1] * number}
    total = {"requests": [number], "bytes": [size]}
    return Answer(question, total, {"bytes": columns}, groups or number, RowAccount())


@pytest.mark.parametrize("arguments", [[], ["--by", "extension"], ["--by", "hour"]])
def test_a_plot_changes_nothing_of_the_answer(tmp_path, arguments):
    path = tmp_path / "plot.png"
    finished = run(LOG, "--extension", "all", *arguments, "--plot", path)
    assert finished == run(LOG, "--extension", "all", *arguments)
    assert imread(path).std() > 0.05
    assert [file.name for file in tmp_path.iterdir()] == ["plot.png"]


@pytest.mark.parametrize("arguments", [[], ["--by", "url"]])
def test_a_plot_of_nothing_says_what_was_asked(tmp_path, arguments):
    path = tmp_path / "plot.svg"
    nothing = ["--from", "2020-01-01", "--extension", "css", *arguments]
    assert run(LOG, *nothing, "--plot", path) == run(LOG, *nothing)
    texts = svg_texts(path)
    assert "No request counts." in texts
    assert "Asked for: .css files, 2020-01-01 to 2020-01-01, UTC" in texts


def test_the_source_has_rows_and_period(tmp_path):
    path = tmp_path / "plot.svg"
    run(LOG, "--by", "url", "--time-zone", "Asia/Hong_Kong", "--plot", path)
    rows = "Source: 8 requests of 8 rows read; all files"
    source = f"{rows}, 2017-08-24 to 2017-08-26, Asia/Hong_Kong"
    assert source in svg_texts(path)


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", "2023-10-29", 25),
        ("Europe/Berlin", "2023-03-26", 23),
        ("America/Havana", "2017-11-05", 25),  # clocks go back over midnight
        ("America/Sao_Paulo", "2017-10-15", 23),  # there is no midnight
        ("Australia/Lord_Howe", "2023-04-02", 24),  # by half an hour
        ("Africa/Monrovia", "1971-05-05", 24),  # an offset with seconds
    ],
)
@pytest.mark.parametrize("by", [OVER_TIME, ("hour",)])
def test_every_hour_of_a_day_is_there_once(name, day, hours, by):
    zone = ZoneInfo(name)
    begin = datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC)
    local = [(begin + timedelta(minutes=30 * half)).astimezone(zone) for half in range(2 * hours)]
    names = [time.replace(minute=0).isoformat(timespec="minutes") for time in local]
    table = pd.DataFrame({"hour": list(dict.fromkeys(names)), "extension": "jpg", "bytes": 1})
    line = timeline(table, by)
    (sizes,) = line.bytes.values()
    assert line.bin == "hour"
    assert sizes.sum() == len(table)
    assert len(sizes) == pytest.approx(hours, abs=int("Lord_Howe" in name))
    first = line.edges[0].astype(datetime).replace(tzinfo=UTC).astimezone(zone)
    assert first.replace(minute=0).isoformat(timespec="minutes") == names[0]


@pytest.mark.parametrize(
    ("days", "kind", "frequency"),
    [(MOST_BINS, "day", "D"), (MOST_BINS + 1, "week", "W"), (8000, "month", "MS")],
)
def test_all_days_are_drawn_in_bins_that_can_be_seen(days, kind, frequency):
    """pandas computes the sums again; a month without traffic stays a gap."""
    index = pd.date_range("2000-01-05", periods=days)
    bytes_of = np.arange(1, days + 1)
    kept = ~index.isin(pd.date_range("2001-02-01", "2001-03-10"))
    names = index.strftime("%Y-%m-%d")
    table = pd.DataFrame({"date": names, "bytes": bytes_of})[kept].reset_index(drop=True)
    line = timeline(table, ("date",))
    expected = pd.Series(bytes_of[kept], index[kept]).resample(frequency).sum()
    assert line.bin == kind
    assert line.bytes["all"].tolist() == expected.tolist()
    assert 0 in line.bytes["all"]
    starts = expected.index - pd.Timedelta(6 * (kind == "week"), "D")  # pandas names the Sunday
    assert line.edges[:-1].astype("datetime64[D]").tolist() == [day.date() for day in starts]


def test_hours_are_days_where_there_are_many():
    names = [f"2023-01-{day:02}T{hour:02}:00+08:00" for day in range(1, 32) for hour in (0, 23)]
    table = pd.DataFrame({"hour": names, "extension": "jpg", "bytes": 1})
    line = timeline(table, OVER_TIME)
    assert (line.bin, line.bytes["jpg"].tolist()) == ("day", [2] * 31)
    assert timeline(table, ("hour",)).bin == "hour"


def test_small_extensions_are_put_together():
    extensions = [f"e{number}" for number in range(20)]
    table = pd.DataFrame(
        {"hour": "2023-01-01T00:00+00:00", "extension": extensions, "bytes": range(20)}
    )
    line = timeline(table, OVER_TIME)
    assert list(line.bytes) == ["e19", "e18", "e17", "e16", "e15", "e14", "e13", "others"]
    assert sum(sizes.sum() for sizes in line.bytes.values()) == sum(range(20))


def test_hours_are_written_in_the_zone_that_was_asked_for():
    zone = ZoneInfo("Asia/Kolkata")
    hours = [f"2023-01-01T{hour:02}:00+05:30" for hour in range(24)]
    with style.context(STYLE):
        figure = figure_of(answer_of(("hour",), zone=zone, hour=hours, bytes=[1] * 24))
        texts_in(figure)
    (axes,) = figure.axes
    assert num2date(axes.get_xlim()[0], zone).isoformat() == "2023-01-01T00:00:00+05:30"
    assert "06:00" in [text.get_text() for text in axes.get_xticklabels()]


@pytest.mark.parametrize("groups", [1, 100, 10_000])
def test_all_bytes_are_in_the_bars(groups):
    sizes = sorted(range(1, groups + 1), reverse=True)
    names = [f"/{number}" for number in range(groups)]
    shown = {"url": names[:40], "bytes": sizes[:40]}  # as --top 40 cuts them
    with style.context(STYLE):
        total = {"requests": [groups], "bytes": [sum(sizes)]}
        answer = Answer(Question(by=("url",)), total, {"bytes": shown}, groups, RowAccount())
        (axes,) = figure_of(answer).axes
    assert sum(bar.get_width() for bar in axes.patches) == sum(sizes)
    assert len(axes.patches) == min(groups, MOST_BARS + 1)
    last = axes.get_yticklabels()[-1].get_text()
    assert last == ("/0" if groups == 1 else f"{groups - MOST_BARS:,} others")


@pytest.mark.parametrize("groups", [0, 1, 100, 10_000])
def test_texts_of_bars_can_be_read(groups):
    names = (HOSTILE * 6)[: min(groups, 35)]
    sizes = [10**15 // (place + 1) for place in range(len(names))]
    with style.context(STYLE):
        assert_readable(figure_of(answer_of(("url",), groups, url=names, bytes=sizes)))


@pytest.mark.parametrize("days", [1, 2, 100, 10_000])
def test_texts_of_a_time_axis_can_be_read(days):
    names = [f"{date(1990, 1, 1) + timedelta(days=day)}T23:00+00:00" for day in range(days)]
    extensions = [HOSTILE[day % len(HOSTILE)][:12] for day in range(days)]
    columns = {"hour": names, "extension": extensions, "bytes": [10**12] * days}
    with style.context(STYLE):
        assert_readable(figure_of(answer_of(OVER_TIME, **columns)))


def test_an_extension_that_begins_with_an_underscore_is_in_the_legend():
    hours = [f"2017-08-24T0{hour}:00+00:00" for hour in range(3)]
    sizes = {"hour": hours, "extension": ["_tmp", "jpg", "_tmp"], "bytes": [5, 1, 2]}
    (axes,) = figure_of(answer_of(OVER_TIME, **sizes)).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["_tmp", "jpg"]


def test_an_answer_in_words_names_the_largest_groups():
    hosts, names = list("aabbab"), [f".{number}" for number in range(6)]
    sizes = [10, 2000, 300, 40, 5, 1]
    answer = answer_of(("host", "extension"), host=hosts, extension=names, bytes=sizes)
    assert description(answer) == (
        "Bytes by host and extension, 2,356 in all; "
        "the largest: a .1 2,000, b .2 300, b .3 40, a .0 10, a .4 5."
    )
    nothing = answer_of(("host",), host=[], bytes=[])
    assert description(nothing) == "Bytes by host, 0 in all; the largest: none."
