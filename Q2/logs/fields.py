"""What the fields of a log line hold, how lines are laid out, and what the user says of it.

This module loads no library, so that layouts can be listed at no cost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar, NamedTuple, Protocol

# What a field of the log holds. The kernel reads those up to NO_NUMBER; the others are texts, of
# which it finds those that a question asks for.
SKIP, DATE, TIME, MOMENT, SIZE, URL, REQUEST, STATUS, CACHE, RESULT, NO_NUMBER = range(11)
HOST, METHOD, REFERRER, EDGE, CONTENT_TYPE = range(11, 16)

# How a MOMENT is written: ISO 8601, as in Apache's logs, or as seconds since 1970 (or a part of).
ISO, APACHE, EPOCH = range(3)
# How a field that contains the separator is quoted, and how a quote within it is written.
UNQUOTED, DOUBLED, ESCAPED = range(3)
# Whether several separators in a row are one: never; only where there would be too many or too few
# fields otherwise; always.
SINGLE, ALIGNED, REPEATED = range(3)

# Why a row is rejected: the position here is the kernel's code.
REASONS = (
    "accepted",
    "wrong number of fields",
    "no date YYYY-MM-DD from 1970 to 2199",
    "no time HH:MM:SS",
    "size is not a whole number",
    "size is negative",
    "size is above 10^12 bytes",
    "status is not a number",
    "line is longer than 1 MiB",
    "a number follows the size, and either may be the size",
)
ACCEPTED, FIELDS, BAD_DATE, BAD_TIME, BAD_SIZE, NEGATIVE_SIZE, HUGE_SIZE, BAD_STATUS = range(8)
LONG_LINE, TWO_SIZES = 8, 9

LONGEST_LINE = 1 << 20  # bytes; a longer line is a rejected row


@dataclass(frozen=True)
class Layout:
    """How lines are read: what each field holds, and what separates fields.

    Roles are a moment (or a date and a time), a size and a URL (or a request) among others, or none
    at all: then no line is a row.
    """

    roles: tuple[int, ...]
    delimiters: bytes = b"\t\t"  # two, of which either will do
    comments: bool = False  # lines that begin with # are not rows
    double_encoded: bool = False  # URLs have %25 for each % of the request
    quoting: int = UNQUOTED
    brackets: bool = False  # a field may be within [ and ]
    repeated: int = SINGLE
    more: bool = False  # further fields may follow those named
    loose: int = -1  # the field before the first bracket, which may contain separators
    moment: int = ISO
    per_second: int = 1  # an EPOCH moment is a number of these parts of a second
    header: bytes = b""  # a line that is not a row wherever it occurs, without its end
    referrer_at: int = -1  # the field with the referrer, where a row may lack it
    host_in_url: bool = False  # URLs have the host, and no field has it
    others: tuple[int, ...] = ()  # roles of values of the log that are not in its lines
    names: tuple[str, ...] = ()  # of the fields, as the log or its format names them
    reasons: ClassVar[dict[str, str]] = {}  # the format's words for the kernel's reasons

    def as_text(self, block: memoryview) -> memoryview:
        """Return the lines that the kernel reads: those of the block, if they are of fields."""
        return block

    def place_of(self, role: int) -> int:
        """The field that holds a text, perhaps a method within a request, or a host within a URL.

        It is -1 where none does.
        """
        within = {METHOD: REQUEST} | ({HOST: URL} if self.host_in_url else {})
        for holder in (role, within.get(role)):
            if holder in self.roles:
                return self.roles.index(holder)
        return self.referrer_at if role == REFERRER else -1


class LayoutOptions(NamedTuple):
    """What the user says about the layout of all logs; what is not said is found in each log."""

    log_format: str | None = None
    fields: tuple[str, ...] = ()
    delimiter: str | None = None
    columns: tuple[tuple[str, str], ...] = ()  # of a meaning such as url, the name in the log
    texts: tuple[int, ...] = ()  # roles that the question asks for besides what every row needs


NOTHING_SAID = LayoutOptions()
Piece = tuple[Layout, memoryview]  # a layout and whole lines of it


class LogFormat(Protocol):
    """An entry of the registry: how a format is recognised and its files are laid out."""

    description: str

    def recognises(self, lines: list[bytes], file: str, options: LayoutOptions) -> bool:
        """Whether the first lines of a file are in this format."""

    def pieces(
        self,
        blocks: Iterable[memoryview],
        file: str,
        options: LayoutOptions,
        layout: Layout | None = None,
    ) -> Iterator[Piece]:
        """Lay out blocks of whole lines; no line is missing, so that lines can be counted.

        `layout` is how the first line is read where the blocks are not those of a whole file, but
        of a later range of it. Raises `UserError` for a header that cannot be read.
        """

    def layouts_at(
        self, raw: BinaryIO, file: str, starts: list[int], options: LayoutOptions
    ) -> list[Layout]:
        """Return the layout that holds at each of the places where a large file is cut."""
