"""What the kernel is given, in numbers: how to read lines, and where they and the columns are."""

from functools import lru_cache
from typing import NamedTuple

from logs.fields import (
    CACHE,
    DATE,
    MOMENT,
    NO_NUMBER,
    REPEATED,
    REQUEST,
    RESULT,
    SIZE,
    STATUS,
    TIME,
    URL,
    Layout,
)

WINDOW = 64  # bytes that the kernel looks at together
NAMES = 64  # that it remembers
JSON_PIECES, JSON_LEVELS = 256, 32  # values of a line that it remembers, and of objects in it
PLACED = {DATE, TIME, MOMENT, SIZE, URL, REQUEST, STATUS, CACHE, RESULT, NO_NUMBER}


class Row(NamedTuple):
    """What `Columns` of `logs.scanner` hold of a row, its URL by addresses; or where they are."""

    second: int
    size: int
    extension: int
    status: int
    cache: int
    url_start: int
    url_end: int


class Job(NamedTuple):
    """One block to scan; all but lengths and positions are addresses, 0 for what is left out.

    A rejected row adds 1 to its reason in `rejected`, and its line, counted from 0, goes to
    `first_lines` if it is the first. Lines equal to the header, blank lines and, where
    `Plan.comments`, lines that begin with `#` are not rows.
    """

    block: int  # bytes that end with a newline
    length: int
    cut: int  # where in the block lines begin that are read from `rest`
    rest: int  # their copy, after which there are WINDOW bytes more
    header: int
    header_length: int
    plan: int
    edges: int  # int64 each: where fields end, Plan.last + 2 + WINDOW
    names: int  # int64 each: NAMES pairs of short names and their packed ones, 0 at first
    rejected: int
    first_lines: int
    lines: int  # where their number goes
    columns: int  # the addresses of the columns of `Row`, int64 each
    texts: int  # pairs of int32 by row: where each text that is asked for begins and ends
    text_places: int  # int64 each: the fields of these texts
    text_count: int


class JsonJob(NamedTuple):
    """JSON lines that become lines of fields; arrays are given by their addresses, of int64."""

    block: int  # whole lines, after which there are WINDOW bytes more
    length: int
    target: int  # where the lines go
    target_end: int  # there are WINDOW bytes more
    keys: int  # for each its object's number, address, length, field, and its own object's number
    key_count: int  # at most 63
    fields: int
    optional: int  # a bit for each field that is `-` where it is missing
    url: int  # the field without which a line is a lone `-`
    moment: int  # the field whose number may have digits after its point; -1 for none
    values: int  # 3 numbers for each field
    pieces: int  # 4 numbers for each of JSON_PIECES
    levels: int  # 2 numbers for each of JSON_LEVELS


class Plan(NamedTuple):
    """A layout in the numbers that the kernel works with; a place is -1 where a layout has none."""

    first_delimiter: int
    second_delimiter: int
    fields: int  # at the least
    last: int  # the number of fields up to the last one with a place
    more: int
    comments: int
    marked: int  # whether there is more to a line than separators and quotes
    quoting: int
    brackets: int
    repeated: int
    loose: int
    then_request: int  # whether the request follows the brackets after the loose field
    moment_kind: int
    per_second: int
    date: int
    time: int
    moment: int
    size: int
    url: int
    request: int  # whether the URL is that of a request
    status: int
    cache: int
    result: int
    no_number: int


@lru_cache(1000)
def plan_of(layout: Layout, texts: tuple[int, ...] = ()) -> tuple[Plan, tuple[int, ...]]:
    """The kernel's plan for a layout, and the places of texts; 0 where there are no rows."""
    roles = layout.roles
    place = {role: position for position, role in enumerate(roles) if role in PLACED}
    text_places = tuple(layout.place_of(role) for role in texts)
    plan = Plan(
        *layout.delimiters,
        fields=len(roles) - (NO_NUMBER in place),
        last=max([*place.values(), *text_places], default=0) + 1,
        more=layout.more,
        comments=layout.comments,
        marked=layout.brackets or layout.repeated == REPEATED or layout.loose >= 0,
        quoting=layout.quoting,
        brackets=layout.brackets,
        repeated=layout.repeated,
        loose=layout.loose,
        then_request=layout.loose >= 0 and place.get(REQUEST) == layout.loose + 2,
        moment_kind=layout.moment,
        per_second=layout.per_second,
        date=place.get(DATE, 0),
        time=place.get(TIME, 0),
        moment=place.get(MOMENT, -1),
        size=place.get(SIZE, 0),
        url=place.get(URL, place.get(REQUEST, 0)),
        request=REQUEST in place and URL not in place,
        status=place.get(STATUS, -1),
        cache=place.get(CACHE, -1),
        result=place.get(RESULT, -1),
        no_number=place.get(NO_NUMBER, -1),
    )
    return plan, text_places
