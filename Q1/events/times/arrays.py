"""Arrays of numbers between Arrow and NumPy, and as texts."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

EXPONENT = r"^[+-]?[0-9]+(?:\.[0-9]*)?[eE][+-]?[0-9]+$"
LARGEST_EXPONENT = 40  # beyond it a number is neither a time nor worth its digits


def values_of(numbers: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of an array, 0 where there is none, and a mask of where there is one."""
    valid = pc.is_valid(numbers).to_numpy(zero_copy_only=False)
    return pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False), valid


def array_of(numbers: np.ndarray, valid: np.ndarray) -> pa.Array:
    """An array of whole numbers that is null where they are not valid."""
    return pa.array(numbers, pa.int64(), mask=None if valid.all() else ~valid)


def is_true(conditions: pa.BooleanArray) -> np.ndarray:
    """Where conditions hold; they do not where they are null."""
    return pc.fill_null(conditions, False).to_numpy(zero_copy_only=False)


def digits_of(parts: pa.StructArray, name: str, decimals: int = 0) -> np.ndarray:
    """The numbers of a part of texts that a pattern found, 0 where it found none.

    With `decimals`, that many of them after the point, as a whole number.
    """
    texts = pc.fill_null(pc.struct_field(parts, name), "")
    if decimals:
        texts = pc.ascii_rpad(pc.utf8_slice_codeunits(texts, 0, decimals), decimals, "0")
    texts = pc.if_else(pc.equal(texts, ""), "0", texts)
    return texts.cast(pa.int64()).to_numpy(zero_copy_only=False)


def number_texts(numbers: pa.Array) -> pa.StringArray:
    """Numbers as the shortest decimal texts that give them back; whole ones have no decimals.

    Raises TypeError for what is not a number.
    """
    kind = numbers.type
    if pa.types.is_floating(kind):
        numbers = pc.add(numbers.cast(pa.float64()), 0.0)  # zero without a sign
    elif not (pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        raise TypeError(f"{kind} is not a number")
    return plain(numbers.cast(pa.string()))


def plain(texts: pa.StringArray) -> pa.StringArray:
    """Texts in which no number has an exponent, and whole numbers have no decimals."""
    scientific = pc.fill_null(pc.match_substring_regex(texts, EXPONENT), False)
    if pc.any(scientific).as_py():
        expanded = [expand(text) for text in texts.filter(scientific).to_pylist()]
        texts = pc.replace_with_mask(texts, scientific, pa.array(expanded, pa.string()))
    return pc.replace_substring_regex(texts, r"^([+-]?[0-9]+)\.0*$", r"\1")


def expand(text: str) -> str:
    """A number without its exponent; one that is too large or small to be a time stays as it is."""
    number = Decimal(text)
    return f"{number:f}" if abs(number.adjusted()) < LARGEST_EXPONENT else text
