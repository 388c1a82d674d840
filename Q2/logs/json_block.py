"""A block of JSON lines as lines of fields, if each of them is an object."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from logs.fields import MOMENT, URL
from logs.job import JSON_LEVELS, JSON_PIECES, WINDOW, JsonJob
from logs.layouts.rows import OPTIONAL
from logs.machine_code import function
from logs.scanner import address, start_of_last_lines

Path = tuple[str, ...]


class Keys(NamedTuple):
    """The keys of wanted values and of the objects in which they are."""

    text: np.ndarray  # uint8
    table: np.ndarray  # int64 of shape (keys, 5), see `JsonJob.keys`


def lines_of_fields(
    block: memoryview, roles: tuple[int, ...], paths: tuple[Path, ...]
) -> memoryview | None:
    """Return a line with the values at these paths for each line; None if not all are objects.

    A blank line stays blank. `roles` are the meanings of the fields.
    """
    cut = start_of_last_lines(block)
    source = np.frombuffer(block, np.uint8)
    rest = np.zeros(len(block) - cut + WINDOW, np.uint8)
    rest[: len(block) - cut] = source[cut:]
    target, used = np.empty(2 * (len(block) + len(roles)) + WINDOW, np.uint8), 0
    for lines in (source[:cut], rest[:-WINDOW]):
        added = put_lines(lines, target[used:], roles, paths)
        if added < 0:
            return None
        used += added
    return memoryview(target[:used])


def put_lines(
    lines: np.ndarray, target: np.ndarray, roles: tuple[int, ...], paths: tuple[Path, ...]
) -> int:
    """Let the kernel put lines of fields; return their bytes, -1 if a line is not an object."""
    keys = keys_of(paths)
    sizes = (3 * len(roles), 4 * JSON_PIECES, 2 * JSON_LEVELS)
    values, pieces, levels = (np.zeros(size, np.int64) for size in sizes)
    job = JsonJob(  # of arrays that are kept until the kernel has ended
        block=address(lines),
        length=len(lines),
        target=address(target),
        target_end=address(target) + len(target) - WINDOW,
        keys=address(keys.table),
        key_count=len(keys.table),
        fields=len(roles),
        optional=sum(1 << field for field, role in enumerate(roles) if role in OPTIONAL),
        url=roles.index(URL),
        moment=roles.index(MOMENT) if MOMENT in roles else -1,
        values=address(values),
        pieces=address(pieces),
        levels=address(levels),
    )
    numbers = np.array(job, np.int64)
    return function("json_lines")(address(numbers))


@lru_cache(100)
def keys_of(paths: tuple[Path, ...]) -> Keys:
    """The keys of these paths; the line's object is number 0."""
    inner = dict.fromkeys(path[:depth] for path in paths for depth in range(len(path)))
    objects = {path: number for number, path in enumerate(sorted(inner, key=len))}
    fields = {path: field for field, path in enumerate(paths)}
    wanted = dict.fromkeys([*fields, *(path for path in objects if path)])
    names = [path[-1].encode() for path in wanted]
    text = np.frombuffer(b"".join(names) + bytes(WINDOW), np.uint8)
    lengths = [len(name) for name in names]
    starts = address(text) + np.cumsum([0, *lengths[:-1]])
    rows = [
        (objects[path[:-1]], start, length, fields.get(path, -1), objects.get(path, -1))
        for path, start, length in zip(wanted, starts.tolist(), lengths, strict=True)
    ]
    return Keys(text, np.array(rows, np.int64))
