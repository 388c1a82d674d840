"""Parquet files, of which only the wanted columns are read."""

from common.command import UserError

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from listening.tables.columns import NUMBERS, Kind, find_columns, has_header
from listening.tables.table import Part, Table, table_of
from listening.text_columns import Column, as_column

TIMES = ("time", "signup")  # the uses of columns that hold times, and of no other


def read_parquet(
    path: Path, kind: Kind, named: dict[str, str] | None, extra: Sequence[str]
) -> Table:
    """Read the wanted columns. Raises UserError for one of a type that cannot be meant."""
    if not has_header(named):
        raise UserError(f"{path}: its columns have names: use them in {kind.option}")
    try:
        schema = parquet.read_schema(path)
        try:
            places = find_columns(kind, schema.names, named, extra)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None
        for use, place in places.items():
            check_type(path, use, schema.field(place.position))
        titles = list(dict.fromkeys(place.title for place in places.values()))
        coded = [place.title for use, place in places.items() if use not in NUMBERS + TIMES]
        read = parquet.read_table(path, columns=titles, read_dictionary=coded)
    except (pa.ArrowException, OSError) as error:
        raise UserError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}"
        ) from error
    stored = {use: read[place.title] for use, place in places.items()}
    moments = {use: column for use, column in stored.items() if pa.types.is_temporal(column.type)}
    texts = {use: text_column(stored[use]) for use in stored.keys() - moments.keys()}
    part = Part(list(texts.values()), np.arange(1, len(read) + 1), {})
    return replace(table_of(path, kind.what, list(texts), [part]), moments=moments)


def check_type(path: Path, use: str, column: pa.Field) -> None:
    """Raise UserError for a column whose values cannot be what is wanted of them."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    text = is_text(kind) or pa.types.is_null(kind)
    whole = pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0)
    number = pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    moment = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    if use in TIMES and (moment or (use == "signup" and text)):
        return
    if use not in TIMES and (text or whole or (number and use in NUMBERS)):
        return
    advice = "; save it as whole numbers or as text" if number and use not in TIMES else ""
    raise UserError(f"{path}: its column {column.name} is of type {column.type}{advice}")


def is_text(kind: pa.DataType) -> bool:
    """Whether values of this type are texts."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def text_column(column: pa.ChunkedArray) -> Column:
    """The column as codes into its distinct texts, missing ones as empty texts."""
    if not len(column):
        return Column(np.empty(0, np.int32), np.empty(0, object))
    if pa.types.is_dictionary(column.type) and not is_text(column.type.value_type):
        column = column.cast(column.type.value_type)  # such as categories of numbers
    if pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return numbers_as_text(column)
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
    return as_column(pa.chunked_array(filled), clean=str)


def numbers_as_text(column: pa.ChunkedArray) -> Column:
    """A column of numbers as the texts that stand for them, "" for missing ones and NaN."""
    numbers = column.cast(pa.float64()).to_numpy()
    codes, values = pd.factorize(numbers, use_na_sentinel=False)
    texts = ["" if value != value else repr(float(value)) for value in values.tolist()]
    return Column(codes.astype(np.int32), np.array(texts, object))
