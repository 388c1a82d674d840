"""The option for how times are written, in the letters of strptime."""

import re

import click

LETTERS = "YymdjbBaAHIMSfpz%"
NEEDED = {  # by a letter: one of others, without which it means nothing or would be passed over
    "I": "p",
    "p": "I",
    "M": "HI",
    "S": "M",
    "f": "S",
}


class TimeFormat(click.ParamType):
    """A format such as %m/%d/%Y %I:%M %p, which names one day at least."""

    name = "format"

    def convert(self, value, param, ctx) -> str:
        if problem := what_is_wrong(value):
            self.fail(f"{value!r} {problem}; write it like '%m/%d/%Y %I:%M %p'")
        return value


def what_is_wrong(time_format: str) -> str | None:
    """Why a format does not name moments; None if it does."""
    letters = re.findall(r"%(.?)", time_format, re.DOTALL)
    unknown = [letter for letter in letters if letter not in LETTERS or not letter]
    if unknown:
        known = " ".join(f"%{letter}" for letter in LETTERS)
        return f"has %{unknown[0]}; the letters are {known}"
    named = [letter for letter in letters if letter != "%"]
    if len(set(named)) < len(named) or {"H", "I"} <= set(named) or {"Y", "y"} <= set(named):
        return "names a part of the time twice"
    day = "j" in named or ("d" in named and {"m", "b", "B"}.intersection(named))
    if not ({"Y", "y"}.intersection(named) and day):
        return "does not name a year, a month and a day"
    for letter, others in NEEDED.items():
        if letter in named and not set(others).intersection(named):
            return f"has %{letter} without {' or '.join(f'%{other}' for other in others)}"
    return None
