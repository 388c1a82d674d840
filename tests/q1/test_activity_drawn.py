"""Retention, growth and stickiness of drawn logs are those that pandas finds in the same events."""

import random
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pandas as pd
import psycopg2
import pytest
from psycopg2.extras import execute_values

from activity.counts import Group
from activity.growth import Growth, growth_of
from activity.inquiry import ActivityInquiry
from activity.retention import retention_of
from activity.stickiness import Stickiness, stickiness_of
from events.roles import Roles
from events.table import existing_table
from events.view import View
from retention.questions import Question
from tests.q1.test_drawn_logs import ZONES, drawn, limits_of

WEEKS = {"monday": 0, "saturday": 5, "sunday": 6}
NAMES = ["FIRST_INSTALL", "x", "y", "push", None]
KNOWN = {
    "table": "pg_temp.drawn", "overview": False, "period": "day", "week_start": "monday",
    "follow": None, "window": None, "brackets": (), "ages": (), "by": None, "top": 10, "plot": None,
    "users": False, "quality": False,
    "html": None, "growth": False, "stickiness": False, "return_event": (), "exclude_event": (),
    "cohort_by": "install", "install_event": "FIRST_INSTALL",
}  # fmt: skip


@pytest.fixture(scope="module")
def connection(postgres_url):
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(
            "CREATE TEMP TABLE drawn (uid text, time timestamptz, event_name text, properties json)"
        )
    yield connection
    connection.close()


def drawn_log(generator: random.Random, zone: str) -> pd.DataFrame:
    """Events of a drawn log, with names and countries of their own."""
    log = pd.DataFrame(drawn(generator, zone), columns=["uid", "time", "name"], dtype=object)
    names = generator.choices(NAMES, [3, 5, 3, 2, 1], k=len(log))
    countries = generator.choices(["HK", "tw", "é", None], [4, 3, 2, 1], k=len(log))
    return log.assign(
        name=pd.Series(names, dtype=object), country=pd.Series(countries, dtype=object)
    )


def write(connection, log: pd.DataFrame) -> None:
    """Put a log into the table, of which the planner has seen only the first half."""
    rows = [
        (uid, time, name, None if country is None else f'{{"country": "{country}"}}')
        for uid, time, name, country in log.itertuples(index=False)
    ]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE drawn")
        for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            cursor.execute("ANALYZE drawn")
            if part:
                execute_values(cursor, "INSERT INTO drawn VALUES %s", part)


def asked_of(connection, zone: str, limits: dict, **options) -> ActivityInquiry:
    """A question about the table."""
    options = SimpleNamespace(**KNOWN | options)
    first = options.cohort_by == "first-event"
    days = (date(2017, 4, 1), date(2017, 4, 2), date(2017, 4, 8))
    question = Question(
        "FIRST_INSTALL", *days, zone, limits.get("from_day"), limits.get("to_day"), first
    )
    roles = Roles(None if first else "FIRST_INSTALL", options.return_event, options.exclude_event)
    by = options.by and ("properties", "country")
    source = existing_table(connection, "pg_temp.drawn", {}, by and "properties.country")
    assert source.value == (by or ())
    return ActivityInquiry(connection, options, question, View([source], zone, roles), None)


def prepared(log: pd.DataFrame, zone: str, limits: dict, **options) -> pd.DataFrame:
    """The events of users within the limits: their day, and whether they start and return."""
    log = log.assign(day=[time.astimezone(ZoneInfo(zone)).date() for time in log["time"]])
    log = log[
        (log["day"] >= limits.get("from_day", date.min))
        & (log["day"] <= limits.get("to_day", date.max))
    ]
    kept = ~log["name"].isin(options["exclude_event"])
    returns = kept & (log["name"].isin(options["return_event"]) | (not options["return_event"]))
    starts = kept if options["cohort_by"] == "first-event" else log["name"] == "FIRST_INSTALL"
    return log.assign(starts=starts, returns=returns)


def start_of(day: date, period: str, week_start: str) -> date:
    """The first day of a period, by the calendar of pandas."""
    if period == "day":
        return day
    code = (
        "M"
        if period == "month"
        else f"W-{['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'][WEEKS[week_start]]}"
    )
    return pd.Period(day, code).start_time.date()


def after(start: date, period: str, number: int) -> date:
    """The first day of the period so many periods later."""
    offset = {"day": pd.DateOffset(days=number), "week": pd.DateOffset(weeks=number)}
    return (pd.Timestamp(start) + offset.get(period, pd.DateOffset(months=number))).date()


def groups_of(first: pd.DataFrame, counted: pd.Series, top: int, by: bool) -> dict:
    """The group of each user, by the values that most of the `counted` users have."""
    if not by:
        return dict.fromkeys(first.index, Group(None))
    sizes = counted.value_counts()
    order = sorted(sizes.index, key=lambda value: (-sizes[value], value.encode()))[:top]
    return {
        uid: Group(None) if value is None else Group(value) if value in order else Group(None, True)
        for uid, value in first["country"].items()
    }


def users_of(log: pd.DataFrame) -> pd.DataFrame:
    """One row per user: the first start, its day and country."""
    log = log[log["uid"].notna() & (log["uid"] != "")]
    starts = log[log["starts"]].copy()
    starts["key"] = starts["country"].map(lambda it: "\U0010ffff" if it is None else it)
    starts = starts.sort_values(["time", "key"]).drop_duplicates("uid").set_index("uid")
    users = starts.reindex(sorted(set(log["uid"])))[["time", "day", "country"]]
    return users.astype(object).where(users.notna(), None)


@cache
def local_midnight(day: date, zone: str) -> pd.Timestamp:
    """The first moment from which on no clock shows a day before this one."""
    start = pd.Timestamp(day, tz="UTC") - pd.Timedelta("2D")
    minutes = pd.date_range(start, periods=4 * 1440, freq="min").tz_convert(ZoneInfo(zone))
    before = [moment for moment in minutes if moment.date() < day]
    return before[-1] + pd.Timedelta("1min")


def retention(log: pd.DataFrame, zone: str, options: dict) -> dict:
    """Users of each group and cohort, and by first age those active in and after it."""
    users, last_day = users_of(log), log["day"].max()
    period, weeks, hours = options["period"], options["week_start"], options["window"]
    members = users[users["day"].notna()]
    groups = groups_of(members, members["country"].dropna(), options["top"], options["by"])
    firsts = [0, *(last + 1 for last in (0, *options["brackets"]))]
    spans = list(zip(firsts, (0, *options["brackets"]), strict=False))
    cohorts = {uid: start_of(day, period, weeks) for uid, day in members["day"].items()}
    if not cohorts:
        return {}
    oldest = min(cohorts.values())
    ages = {uid: set() for uid in cohorts}
    for uid, time, day in log.loc[log["returns"], ["uid", "time", "day"]].itertuples(index=False):
        if uid not in ages:
            continue
        if hours:
            age = (time - members.loc[uid, "time"]) // timedelta(hours=hours)
        else:
            age = number_between(cohorts[uid], start_of(day, period, weeks), period)
        ages[uid].add(age)
    if hours:
        end = local_midnight(last_day + timedelta(1), zone)
        reached = (24 * (last_day + timedelta(1) - oldest).days - 1) // hours
    else:
        reached = number_between(oldest, start_of(last_day, period, weeks), period)
    if not options["brackets"]:
        follow = 366 if options["follow"] is None else options["follow"]
        spans = [(age, age) for age in range(min(reached, follow) + 1)]
    table = {}
    for uid, cohort in cohorts.items():
        _, on, later = table.setdefault((groups[uid], cohort), [0, {}, {}])
        table[groups[uid], cohort][0] += 1
        for first, last in spans:
            if first > reached:
                continue
            if hours:
                over = end - local_midnight(after(cohort, period, 1), zone) >= timedelta(
                    hours=hours * (last + 1)
                )
            else:
                over = after(cohort, period, last + 1) <= last_day + timedelta(1)
            on[first] = (
                on.get(first, 0) + any(first <= age <= last for age in ages[uid]) if over else None
            )
            later[first] = (
                later.get(first, 0) + any(first <= age for age in ages[uid]) if over else None
            )
    return table


def number_between(start: date, other: date, period: str) -> int:
    """How many periods begin after one and until another."""
    if period == "month":
        return 12 * (other.year - start.year) + other.month - start.month
    return (other - start).days // (7 if period == "week" else 1)


def drawn_options(generator: random.Random) -> dict:
    """What counts, drawn."""
    return KNOWN | {
        "period": generator.choice(["day", "week", "month"]),
        "week_start": generator.choice(list(WEEKS)),
        "return_event": generator.choice([(), (), ("x",), ("x", "FIRST_INSTALL")]),
        "exclude_event": generator.choice([(), (), ("push",), ("push", "y")]),
        "cohort_by": generator.choice(["install", "first-event"]),
        "by": generator.choice([None, "properties.country"]),
        "top": generator.choice([1, 2, 10]),
    }


def cases(connection, generator: random.Random, number: int):
    """Drawn logs with drawn options, whose names are all in them."""
    for _ in range(number):
        zone = generator.choice(ZONES)
        log = drawn_log(generator, zone)
        limits, options = (
            limits_of(generator, log[["uid", "time", "name"]].values.tolist(), zone),
            drawn_options(generator),
        )
        events = prepared(log, zone, limits, **options)
        named = set(log.loc[log["uid"].notna() & (log["uid"] != ""), "name"])
        if not {*options["return_event"], *options["exclude_event"]} <= named:
            continue
        if events["uid"].replace("", None).notna().any():
            write(connection, log)
            yield zone, limits, options, events


def first_difference(found: dict, expected: dict) -> tuple | None:
    """The first key at which two answers differ, with both values; None if they are equal."""
    keys = sorted(found.keys() | expected.keys(), key=str)
    differ = (it for it in keys if found.get(it) != expected.get(it))
    return next(((it, found.get(it), expected.get(it)) for it in differ), None)


@pytest.mark.parametrize("seed", range(2))
def test_retention(connection, seed):
    generator = random.Random(seed)  # noqa: S311
    for zone, limits, options, events in cases(connection, generator, 25):
        options |= generator.choice([{}, {"window": 24}, {"window": 7}, {"window": 48}])
        options |= generator.choice([{}, {"follow": 3}, {"brackets": (1, 3, 7)}])
        if options["window"] == 7 and not options["brackets"]:
            options |= {"follow": 40}
        expected = retention(events, zone, options)
        asked = asked_of(connection, zone, limits, **options)
        if not expected:
            continue
        found = {
            (group, cohort.start): [
                cohort.users,
                dict(zip([age.first for age in answer.ages], cohort.active_on, strict=True)),
                dict(
                    zip([age.first for age in answer.ages], cohort.active_on_or_after, strict=True)
                ),
            ]
            for answer in [retention_of(connection, asked.view, asked.found()[0], asked.measure)]
            for group, cohorts in answer.groups.items()
            for cohort in cohorts
        }
        assert first_difference(found, expected) is None, (zone, limits, options)


def active_days(events: pd.DataFrame, with_starts: bool) -> tuple[dict, pd.DataFrame]:
    """The days on which each user was active, or started; and the users."""
    users = users_of(events)
    known = events[events["uid"].isin(users.index) & events["returns"]]
    days = {uid: set(known.loc[known["uid"] == uid, "day"]) for uid in users.index}
    if with_starts:
        for uid, day in users["day"].dropna().items():
            days[uid].add(day)
    return days, users


def test_growth(connection):
    generator = random.Random(100)  # noqa: S311
    for zone, limits, options, events in cases(connection, generator, 25):
        options |= {"growth": True}
        period, weeks = options["period"], options["week_start"]
        days, users = active_days(events, True)
        groups = groups_of(users, users["country"].dropna(), options["top"], options["by"])
        first, last = (
            start_of(day, period, weeks) for day in (min(events["day"]), max(events["day"]))
        )
        expected, start = {}, first
        while start <= last:
            over = after(start, period, 1) <= max(events["day"]) + timedelta(1)
            before = start_of(start - timedelta(1), period, weeks)
            for group in {groups[uid] for uid in users.index if days[uid]}:
                counts = {"active": 0, "new": 0, "retained": 0, "resurrected": 0, "churned": 0}
                for uid in users.index[[groups[uid] == group for uid in users.index]]:
                    periods = {start_of(day, period, weeks) for day in days[uid]}
                    day = users.loc[uid, "day"]
                    new = day is not None and start_of(day, period, weeks) == start
                    kind = "retained" if before in periods else "new" if new else "resurrected"
                    counts["active"] += start in periods
                    counts[kind] += start in periods
                    counts["churned"] += before in periods and start not in periods
                if start == first:
                    counts |= dict.fromkeys(("retained", "resurrected", "churned"))
                expected[group, start] = (
                    Growth(start, *counts.values()) if over else Growth(start, *[None] * 5)
                )
            start = after(start, period, 1)
        found, _, _ = asked_of(connection, zone, limits, **options).found()
        rows = {
            (group, row.start): row
            for group, counts in found.groups.items()
            for row in growth_of(found, counts)
        }
        assert first_difference(rows, expected) is None, (zone, limits, options)


def test_one_day(connection):
    generator = random.Random(300)  # noqa: S311
    for zone, limits, options, events in cases(connection, generator, 25):
        day, first, last = sorted(generator.choices(list(events["day"]), k=3))
        starts = events[events["starts"] & events["uid"].notna() & (events["uid"] != "")]
        if options["cohort_by"] == "first-event":
            starts = starts[starts["day"] == starts.groupby("uid")["day"].transform("min")]
        users = users_of(starts[starts["day"] == day])
        active = events[events["returns"] & (events["day"] >= first) & (events["day"] <= last)]
        groups = groups_of(users, users["country"].dropna(), options["top"], options["by"])
        expected = {}
        for uid, group in groups.items():
            installed, retained = expected.get(group, (0, 0))
            expected[group] = (installed + 1, retained + (uid in set(active["uid"])))
        asked = asked_of(connection, zone, limits, **options)
        days = {"install_date": day, "active_from": first, "active_to": last}
        asked = replace(asked, question=replace(asked.question, **days))
        rows, _ = asked.ask_by_user(
            "one_day", first_event=asked.question.first_event, largest=options["top"]
        )
        assert {Group(*row[:2]): tuple(row[2:]) for row in rows} == expected, (
            zone,
            limits,
            options,
        )


def test_stickiness(connection):
    generator = random.Random(200)  # noqa: S311
    for zone, limits, options, events in cases(connection, generator, 25):
        options |= {"stickiness": True, "period": "day"}
        days, users = active_days(events, False)
        groups = groups_of(users, users["country"].dropna(), options["top"], options["by"])
        expected, first = {}, min(events["day"])
        for number in range((max(events["day"]) - first).days + 1):
            day = first + timedelta(number)
            for group in {groups[uid] for uid in users.index if days[uid]}:
                counts = [
                    sum(
                        any(day - timedelta(length) < it <= day for it in days[uid])
                        for uid in users.index
                        if groups[uid] == group
                    )
                    if number + 1 >= length
                    else None
                    for length in (1, 7, 30)
                ]
                expected[group, day] = Stickiness(day, *counts)
        found, _, _ = asked_of(connection, zone, limits, **options).found()
        rows = {
            (group, row.day): row
            for group, counts in found.groups.items()
            for row in stickiness_of(found, counts)
        }
        assert first_difference(rows, expected) is None, (zone, limits, options)
