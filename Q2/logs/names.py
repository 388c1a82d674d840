"""Short names such as extensions as whole numbers, in the way of the kernel, and back."""

# A name is packed into one int64 as the digits of a number in base 38, the first one leading;
# 38**12 is just below 2**63. No name is 0.
ALPHABET = "\0abcdefghijklmnopqrstuvwxyz0123456789-"
BASE = len(ALPHABET)
LONGEST_NAME = 12  # characters


def pack(name: str) -> int:
    """The number of `name`, capital letters taken as small; `ValueError` if a name cannot be so."""
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
