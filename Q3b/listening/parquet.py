"""The job's input, from wherever it comes: who played what, and everybody's profile.

*.tsv      the two files of the Last.fm 360K data set (see `lastfm.py`)
*.parquet  plays: user_id, artist_id, artist_name, plays, and last_played_at if a greatest
           age is asked for; profiles: user_id, gender, age, country, signup
"""

from common.command import UserError

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute, parquet

from listening.bad_rows import TOO_OLD, Rejected
from listening.cleaning import collect_plays, keep_rows
from listening.maximum_age import MaximumAge
from listening.play_counts import PlayCounts
from listening.text_columns import Column, as_column

PLAYS_TABLE = ["user_id", "artist_id", "artist_name", "plays"]
PROFILES_TABLE = ["user_id", "gender", "age", "country", "signup"]
TIME_COLUMN = "last_played_at"
TIMES = {TIME_COLUMN, "signup"}  # no other column may hold times


def read_plays_table(
    path: Path, max_age: MaximumAge | None, on_bad_row: str = "skip"
) -> tuple[PlayCounts, Rejected]:
    """Return the plays of a Parquet file without profiles, and the rows left out."""
    wanted = PLAYS_TABLE + [TIME_COLUMN] * bool(max_age)
    everything = read_parquet(path, wanted, texts=PLAYS_TABLE[:3])
    young = young_rows(everything, max_age)
    table = everything if young is None else everything.filter(young)
    if not len(table):
        rows = len(everything)
        raise UserError(f"{path}: no row of {rows} is young enough" if rows else f"{path}: no row")
    user, mbid, name = (text_column(table[column]) for column in PLAYS_TABLE[:3])
    plays = numbers(table["plays"])
    reasons = {
        "plays: no user id": user.each(user.values == ""),
        "plays: neither MBID nor name": mbid.each(mbid.values == "") & name.each(name.values == ""),
        "plays: count is not a number": ~np.isfinite(plays),
        "plays: count is not above zero": plays <= 0,
        "plays: count is not a whole number": plays != np.floor(plays),
    }
    keep, counts, first = keep_rows(reasons, len(plays))
    if young is not None:
        old, places = ~young, np.flatnonzero(young)
        first = {reason: int(places[row]) for reason, row in first.items()}
        first |= {TOO_OLD: int(np.argmax(old))} if old.any() else {}
        counts = {TOO_OLD: int(np.count_nonzero(old))} | counts
    rejected = Rejected(path, counts, {reason: row + 1 for reason, row in first.items()})
    rejected.check(on_bad_row)
    if not keep.any():
        raise UserError(f"{path}: no row holds a user id, an artist and a number of plays")
    return collect_plays(user, mbid, name, plays, keep), rejected


def young_rows(table: pa.Table, max_age: MaximumAge | None) -> np.ndarray | None:
    """Return (rows,) whether each play is young enough; None if any age is."""
    if not max_age:
        return None
    young = compute.greater_equal(table[TIME_COLUMN], since(table, max_age))
    return young.fill_null(False).to_numpy()  # a play without a time is too old


def since(table: pa.Table, max_age: MaximumAge) -> pa.Scalar:
    """The earliest time to keep, of the type of the table's times.

    Theirs are UTC if they say nothing else.
    """
    kind = table.schema.field(TIME_COLUMN).type
    earliest = max_age.since(datetime.now(UTC))
    zone = getattr(kind, "tz", None)
    return pa.scalar(earliest if zone else earliest.replace(tzinfo=None)).cast(kind, safe=False)


def read_profiles_table(path: Path, on_bad_row: str = "skip") -> tuple[pd.DataFrame, Rejected]:
    """Return the profiles of a Parquet file by user id, and the rows left out."""
    columns = read_parquet(path, PROFILES_TABLE)
    user = text_column(columns["user_id"])  # by the same texts as in the plays
    users = pd.Series(user.each(user.values), dtype=object)
    # pandas' own types, of which the file may tell, take other ways with missing values.
    table = columns.to_pandas(date_as_object=False, ignore_metadata=True)
    categories = table.select_dtypes("category").columns
    table = table.astype(dict.fromkeys(categories, object))
    reasons = {
        "profile: no user id": (users == "").to_numpy(),
        "profile: user id repeated": users.duplicated().to_numpy(),
    }
    keep, counts, first = keep_rows(reasons, len(users))
    rejected = Rejected(path, counts, {reason: row + 1 for reason, row in first.items()})
    rejected.check(on_bad_row)
    kept = table[keep]
    gender = stripped(kept["gender"]).str.lower()
    profiles = pd.DataFrame(
        {
            "gender": gender.where(gender.isin(["m", "f"]), ""),
            "age": pd.to_numeric(kept["age"], errors="coerce").astype(float),
            "country": stripped(kept["country"]),
            "signup": pd.to_datetime(kept["signup"], errors="coerce", utc=True).dt.tz_localize(
                None
            ),
        }
    )
    return profiles.set_index(pd.Index(users[keep], name="user")), rejected


def stripped(column: pd.Series) -> pd.Series:
    """Texts without outer blanks, missing ones as empty texts."""
    return column.astype(object).fillna("").astype(str).str.strip()


def read_parquet(path: Path, columns: list[str], texts: list[str] = ()) -> pa.Table:
    """Read columns of a Parquet file, `texts` as codes. Raises UserError for another file."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    try:
        schema = parquet.read_schema(path)
        if missing := [column for column in columns if column not in schema.names]:
            raise UserError(f"{path}: it has no column {', '.join(missing)}")
        for column in columns:
            check_type(path, schema.field(column))
        return parquet.read_table(path, columns=columns, read_dictionary=list(texts))
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error


def check_type(path: Path, column: pa.Field) -> None:
    """Raise UserError for a column of lists, bytes, no times, or times where none belong."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = is_text(kind) or pa.types.is_null(kind)
    moment = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    single = moment or pa.types.is_primitive(kind) or pa.types.is_decimal(kind)
    wrong_time = pa.types.is_temporal(kind) and not (moment and column.name in TIMES)
    if not (text or single) or wrong_time or (column.name == TIME_COLUMN and not moment):
        raise UserError(f"{path}: its column {column.name} is of type {column.type}")


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are texts."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def text_column(column: pa.ChunkedArray) -> Column:
    """The column as codes into its distinct texts, missing ones as empty texts."""
    if not len(column):
        return Column(np.empty(0, np.int32), np.empty(0, object))
    if pa.types.is_dictionary(column.type) and not is_text(column.type.value_type):
        column = column.cast(column.type.value_type)  # such as categories of numbers
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    kind = column.type.value_type
    filled = [
        pa.DictionaryArray.from_arrays(
            chunk.indices.fill_null(len(chunk.dictionary)),
            pa.concat_arrays([chunk.dictionary, pa.array([""], kind)]),
        )
        for chunk in column.chunks
    ]
    return as_column(pa.chunked_array(filled))


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """The column as float32, which the matrix of plays holds; NaN or infinity for what is none."""
    with np.errstate(over="ignore"):
        return pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(
            np.float32, na_value=np.nan
        )
