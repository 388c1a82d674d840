"""The grammar of times: what is read as which moment, and what is refused, in any company."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import click
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.time_format import TimeFormat
from events.times import (
    DAY_AND_TIME,
    END,
    FIRST,
    OUTSIDE_YEARS,
    SPREADSHEET,
    WRONG_TIME,
    moments,
    reason,
)
from events.times.dates import date_ticks, uniform_ticks
from events.times.epoch import number_ticks

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
READ = {
    "2017-04-01": "2017-04-01T00:00:00+00:00",
    "2017/04/01": "2017-04-01T00:00:00+00:00",
    "20170401": "2017-04-01T00:00:00+00:00",
    "20170401.0": "2017-04-01T00:00:00+00:00",  # as pandas writes days between missing ones
    "2017-04-01T10:00": "2017-04-01T10:00:00+00:00",
    "2017-04-01 10:00:59": "2017-04-01T10:00:59+00:00",
    "2017/04/01 10:00:59": "2017-04-01T10:00:59+00:00",
    "20170401T100000Z": "2017-04-01T10:00:00+00:00",
    "20170401T1000": "2017-04-01T10:00:00+00:00",
    "2017-04-01T10:00:00,5": "2017-04-01T10:00:00.500000+00:00",
    "2017-04-01T23:59:59.9999999Z": "2017-04-01T23:59:59.999999+00:00",
    "1969-12-31T23:59:59.9999999Z": "1969-12-31T23:59:59.999999+00:00",
    "2017-04-01 10:00:00 UTC": "2017-04-01T10:00:00+00:00",
    "2017-04-01 10:00:00+08": "2017-04-01T02:00:00+00:00",
    "2017-04-01 10:00:00+0530": "2017-04-01T04:30:00+00:00",
    "2017-04-01T10:00:00.25 -03:30": "2017-04-01T13:30:00.250000+00:00",
    "2017-04-01+08": "2017-03-31T16:00:00+00:00",
    "2016-02-29": "2016-02-29T00:00:00+00:00",
    "0002-01-01": "0002-01-01T00:00:00+00:00",
    "0001-12-31 23:00-02": "0002-01-01T01:00:00+00:00",
    "9998-12-31 23:59:59.999999": "9998-12-31T23:59:59.999999+00:00",
    "0": "1970-01-01T00:00:00+00:00",
    "-1.5": "1969-12-31T23:59:58.500000+00:00",
    "-0.0000001": "1969-12-31T23:59:59.999999+00:00",
    "1491004800": "2017-04-01T00:00:00+00:00",
    "1491091199.9999999": "2017-04-01T23:59:59.999999+00:00",
    "1.5e9": "2017-07-14T02:40:00+00:00",
    "1491004800000": "2017-04-01T00:00:00+00:00",
    "1491091199999.9999": "2017-04-01T23:59:59.999999+00:00",
    "1491004800000001": "2017-04-01T00:00:00.000001+00:00",
    "1491091199999999999": "2017-04-01T23:59:59.999999+00:00",
    "-2208988800": "1900-01-01T00:00:00+00:00",
    "-2208988800000": "1900-01-01T00:00:00+00:00",
    "4294967296": "2106-02-07T06:28:16+00:00",
    "99999999999": "5138-11-16T09:46:39+00:00",
    "100000000000": "1973-03-03T09:46:40+00:00",
}
REFUSED = {
    **dict.fromkeys(
        [
            *("now", "epoch", "today", "infinity", "-infinity", "nan"),
            *("04/02/17", "01/04/2017", "2017-04-01 10:00 PM", "2017-04-01 10:00 IST"),
            *("2017-04-01T24:00:00", "2017-04-01 10", "2016-12-31T23:59:60Z", "2017-02-29"),
            *("1900-02-29", "2017-04-31", "2017-00-01", "2017-04/01", "2017-0401"),
            *("2017-04-01 10:0000", "2017-04-01T10:60", "20171301", "2017-04-01T10:00+24"),
            *("2017-04-01T10:00+08:60", "2017-04-01T10:00:00.", "00170401T00", "9999-01-01"),
            *("0001-12-31", "-99999999999", "-99999999999999", "0x1F", ".5", "1_000"),
            *("9999999999999999999", "1e999999999", "1e-999999999", " 2017-04-01"),
            *("2017-04-01\n", "２０１７-04-01", "١", "20170401.5", "+20170401", "Apr 1 2017"),
            *("2017-091", "2017-W13-6"),
        ],
        WRONG_TIME,
    ),
    **dict.fromkeys(["42826", "42826.4166", "20000", "80000.5", "42826.0"], SPREADSHEET),
    **dict.fromkeys(["20170401103000", "201704011030"], DAY_AND_TIME),
    "": "no time",
}


def read(texts: list[str | None], time_format: str | None = None) -> list[datetime | None]:
    """The moments of texts, computed from their ticks, without a database of time zones."""
    ticks = moments(pa.array(texts, pa.string()), time_format).cast(pa.int64()).to_pylist()
    return [tick if tick is None else EPOCH + timedelta(microseconds=tick) for tick in ticks]


@pytest.mark.parametrize("text", READ)
def test_it_is_read_alone_and_in_any_company(text):
    expected = datetime.fromisoformat(READ[text])
    assert read([text]) == [expected]
    assert read([None, text, "now", text]) == [None, expected, None, expected]


@pytest.mark.parametrize("text", REFUSED)
def test_it_is_refused_alone_and_in_any_company(text):
    good = datetime(2017, 4, 1, tzinfo=UTC)
    assert read([text]) == [None]
    for other in ("2017-04-01", "2017-04-01T00:00:00Z", "1491004800", "2017-04-01 00:00:00+00"):
        assert read([other, text]) == [good, None]
        assert read([text, other]) == [None, good]
    assert reason(pa.scalar(text)) == REFUSED[text]


def test_the_order_of_rows_does_not_matter():
    texts = [*READ, *REFUSED]
    expected = [read([text])[0] for text in texts]
    assert read(texts) == expected
    assert read(texts[::-1]) == expected[::-1]


DATES = st.dates(date(2, 1, 2), date(9998, 12, 30))
CLOCKS = st.tuples(*(st.integers(0, 99) for _ in range(3)))
OFFSETS = st.tuples(st.sampled_from("+-"), st.integers(0, 15), st.sampled_from((0, 30, 45)))


@st.composite
def written(draw) -> tuple[str, datetime | None]:
    """A time as somebody may write it, and its moment by Python's own arithmetic."""
    day, (hour, minute, second) = draw(DATES), draw(CLOCKS)
    digits = draw(st.text("0123456789", max_size=9))
    sign, hours, minutes = draw(OFFSETS)
    text = day.isoformat() + draw(st.sampled_from("T ")) + f"{hour:02}:{minute:02}:{second:02}"
    text += f".{digits}" * bool(digits) + f"{sign}{hours:02}:{minutes:02}"
    if hour > 23 or minute > 59 or second > 59:
        return text, None
    microsecond = int(digits[:6].ljust(6, "0"))
    local = datetime(*day.timetuple()[:3], hour, minute, second, microsecond, UTC)
    return text, local - timedelta(hours=hours, minutes=minutes) * (1 if sign == "+" else -1)


@given(st.lists(written(), max_size=5))
def test_drawn_dates_are_the_moments_that_python_computes(drawn):
    assert read([text for text, _ in drawn]) == [moment for _, moment in drawn]


@given(st.decimals(-(10**14), 10**14, allow_nan=False, places=8))
def test_drawn_numbers_are_the_moments_that_their_digits_say(number):
    size = abs(number)
    scale = 10**6 if size < 10**11 else 1000 if size < 10**14 else 1
    ticks = math.floor(number * scale)
    doubtful = 20_000 <= number < 80_001 or 19_000_000 <= number < 30_000_000
    if doubtful or reason(pa.scalar(f"{number:f}")) == DAY_AND_TIME or not FIRST <= ticks < END:
        assert read([f"{number:f}"]) == [None]
    else:
        assert read([f"{number:f}"]) == [EPOCH + timedelta(microseconds=ticks)]


@pytest.mark.parametrize(
    "text",
    [
        *("2017-04-01", "2017-04-01 10:00:00", "2017-04-01T10:00:00.5Z", "1491004800"),
        *("2017-04-01T10:00:00.1234567+08:00", "2017-04-01 10:00:00,5 UTC", "-1491004800.25"),
    ],
)
def test_usual_times_are_read_fast(text):
    assert uniform_ticks(pa.array([text])).null_count == 0


SHAPES = st.from_regex(
    r"\A(20(1[67]|00)[-/]?[0-2][0-9][-/]?[0-3][0-9]"
    r"([T ][0-2][0-9](:?[0-6][0-9]){0,2}([.,][0-9]{1,8})?)?"
    r" ?(Z|UTC|[+-][0-2][0-9](:?[0-6][0-9])?)?|-?[0-9]{1,19}(\.[0-9]{0,8})?)\Z"
)


@given(SHAPES, st.sampled_from(["", "0x", " ", "\n", "Z"]))
def test_what_is_read_fast_is_what_the_patterns_read(text, more):
    for texts in ([text], [text + more], [more + text], [text, text], [text, text + more]):
        column = pa.array(texts)
        fast = uniform_ticks(column)
        if fast is not None:
            assert fast.equals(pc.coalesce(date_ticks(column), number_ticks(column)))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1491004800, None]), "2017-04-01T00:00:00+00:00"),
        (pa.array([20170401, None]), "2017-04-01T00:00:00+00:00"),
        (pa.array([1491004800], pa.uint64()), "2017-04-01T00:00:00+00:00"),
        (pa.array([1491004800.25, None]), "2017-04-01T00:00:00.250000+00:00"),
        (pa.array([1.491004800000001e15]), "2017-04-01T00:00:00.000001+00:00"),
        (pa.array([Decimal("1491091199.9999999")]), "2017-04-01T23:59:59.999999+00:00"),
        (pa.array([date(2017, 4, 1), None]), "2017-04-01T00:00:00+00:00"),
        (pa.array([1491004800], pa.timestamp("s")), "2017-04-01T00:00:00+00:00"),
        (pa.array([1491004800000], pa.timestamp("ms", "Asia/Tokyo")), "2017-04-01T00:00:00+00:00"),
        (pa.array([-1], pa.timestamp("ns")), "1969-12-31T23:59:59.999999+00:00"),
    ],
)
def test_columns_with_types_follow_the_same_rules(values, expected):
    ticks = moments(values).cast(pa.int64()).to_pylist()
    assert EPOCH + timedelta(microseconds=ticks[0]) == datetime.fromisoformat(expected)
    assert ticks[1:] == [None] * (len(values) - 1)


@pytest.mark.parametrize(
    "values",
    [
        pa.array([42826, 42826]),
        pa.array([42826.4166, math.nan, math.inf, 1e300]),
        pa.array([20170401103000, -(2**63), 2**63 - 1]),
        pa.array([2**63 - 1, -(2**63)], pa.timestamp("s")),
        pa.array([2**63 - 1, -(2**63)], pa.timestamp("us", "UTC")),
    ],
)
def test_numbers_that_are_no_times_are_refused(values):
    assert moments(values).null_count == len(values)


BEYOND = {
    "in Tokyo it is the year 10000": pa.scalar(
        253_402_300_799 * 10**6, pa.timestamp("us", "Asia/Tokyo")
    ),
    "a time of no zone": pa.scalar(2**40, pa.timestamp("s")),
    "a time of an unknown zone": pa.scalar(2**40, pa.timestamp("s", "Nowhere/None")),
    "a date": pa.scalar(10**7, pa.int32()).cast(pa.date32()),
    "a date of the year 1": pa.scalar(date(1, 12, 31)),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_has_a_type_of_times_and_a_year_that_is_not_ours_is_refused(name):
    stored = BEYOND[name]
    assert moments(pa.array([stored])).null_count == 1
    assert reason(stored) == OUTSIDE_YEARS
    assert reason(pa.scalar(None, stored.type)) == "no time"


FORMATTED = {
    "%m/%d/%Y %I:%M %p": ("04/02/2017 10:00 PM", "2017-04-02T22:00:00+00:00"),
    "%d.%m.%y": ("2.4.17", "2017-04-02T00:00:00+00:00"),
    "%d %b %Y %H:%M:%S.%f": ("02 Apr 2017 23:59:59.9999999", "2017-04-02T23:59:59.999999+00:00"),
    "%Y%m%d%H%M%S": ("20170402103000", "2017-04-02T10:30:00+00:00"),
    "%Y-%m-%dT%H:%M%z": ("2017-04-02T10:00-0330", "2017-04-02T13:30:00+00:00"),
    "%Y-%j": ("2017-092", "2017-04-02T00:00:00+00:00"),
}


@pytest.mark.parametrize("time_format", FORMATTED)
def test_a_format_reads_the_times_written_so_and_no_others(time_format):
    text, expected = FORMATTED[time_format]
    assert TimeFormat().convert(time_format, None, None) == time_format
    others = ["04/31/2017 10:00 PM", "now", "today", "Now", "", None]
    assert read([text, *others], time_format) == [datetime.fromisoformat(expected)] + [None] * 6
    assert reason(pa.scalar("now"), time_format) == f"not a time of the format {time_format}"


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("%Y-%m-%d %H:%M:%S", "2017-04-01 23:59:60"),
        ("%Y-%m-%d %H:%M:%S", "2017-04-01 23:59:61"),
        ("%Y-%m-%d %H:%M:%S.%f", "2016-12-31 23:59:60.999"),
        ("%Y%m%d%H%M%S", "20170401235960"),
        ("%Y-%m-%d %H:%M:%S %z", "2017-04-01 23:59:60 +00:00"),
        ("%Y-%m-%d %H:%M%z", "2017-04-01 23:59+08:00:30"),
        ("%Y-%m-%d %H:%M%z", "2017-04-01 23:59+053"),
        ("%Y-%m-%d %H:%M%z", "2017-04-01 23:59+8"),
        ("%Y-%m-%d", "２０１７-04-01"),
    ],
)
def test_what_pandas_would_read_as_another_time_is_refused(time_format, text):
    assert read([text], time_format) == [None]


@given(DATES, CLOCKS, st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H.%M.%S", "%Y%m%d%H%M%S"]))
def test_a_format_reads_what_python_reads_by_it(day, clock, time_format):
    day_format, _, clock_format = time_format.partition("%H")
    hour, minute, second = (f"{number:02}" for number in clock)
    written = (f"%H{clock_format}").replace("%H", hour).replace("%M", minute).replace("%S", second)
    text = f"{day.year:04}".join(f"{day:{day_format}}".split(f"{day:%Y}")) + written
    try:
        expected = datetime.strptime(text, time_format).replace(tzinfo=UTC)
    except ValueError:
        expected = None
    assert read([text], time_format) == [expected]


@pytest.mark.parametrize(
    ("time_format", "part"),
    [
        ("ISO8601", "a year"),
        ("", "a year"),
        ("%H:%M", "a year"),
        ("%Y-%m", "a year, a month and a day"),
        ("%s", "%s"),
        ("%Y-%m-%d %Z", "%Z"),
        ("%Y-%m-%d %", "%"),
        ("%Y-%m-%d %Y", "twice"),
        ("%Y-%m-%d %H %I %p", "twice"),
        ("%Y-%m-%d %I:%M", "%I without %p"),
        ("%Y-%m-%d %H:%M %p", "%p without %I"),
        ("%Y-%m-%d %M", "%M without"),
    ],
)
def test_a_format_that_does_not_name_moments_is_refused(time_format, part):
    with pytest.raises(click.UsageError, match=part):
        TimeFormat().convert(time_format, None, None)
