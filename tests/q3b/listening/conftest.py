"""The app's database as deploy/app_database.sql makes it, with some listeners and their plays."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from listening.lastfm import read_lastfm
from listening.sample.files import write_listeners
from tests.conftest import ROOT

TABLES = ROOT / "Q3b" / "deploy" / "app_database.sql"
LISTENERS, ARTISTS = 120, 80


def execute(url: str, statement: str) -> None:
    """Execute one statement outside of a transaction."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


@contextmanager
def app_with_listeners(server_url: str, name: str, folder: Path) -> Iterator[str]:
    """Yield the URL of a database of that name; it is dropped in the end."""
    execute(server_url, f"CREATE DATABASE {name}")
    url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
    try:
        fill(url, folder)
        yield url
    finally:
        execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def fill(url: str, folder: Path) -> None:
    """Make the tables and insert what generated listeners play; `folder` is for their files."""
    write_listeners(folder, LISTENERS, ARTISTS)
    plays, _ = read_lastfm(folder)
    pairs = zip(*map(list, plays.matrix.nonzero()), strict=True)
    rows = [
        (plays.users[user], plays.artist_names[artist], int(plays.matrix[user, artist]))
        for user, artist in pairs
    ]
    profiles = [(user, plays.profiles.country[user]) for user in plays.users]
    with closing(psycopg2.connect(url)) as app, app, app.cursor() as cursor:
        cursor.execute(TABLES.read_text(encoding="utf-8"))
        cursor.executemany("INSERT INTO plays VALUES (%s, NULL, %s, %s, now())", rows)
        cursor.executemany("INSERT INTO profiles (user_id, country) VALUES (%s, %s)", profiles)
