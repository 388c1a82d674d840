"""Profiles in Parquet files, of whatever types pandas and others write them."""

from common.command import UserError

import numpy as np
import pandas as pd
import pytest

from listening.source import read_listening
from recommender.methods import fitted_recommender
from recommender.popularity import popularity_of

PLAYS = pd.DataFrame(
    {"user_id": [1, 1, 2, 2], "artist_id": "", "artist_name": list("abac"), "plays": [3, 1, 2, 5]}
)
PROFILES = pd.DataFrame(
    {
        "user_id": [1, 2, 3],
        "gender": ["f", "m", None],
        "age": [30.0, np.nan, 50.0],
        "country": ["Poland", None, "Peru"],
        "signup": pd.Timestamp("2008-02-29"),
    }
)


def listening(folder, plays: pd.DataFrame, profiles: pd.DataFrame):
    """What the job reads of both as Parquet files."""
    paths = folder / "plays.parquet", folder / "profiles.parquet"
    for table, path in zip((plays, profiles), paths, strict=True):
        table.to_parquet(path, index=False)
    return read_listening(*paths)


@pytest.mark.parametrize(
    "types",
    [
        {},
        {"user_id": "float64"},
        {"user_id": "Int64", "age": "Int64"},
        {"user_id": "string", "gender": "string", "country": "string"},
        {"user_id": "category", "gender": "category", "country": "category"},
        {"age": "Float64"},
    ],
    ids=str,
)
def test_profiles_of_any_types_are_joined_by_id(tmp_path, types):
    found = listening(tmp_path, PLAYS, PROFILES.astype(types))
    profiles = found.plays.profiles
    assert profiles["gender"].tolist() == ["f", "m"]
    assert profiles["country"].tolist() == ["Poland", ""]
    assert profiles["age"].tolist() == pytest.approx([30, np.nan], nan_ok=True)
    assert found.silent.index.tolist() == ["3"]
    assert fitted_recommender(found.plays, "euclidean").neighbours.nnz == 2
    assert popularity_of(found.plays).age_groups.rows == {"25-34": 0}


def test_genders_and_countries_are_read_as_people_write_them(tmp_path):
    written = PROFILES.assign(gender=["F ", "M", "x"], country=[" Poland", "Peru ", ""])
    profiles = listening(tmp_path, PLAYS, written).plays.profiles
    assert profiles["gender"].tolist() == ["f", "m"]
    assert profiles["country"].tolist() == ["Poland", "Peru"]


def test_no_profiles_at_all_are_no_mistake(tmp_path):
    found = listening(tmp_path, PLAYS, PROFILES[:0])
    assert found.plays.profiles["country"].tolist() == ["", ""]
    assert not len(found.silent)


def test_profiles_of_other_users_alone_are_a_mistake(tmp_path):
    with pytest.raises(UserError, match=r"no profile is of a user of .*: are the ids the same"):
        listening(tmp_path, PLAYS, PROFILES.assign(user_id=[7, 8, 9]))
