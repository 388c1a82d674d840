"""Short names as one whole number, so that a column of them is compared and grouped as numbers.

A name is up to 12 characters of a-z, 0-9 and `-`, capital letters taken as small ones. They are
the digits of a number in base 38, the first one leading: 38**12 is just below 2**63. No name is 0.
"""

import numpy as np

ALPHABET = "\0abcdefghijklmnopqrstuvwxyz0123456789-"
BASE = len(ALPHABET)
LONGEST_NAME = 12


def digits_by_byte() -> np.ndarray:
    """The digit of each of the 256 byte values as int64; 0 where it has none."""
    digits = np.zeros(256, dtype=np.int64)
    for digit, character in enumerate(ALPHABET[1:], start=1):
        digits[ord(character)] = digits[ord(character.upper())] = digit
    return digits


def pack(name: str) -> int:
    """The number of `name`; `ValueError` if a name cannot be so."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{name!r} is longer than {LONGEST_NAME} characters")
    number = 0
    for character in name.lower():
        if character not in ALPHABET[1:]:
            raise ValueError(f"{name!r} has a character other than letters, digits and -")
        number = number * BASE + ALPHABET.index(character)
    return number


def unpack(number: int) -> str:
    """The name that `pack` turned into `number`; the empty string for 0."""
    name, number = "", int(number)
    while number:
        number, digit = divmod(number, BASE)
        name = ALPHABET[digit] + name
    return name
