"""The triangle of drawn logs is the one that plain Python finds, event by event."""

import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from psycopg2.extras import execute_values

from retention.questions import cohorts_of
from tests.q1.conftest import inquiry, triangle_rows

ZONES = (
    "UTC", "Asia/Hong_Kong", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
    "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe",
)  # fmt: skip
SPANS = (1, 10, 55, 56, 57, 58, 60, 61, 62, 130, 700)  # days; a number has bits for 60 periods
INSTALL = "FIRST_INSTALL"


def drawn(generator: random.Random) -> list[tuple]:
    """Events (uid, time, name) of few users, some of nobody, some at midnight of UTC."""
    start = datetime(generator.choice([2006, 2011, 2017]), generator.randint(1, 12), 27, tzinfo=UTC)
    span, users = generator.choice(SPANS), generator.choice([1, 3, 12])
    events = []
    for _ in range(generator.choice([1, 5, 60, 250])):
        days = generator.random() * span
        time = start + timedelta(days=generator.choice([days, int(days), int(days * 24) / 24]))
        uid = generator.choices([f"u{generator.randrange(users)}", None, ""], [18, 1, 1])[0]
        events.append((uid, time, generator.choices([INSTALL, "x", None], [2, 5, 1])[0]))
    return events


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


def counted(events: list[tuple], zone: str, period: str, follow: int | None) -> list[tuple]:
    """The cohorts by definition: sets of users by period and age."""
    days = [(uid, t.astimezone(ZoneInfo(zone)).date(), name) for uid, t, name in events]
    last_day = days[max(range(len(events)), key=lambda n: events[n][1])][1]
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
def test_every_cell(postgres_url, seed):
    generator = random.Random(seed)  # noqa: S311
    connection = psycopg2.connect(postgres_url)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute("CREATE TEMP TABLE drawn (uid text, time timestamptz, event_name text)")
        for _ in range(12):
            events = drawn(generator)
            zone, period = generator.choice(ZONES), generator.choice(["day", "week", "month"])
            follow = generator.choice([None, None, 0, 3, 60])
            cursor.execute("TRUNCATE drawn")
            execute_values(cursor, "INSERT INTO drawn VALUES %s", events)
            if not any(uid for uid, _, _ in events):
                continue
            asked = inquiry(connection, "pg_temp.drawn", zone, period=period, follow=follow)
            found = list(map(tuple, cohorts_of(triangle_rows(asked))))
            assert found == counted(events, zone, period, follow), (zone, period, follow)
    connection.close()
