"""Parquet files, of whatever types pandas and others write them, and their bad rows."""

from common.command import UserError

import numpy as np
import pandas as pd
import pytest

from listening.bad_rows import TOO_OLD
from listening.maximum_age import maximum_age
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


def listening(folder, plays: pd.DataFrame, profiles: pd.DataFrame, **how):
    """What the job reads of both as Parquet files."""
    paths = folder / "plays.parquet", folder / "profiles.parquet"
    for table, path in zip((plays, profiles), paths, strict=True):
        table.to_parquet(path, index=False)
    return read_listening(*paths, **how)


@pytest.mark.parametrize(
    "types",
    [
        {},
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
    assert fitted_recommender(found.plays, "euclidean").model.neighbours.nnz == 2
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


def test_bad_rows_are_counted_and_the_first_is_told_by_its_row(tmp_path):
    plays = PLAYS.astype({"plays": object}).assign(plays=[3, 0, -1, 5])
    profiles = PROFILES.assign(user_id=[1, 2, 1])
    found = listening(tmp_path, plays, profiles)
    assert found.rejected["plays: count is not above zero"] == 2
    assert found.first_rejected == {
        "plays: count is not above zero": f"{tmp_path / 'plays.parquet'} row 2",
        "profile: user id repeated": f"{tmp_path / 'profiles.parquet'} row 3",
    }


def test_a_fraction_of_a_play_is_left_out_and_counted_never_cut(tmp_path):
    found = listening(tmp_path, PLAYS.assign(plays=[3, 1.5, 2.0, 5]), PROFILES)
    assert found.rejected["plays: count is not a whole number"] == 1
    assert found.plays.matrix.sum() == 10


@pytest.mark.parametrize(
    ("plays", "user_id", "complaint"),
    [
        ([3, 1, 0, 5], [1, 2, 1], "plays.parquet row 3: count is not above zero"),
        ([3, 1, 2, 5], [1, 2, None], "profiles.parquet row 3: no user id"),
    ],
)
def test_reading_stops_at_the_first_bad_row_if_asked_to(tmp_path, plays, user_id, complaint):
    with pytest.raises(UserError) as error:
        listening(
            tmp_path,
            PLAYS.assign(plays=plays),
            PROFILES.assign(user_id=pd.array(user_id, "Int64")),
            on_bad_row="stop",
        )
    advice = "; fix the row or pass --on-bad-row skip"
    assert str(error.value) == f"{tmp_path / complaint}{advice}"


def test_plays_that_are_too_old_stop_nothing_and_the_rows_of_the_file_are_counted(tmp_path):
    times = [pd.Timestamp.now(), pd.Timestamp("2001-01-01"), pd.NaT, pd.Timestamp.now()]
    plays = PLAYS.assign(last_played_at=times)
    age = maximum_age("5y")
    found = listening(tmp_path, plays, PROFILES, max_age=age, on_bad_row="stop")
    assert found.rejected[TOO_OLD] == 2
    assert found.first_rejected == {TOO_OLD: f"{tmp_path / 'plays.parquet'} row 2"}
    wrong = plays.assign(plays=[3, 1, 2, 0])
    with pytest.raises(UserError, match=r"plays\.parquet row 4: count is not above zero"):
        listening(tmp_path, wrong, PROFILES, max_age=age, on_bad_row="stop")
