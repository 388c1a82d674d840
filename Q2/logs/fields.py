"""What the fields of a log line hold, and how lines are laid out.

This module loads no library, so that layouts can be listed at no cost. The kernel compiles
LONGEST_LINE in: save `kernel.py` anew after a change, for numba looks at that file's date alone.
"""

from dataclasses import dataclass

# What a field of the log holds.
SKIP, DATE, TIME, SIZE, URL, STATUS, CACHE = range(7)

LONGEST_LINE = 1 << 20  # bytes; a longer line is a rejected row


@dataclass(frozen=True)
class Layout:
    """How lines are read: what each field holds, and what separates fields.

    Roles are a date, a time, a size and a URL among others, or none at all: then no line is a row.
    """

    roles: tuple[int, ...]
    delimiters: bytes = b"\t\t"  # two, of which either will do
    comments: bool = False  # lines that begin with # are not rows
    double_encoded: bool = False  # URLs have %25 for each % of the request
