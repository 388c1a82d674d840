"""How old plays may be, such as 5y."""

from common.command import UserError

import re
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
IN_A_YEAR = {"d": 365, "w": 52, "m": 12, "y": 1}
MOST_YEARS = 300  # a Parquet file's nanoseconds begin in 1677


@dataclass(frozen=True)
class MaximumAge:
    """How old plays may be, such as 5 years."""

    number: int
    unit: str  # a key of UNITS

    def interval(self) -> str:
        """Return the age as an interval of PostgreSQL."""
        return f"{self.number} {UNITS[self.unit]}"

    def since(self, now: datetime) -> datetime:
        """The earliest time that is young enough."""
        return (
            pd.Timestamp(now) - pd.DateOffset(**{UNITS[self.unit]: self.number})
        ).to_pydatetime()


def maximum_age(text: str) -> MaximumAge:
    """Read an age such as 5y, 18m, 6w or 30d. Raises UserError for anything else."""
    found = re.fullmatch(r"([1-9]\d{0,4})([dwmy])", text)
    if not found:
        raise UserError(f"age {text!r}: write a number and d, w, m or y, such as 5y")
    if int(found[1]) > MOST_YEARS * IN_A_YEAR[found[2]]:
        raise UserError(f"age {text!r}: at most {MOST_YEARS}y")
    return MaximumAge(int(found[1]), found[2])
