"""The answers about drawn logs are those that plain Python finds, event by event."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from psycopg2.extras import execute_values

from retention.inquiry import Inquiry
from retention.questions import cohorts_of
from tests.q1.conftest import inquiry, triangle_rows

ZONES = (
    "UTC", "Asia/Hong_Kong", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe",
)  # fmt: skip
SPANS = (1, 10, 55, 56, 57, 58, 60, 61, 62, 130, 700)  # days; a number has bits for 60 periods
INSTALL = "FIRST_INSTALL"


def drawn(generator: random.Random, zone: str) -> list[tuple]:
    """Events (uid, time, name) of few users, some of nobody, some at midnight or clock changes."""
    start = datetime(generator.choice([2006, 2011, 2017]), generator.randint(1, 12), 27, tzinfo=UTC)
    near = generator.choice([0, 0.1, 1])  # the share of events within 90 minutes of a change
    span, users = generator.choice(SPANS), generator.choice([1, 3, 12])
    events, changes = [], changes_of(zone, start.year)
    changes, latest = changes[-generator.choice([1, 9]) :], generator.choice([2, 40, 90])
    for _ in range(generator.choice([1, 5, 60, 250])):
        days = generator.random() * span
        time = start + timedelta(days=generator.choice([days, int(days), int(days * 24) / 24]))
        if changes and generator.random() < near:
            minutes = generator.choice(
                [generator.randrange(-90, latest), generator.randrange(-2, 2)]
            )
            time = generator.choice(changes) + timedelta(minutes=minutes, seconds=30)
        uid = generator.choices([f"u{generator.randrange(users)}", None, ""], [18, 1, 1])[0]
        events.append((uid, time, generator.choices([INSTALL, "x", None], [2, 5, 1])[0]))
    return events


@cache
def changes_of(zone: str, year: int) -> list[datetime]:
    """The minutes of a year at which clocks of a zone are set."""
    start, clock = datetime(year, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    days = [start + timedelta(days=n) for n in range(366)]
    offset = {day: day.astimezone(clock).utcoffset() for day in days}
    return [
        minute
        for day, after in pairwise(days)
        if offset[day] != offset[after]
        for minute in (day + timedelta(minutes=n) for n in range(1440))
        if (minute - timedelta(minutes=1)).astimezone(clock).utcoffset()
        != minute.astimezone(clock).utcoffset()
    ]


def limits_of(generator: random.Random, events: list[tuple], zone: str) -> dict[str, date]:
    """Limits of the data: none, one or both, near the days of the events."""
    days = sorted({time.astimezone(ZoneInfo(zone)).date() for _, time, _ in events})
    first, last = sorted(generator.choice([days[0], days[-1], *days]) for _ in range(2))
    drawn = {"from_day": first, "to_day": last + timedelta(days=generator.choice([0, 0, 1]))}
    return {name: day for name, day in drawn.items() if generator.random() < 0.5}


def period_of(day: date, period: str) -> int:
    """The number of the period that a day lies in."""
    numbers = {"day": day.toordinal(), "week": (day.toordinal() - 1) // 7}
    return numbers.get(period, 12 * day.year + day.month)


def first_day_of(day: date, period: str) -> date:
    """The first day of the period that a day lies in."""
    return {"day": day, "week": day - timedelta(days=day.weekday())}.get(period, day.replace(day=1))


def is_over(number: int, period: str, last_day: date) -> bool:
    """Whether a period is over by the end of the last day."""
    return period_of(last_day + timedelta(days=1), period) > number


def local(events: list[tuple], zone: str, from_day=date.min, to_day=date.max) -> list[tuple]:
    """The events (uid, day, name) of the days within the limits."""
    days = [(uid, time.astimezone(ZoneInfo(zone)).date(), name) for uid, time, name in events]
    return [event for event in days if from_day <= event[1] <= to_day]


def counted(days: list[tuple], period: str, follow: int | None) -> list[tuple]:
    """The cohorts by definition: sets of users by period and age."""
    last_day = max(day for _, day, _ in days)
    installs, visits = defaultdict(list), defaultdict(set)
    for uid, day, name in days:
        if uid:
            visits[uid].add(period_of(day, period))
            if name == INSTALL:
                installs[uid].append(day)
    cohorts = defaultdict(list)
    for uid, found in installs.items():
        cohorts[first_day_of(min(found), period)].append(uid)
    if not cohorts:
        return []
    oldest = period_of(last_day, period) - period_of(min(cohorts), period)
    ages = range(min(oldest, 366 if follow is None else follow) + 1)
    table = []
    for start, users in sorted(cohorts.items()):
        first = period_of(start, period)
        on = [sum(first + age in visits[uid] for uid in users) for age in ages]
        later = [sum(max(visits[uid]) >= first + age for uid in users) for age in ages]
        seen = [is_over(first + age, period, last_day) for age in ages]
        rows = [[n if s else None for n, s in zip(c, seen, strict=True)] for c in (on, later)]
        table.append((start, len(users), *rows))
    return table


@pytest.mark.parametrize("seed", range(8))
def test_every_answer(postgres_url, seed):
    generator = random.Random(seed)  # noqa: S311
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute("CREATE TEMP TABLE drawn (uid text, time timestamptz, event_name text)")
        for _ in range(40):
            zone, period = generator.choice(ZONES), generator.choice(["day", "week", "month"])
            events = drawn(generator, zone)
            limits = limits_of(generator, events, zone)
            follow = generator.choice([None, None, 0, 3, 60])
            cursor.execute("TRUNCATE drawn")
            sampled = generator.choice([0, len(events) // 2, len(events)])
            for part in (events[:sampled], events[sampled:]):  # the triangle expects the first days
                cursor.execute("ANALYZE drawn")
                if part:
                    execute_values(cursor, "INSERT INTO drawn VALUES %s", part)
            days = local(events, zone, **limits)
            if not any(uid for uid, _, _ in days):
                continue
            asked = inquiry(
                connection, "pg_temp.drawn", zone, period=period, follow=follow, **limits
            )
            found = list(map(tuple, cohorts_of(triangle_rows(asked))))
            assert found == counted(days, period, follow), (zone, period, limits)
            assert asked.span.records == len(days)
            number = sum(kind.records for kind in asked.span.left_out)
            assert number == len(events) - len(days)
            assert asked.span.first_day == min(day for _, day, _ in days)
            compare_count(generator, asked, days)
    connection.close()


def compare_count(generator: random.Random, asked: Inquiry, days: list[tuple]) -> None:
    """Compare the default question for a day and period near those of the events."""
    first, last = sorted(generator.choice(days)[1] for _ in range(2))
    question = replace(asked.question, install_date=first, active_from=first, active_to=last)
    asked = replace(asked, question=question)
    installed = {uid for uid, day, name in days if uid and day == first and name == INSTALL}
    retained = {uid for uid, day, _ in days if uid in installed and first <= day <= last}
    ((*found,),), _ = asked.ask("retained_users")
    assert found == [len(installed), len(retained)], (question, asked.view.time_zone)
    if installed:
        data_end = asked.last_day(None)
        observed = data_end is None or last <= data_end
        assert observed == (last <= max(day for _, day, _ in days)), question
