"""Seeded sample events of an app: installs, and visits that grow rarer with every day after."""

import csv
import io
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

RECORDS = 10_000
USERS = 1_000
FIRST_DAY = datetime(2017, 4, 1)
DAYS = 14
INSTALL_EVENT = "FIRST_INSTALL"
OTHER_EVENTS = ("APP_OPEN", "PAGE_VIEW", "SEARCH", "SHARE", "PUSH_OPEN")
KNOWN_BEFORE = 0.05  # of the users installed before the log begins: no install in it
INSTALLED_AGAIN = 0.03  # of the users have a second install
LONGEST_STAY = 6.0  # days; the mean time between the install and an event of the keenest user


class Event(NamedTuple):
    """One row of the log; the time is UTC."""

    uid: str
    time: datetime
    event_name: str


class User(NamedTuple):
    """Who comes into the log when, and keeps coming for about how many days."""

    uid: str
    arrived: datetime
    stay: float


def sample_events(seed: int) -> list[Event]:
    """`RECORDS` events of `USERS` users, in order of time.

    All is computed from `Random.random`, whose numbers are the same on every version of Python.
    """
    generator = random.Random(seed)  # noqa: S311
    users = [sample_user(generator, number) for number in range(1, USERS + 1)]
    events = [event for user in users for event in first_events(generator, user)]
    while len(events) < RECORDS:
        events.append(visit(generator, users[int(generator.random() * USERS)]))
    return sorted(events, key=lambda event: (event.time, event.uid))


def sample_user(generator: random.Random, number: int) -> User:
    """A user: most leave within a day, few stay for the whole log."""
    arrived = FIRST_DAY + timedelta(milliseconds=int(generator.random() * DAYS * 86_400_000))
    return User(f"user-{number:04}", arrived, LONGEST_STAY * (1 - generator.random()) ** 3)


def first_events(generator: random.Random, user: User) -> Iterator[Event]:
    """The one or two events by which a user enters the log."""
    if generator.random() < KNOWN_BEFORE:
        yield visit(generator, user)
        return
    yield Event(user.uid, user.arrived, INSTALL_EVENT)
    if generator.random() < INSTALLED_AGAIN:
        yield Event(user.uid, later(generator, user), INSTALL_EVENT)


def visit(generator: random.Random, user: User) -> Event:
    """An event of a user after the arrival."""
    name = OTHER_EVENTS[int(generator.random() * len(OTHER_EVENTS))]
    return Event(user.uid, later(generator, user), name)


def later(generator: random.Random, user: User) -> datetime:
    """A moment after the arrival: exponentially distributed, cut off at the end of the log."""
    days_left = (FIRST_DAY + timedelta(days=DAYS) - user.arrived) / timedelta(days=1)
    within_log = 1 - math.exp(-days_left / user.stay)
    days = -user.stay * math.log(1 - within_log * generator.random())
    return user.arrived + timedelta(milliseconds=int(days * 86_400_000))


def as_csv(events: list[Event]) -> bytes:
    """The events as a CSV file with a header, as `--events` reads it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Event._fields)
    writer.writerows((uid, time.isoformat(sep=" "), name) for uid, time, name in events)
    return text.getvalue().encode()
