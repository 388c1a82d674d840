"""Times in a format of strptime."""

import re

import pyarrow as pa
import pyarrow.compute as pc

SPACE = r"[\s\p{Z}]+"  # pandas takes any spaces for any others
# What the letters stand for. pandas alone would take second 60 into the next minute, and a zone
# with seconds. Words are in the language of the system.
LETTERS = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "(?:1[0-2]|0?[1-9])",
    "d": "(?:3[01]|[12][0-9]|[0 ]?[1-9])",
    "j": "[0-9]{1,3}",
    "H": "(?:2[0-3]|[01]?[0-9])",
    "I": "(?:1[0-2]|0?[1-9])",
    "M": "[0-5]?[0-9]",
    "S": "[0-5]?[0-9]",
    "f": "[0-9]{1,9}",
    "z": "(?-i:Z|[+-][0-9]{2}:?[0-9]{2})",
    "%": "%",
} | dict.fromkeys("bBaAp", "[^0-9]+")


def formatted_times(texts: pa.StringArray, time_format: str) -> pa.TimestampArray:
    """The times (UTC) of texts in a format; null for others."""
    import pandas as pd

    fitting = pc.match_substring_regex(texts, pattern_of(time_format))
    texts = pc.if_else(fitting, texts, None)
    found = pd.to_datetime(texts.to_pandas(), format=time_format, errors="coerce", utc=True)
    return pa.Array.from_pandas(found)


def pattern_of(time_format: str) -> str:
    """The pattern (RE2) of texts that may be times in a format."""
    parts = re.findall(r"%(.)|(\s+)|([^%\s]+)", time_format)
    pattern = "".join(
        LETTERS[letter] if letter else SPACE if space else re.escape(text)
        for letter, space, text in parts
    )
    return f"(?i)^{pattern}$"
