"""The values of a row, and its columns."""

from logs.fields import ACCEPTED, TWO_SIZES
from logs.job import Row
from logs.kernel.memory import byte, eight_bytes, inlined, put, put_16, put_32
from logs.kernel.moments import read_moment
from logs.kernel.numbers import digits, read_size, read_status, trim
from logs.kernel.quotes import field
from logs.kernel.urls import read_name, read_url, result_and_status, url_of_request


@inlined
def read_results(edges, plan, strip, with_cache):
    """The status and the cache's result of a row, 0 for none, and the reason for rejecting them."""
    status, cache, reason = 0, 0, ACCEPTED
    if plan.result >= 0:
        name, name_length, place, length = result_and_status(
            *field(edges, plan.result, plan, strip)
        )
        cache = read_name(name, name_length)[0]
        status = read_status(place, length)
        if status < 0:
            reason = -status
    if plan.status >= 0:
        place, length = field(edges, plan.status, plan, strip)
        status = read_status(place, length)
        if status < 0:
            reason = reason or -status
    if plan.cache >= 0 and with_cache:
        place, length = field(edges, plan.cache, plan, strip)
        cache = read_name(place, length)[0]
    return status, cache, reason


@inlined
def has_two_sizes(edges, count, plan, strip):
    """Whether there is a number where the layout has none, which may be the size."""
    if plan.no_number < 0 or count <= plan.no_number:
        return False
    place, length = field(edges, plan.no_number, plan, strip)
    return length > 0 and digits(place) == length


@inlined
def find_url(edges, plan, strip):
    """Where the URL of a row begins, and its length."""
    place, length = field(edges, plan.url, plan, strip)
    if plan.request:
        return url_of_request(place, length)
    if byte(place) == ord(" ") or byte(place + length - 1) == ord(" "):
        return trim(place, length)
    return place, length


@inlined
def find_text(edges, count, place, plan, strip):
    """Where a text of a row begins, and its length: 0 where the row does not have the field."""
    if place < 0 or place >= count:
        return eight_bytes(edges) + 1, 0
    at, length = field(edges, place, plan, strip)
    if length > 0 and (byte(at) == ord(" ") or byte(at + length - 1) == ord(" ")):
        return trim(at, length)
    return at, length


@inlined
def read_row(job, columns, count, plan, strip, seen):
    """The values of a row, the reason for rejecting it, and what is seen now."""
    edges = job.edges
    second, reason, seen = read_moment(edges, plan, strip, seen)
    place, length = field(edges, plan.size, plan, strip)
    size = read_size(place, length)
    if size < 0:
        reason = reason or -size
    status, cache, results_reason = read_results(edges, plan, strip, columns.cache != 0)
    reason = reason or results_reason
    if has_two_sizes(edges, count, plan, strip):
        reason = reason or TWO_SIZES
    place, length = find_url(edges, plan, strip)
    extension, path_end = read_url(place, length, job.names)
    return Row(second, size, extension, status, cache, place, path_end), reason, seen


@inlined
def keep(row, number, columns, text):
    """Put the values of a row into the columns, its URL as positions in the block."""
    put(columns.second + 8 * number, row.second)
    put(columns.size + 8 * number, row.size)
    put(columns.extension + 8 * number, row.extension)
    if columns.status:
        put_16(columns.status + 2 * number, row.status)
    if columns.cache:
        put(columns.cache + 8 * number, row.cache)
    if columns.url_start:
        put_32(columns.url_start + 4 * number, row.url_start - text)
        put_32(columns.url_end + 4 * number, row.url_end - text)


@inlined
def keep_texts(job, number, count, plan, strip, text):
    """Put where the texts that are asked for begin and end, as positions in the block."""
    pairs = job.texts + 8 * job.text_count * number
    for asked in range(job.text_count):
        place = eight_bytes(job.text_places + 8 * asked)
        at, length = find_text(job.edges, count, place, plan, strip)
        put_32(pairs + 8 * asked, at - text)
        put_32(pairs + 8 * asked + 4, at + length - text)


@inlined
def reject(reason, line, job):
    """Count a rejected row, and remember the first line of its reason."""
    count = job.rejected + 8 * reason
    if eight_bytes(count) == 0:
        put(job.first_lines + 8 * reason, line)
    put(count, eight_bytes(count) + 1)
