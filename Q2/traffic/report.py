"""An answer as text for people, as JSON or as CSV for programs."""

import sys
from datetime import date

from common.output import formatted
from traffic.answer import Answer

# strftime's %b follows the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}

WRITTEN = {"requests": "{:,}", "bytes": "{:,}", "share": "{:.1%}", "mean_size": "{:,.0f}"}


def print_report(answer: Answer, form: str) -> None:
    """Print the answer in one of `common.output.FORMATS`; what CSV leaves out goes to stderr.

    So do warnings about files, in every format.
    """
    print(report(answer, form))
    print(*(f"{line}\n" for line in file_lines(answer)), sep="", end="", file=sys.stderr)
    if form == "csv":
        print(*cut_lines(answer), *account_lines(answer), sep="\n", file=sys.stderr)


def report(answer: Answer, form: str) -> str:
    """Return the answer in one of `common.output.FORMATS`."""
    record, columns = as_record(answer), answer.columns
    if not answer.question.by:
        columns = {key: [record[key]] for key in ("from", "to", "extension")} | columns
    return formatted(form, as_text(answer), list(columns), rows_of(columns), record)


def rows_of(columns: dict[str, list]) -> list[tuple]:
    """The rows of a table."""
    return list(zip(*columns.values(), strict=True))


def as_text(answer: Answer) -> str:
    """The total in words, the groups as a table, and what became of every row."""
    question = answer.question
    files = (" and ".join(question.extensions) or "all") + " files"
    if question.caches:
        files += f" with cache result {' or '.join(question.caches)}"
    first, last = period_in_words(*answer.period())
    total = f"Total data transfer by {files} from {first} to {last}: {answer.bytes}"
    return "\n".join([total, *group_lines(answer), *account_lines(answer)])


def period_in_words(first: date | None, last: date | None) -> tuple[str, str]:
    """Such as 24th Aug and 25th Aug; with their years where these differ."""
    if first is None or last is None:
        return "no day", "no day"
    return tuple(
        f"{day.day}{ENDINGS.get(day.day, 'th')} {MONTHS[day.month - 1]}"
        + (f" {day.year}" if first.year != last.year else "")
        for day in (first, last)
    )


def group_lines(answer: Answer) -> list[str]:
    """The table of groups, and how many were cut off."""
    if not answer.question.by:
        return []
    table = {
        name: [WRITTEN.get(name, "{}").format(value) for value in values]
        for name, values in answer.columns.items()
    }
    widths = {name: max(map(len, [name, *table[name]])) for name in table}
    rows = [list(table), *rows_of(table)]
    lines = [
        "  ".join(
            cell.ljust(width) if name in answer.question.by else cell.rjust(width)
            for cell, (name, width) in zip(row, widths.items(), strict=True)
        )
        for row in rows
    ]
    return ["", *lines, *cut_lines(answer), ""]


def cut_lines(answer: Answer) -> list[str]:
    """How many groups were cut off, if any."""
    left_out = answer.groups - len(answer.columns["bytes"])
    return [f"... and {left_out:,} more"] if left_out else []


def account_lines(answer: Answer) -> list[str]:
    """What became of every row."""
    account = answer.account
    rejected = sorted(account.rejected.items(), key=lambda item: -item[1].rows)
    return [
        f"{answer.requests:,} requests counted of {account.rows_read:,} rows read; "
        f"{answer.rows_outside:,} outside the question, {account.rows_rejected:,} rejected",
        *(
            f"  {rejects.rows:,} {'row' if rejects.rows == 1 else 'rows'} rejected, "
            f"first {rejects.file}:{rejects.line}: {reason}"
            for reason, rejects in rejected
        ),
    ]


def file_lines(answer: Answer) -> list[str]:
    """Return a warning about unfinished files, and each file that was left out."""
    account, lines = answer.account, []
    if account.unfinished:
        others = f" and of {len(account.unfinished) - 1:,} more" * (len(account.unfinished) > 1)
        lines.append(
            f"warning: the last line of {next(iter(account.unfinished))}{others} has no newline; "
            "it counts, but the file may still grow"
        )
    if account.left_out:
        count = len(account.left_out)
        lines.append(f"left out, since they cannot be read: {count:,} file{'s' * (count > 1)}")
        lines += [f"  {name}: {reason}" for name, reason in account.left_out.items()]
    return lines


def as_record(answer: Answer) -> dict:
    """Return the answer as one object.

    `rows_rejected` maps each reason to its number of rows, `files_left_out` each file to a reason.
    """
    first, last = answer.period()
    rejected = answer.account.rejected
    record = {
        "from": first and first.isoformat(),
        "to": last and last.isoformat(),
        "extension": ",".join(answer.question.extensions) or None,
        "requests": answer.requests,
        "bytes": answer.bytes,
        "rows_read": answer.account.rows_read,
        "rows_outside": answer.rows_outside,
        "rows_rejected": {reason: rejects.rows for reason, rejects in rejected.items()},
        "first_rejected": {reason: f"{it.file}:{it.line}" for reason, it in rejected.items()},
        "files_unfinished": list(answer.account.unfinished),
        "files_left_out": answer.account.left_out,
    }
    if answer.question.by:
        columns = answer.columns
        record["groups"] = [dict(zip(columns, row, strict=True)) for row in rows_of(columns)]
        record["groups_found"] = answer.groups
    return record
