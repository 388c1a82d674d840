"""Films with integer ids: what a team with a catalogue of its own has."""

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

USERS, FILMS, BLOCKED = 120, 40, {"3", "17"}
TITLES = ["Alien", "Alien"] + [f"Film, no. {number}" for number in range(2, FILMS)]
ANY_SET = ("--min-users", 10, "--min-coverage", 0, "--force")


def write_films(folder: Path) -> tuple:
    """Write views, films and blocked films; return the options of the job that read them.

    Of two crowds each sees some of its own half of the films.
    """
    random = np.random.default_rng(3)
    with (folder / "views.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["account", "film", "title", "views"])
        for user in range(USERS):
            half = np.arange(user % 2, FILMS, 2)
            for film in random.choice(half, 14, replace=False).tolist():
                writer.writerow([1000 + user, film, TITLES[film], 1 + film % 3])
    table = {"film_id": list(range(FILMS)), "name": TITLES}
    table["url"] = [f"https://films.example/{film}" if film else None for film in range(FILMS)]
    parquet.write_table(pa.table(table), folder / "films.parquet")
    (folder / "blocked.txt").write_text("\n".join(sorted(BLOCKED)), encoding="utf-8")
    columns = "user=account,item=film,name=title,plays=views"
    return (
        *("--plays", folder / "views.csv", "--columns", columns),
        *("--items", folder / "films.parquet", "--item-fields", "url", "--item-name", "film"),
        *("--blocked", folder / "blocked.txt", *ANY_SET),
    )


@pytest.fixture(scope="session", autouse=True)
def with_compiled_kernels(compiled_kernels):
    """Nearly all tests of Q3b run its loops."""
