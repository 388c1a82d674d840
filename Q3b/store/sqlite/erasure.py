"""Users removed from the file, and the marks that keep them out of later sets."""
# ruff: noqa: S608 - all that is formatted into SQL here are numbers of runs.

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from store.erasure import without_users
from store.sqlite.file import connect
from store.sqlite.snapshot import read_run
from store.sqlite.tables import transaction


def forgotten_marks(path: Path) -> set[str]:
    """The marks in the file, also those of a log next to it; none in a file of an earlier version.

    The file is to be locked.
    """
    with closing(connect(path, "mode=rw")) as connection:
        made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'forgotten'").fetchone()
        rows = connection.execute("SELECT mark FROM forgotten") if made else ()
        return {mark for (mark,) in rows}


def forget_users(
    connection: sqlite3.Connection, user_ids: list[str], marks: list[str]
) -> dict[str, int]:
    """Remove users from all runs and keep their marks; return how many were in each version.

    The file is made anew, so that nothing of them is left in pages that are no longer used.
    """
    removed = {}
    with transaction(connection):
        connection.executemany(
            "INSERT OR IGNORE INTO forgotten VALUES (?)", [(mark,) for mark in marks]
        )
        rows = connection.execute("SELECT number, version, run FROM runs").fetchall()
        for number, version, text in rows:
            removed[version] = connection.executemany(
                f"DELETE FROM users_{number} WHERE user_id = ?", [(user,) for user in user_ids]
            ).rowcount
            run = without_users(read_run(text), user_ids, removed[version])
            connection.execute(
                "UPDATE runs SET run = ? WHERE number = ?", [json.dumps(asdict(run)), number]
            )
    connection.execute("VACUUM")
    return removed
