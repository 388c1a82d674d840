"""The loop over the lines of a block."""

from logs.fields import ACCEPTED, FIELDS, LONG_LINE, LONGEST_LINE
from logs.kernel.lines import has_quote, is_line, is_no_row, without_returns
from logs.kernel.memory import put, take_job, take_plan, take_row
from logs.kernel.moments import nothing_seen
from logs.kernel.quotes import cut_fields
from logs.kernel.rows import keep, keep_texts, read_row, reject


def scan(address):
    """Do the `Job` at an address; return the number of rows accepted, and put that of lines."""
    job = take_job(address)
    plan, columns = take_plan(job.plan), take_row(job.columns)
    # Without any quote in the block, quoting changes nothing, and separators are all there is.
    marked = plan.marked != 0 or (plan.quoting > 0 and has_quote(job))
    seen = nothing_seen(plan)
    text = job.block
    at, rows, line = 0, 0, 0
    while at < job.length:
        if at == job.cut:
            text = job.rest - job.cut
        start = text + at
        stop, count, strip = cut_fields(start, plan, marked, job.edges)
        at = stop + 1 - text
        line += 1
        if is_no_row(start, stop, plan):
            continue
        if stop - start > LONGEST_LINE:
            reason = LONG_LINE
        elif count < plan.fields or (count > plan.fields and not plan.more):
            reason = FIELDS
        else:
            without_returns(start, stop, count, plan, job.edges)
            row, reason, seen = read_row(job, columns, count, plan, strip, seen)
            if reason == ACCEPTED:
                keep(row, rows, columns, text)
                keep_texts(job, rows, count, plan, strip, text)
                rows += 1
                continue
        if job.header_length == 0 or not is_line(start, stop, job.header, job.header_length):
            reject(reason, line - 1, job)
    put(job.lines, line)
    return rows
