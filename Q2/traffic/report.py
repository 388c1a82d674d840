"""An answer as text for people, as JSON or as CSV for programs."""

import sys
from datetime import date

from common.output import formatted
from traffic.answer import Answer
from traffic.question import Question
from traffic.sizes import PERCENTILES

# strftime's %b follows the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}

WRITTEN = {
    **dict.fromkeys(("requests", "bytes", "running_total", "hits", "misses"), "{:,}"),
    **dict.fromkeys(PERCENTILES, "{:,}"),
    **dict.fromkeys(("share", "hit_ratio", "byte_hit_ratio"), "{:.1%}"),
    "mean_size": "{:,.0f}",
}
MOST_NAMED = 10  # files that a ledger has; JSON names all
TOTAL = ("requests", "bytes", "hits", "misses", "hit_ratio", "byte_hit_ratio", *PERCENTILES)


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
    record, columns = as_record(answer), all_columns(answer)
    if not answer.question.by:
        columns = {key: [record[key]] for key in ("from", "to", "extension")} | columns
    return formatted(form, as_text(answer), list(columns), rows_of(columns), record)


def all_columns(answer: Answer) -> dict[str, list]:
    """The columns of all rankings one below the other, named by a first column if there are two."""
    if len(answer.rankings) == 1:
        return answer.columns
    orders = [order for order, table in answer.rankings.items() for _ in table["bytes"]]
    tables = answer.rankings.values()
    return {"order": orders} | {
        name: [value for table in tables for value in table[name]] for name in answer.columns
    }


def rows_of(columns: dict[str, list]) -> list[tuple]:
    """The rows of a table."""
    return list(zip(*columns.values(), strict=True))


def as_text(answer: Answer) -> str:
    """The total in words, the groups as a table, and what became of every row."""
    first, last = period_in_words(*answer.period())
    files = files_in_words(answer.question)
    total = f"Total data transfer by {files} from {first} to {last}: {answer.bytes}"
    return "\n".join([total, *measure_lines(answer), *group_lines(answer), *account_lines(answer)])


def files_in_words(question: Question) -> str:
    """Which requests count, in words."""
    words = [(" and ".join(question.extensions) or "all") + " files"]
    if question.caches:
        words.append(f"with cache result {' or '.join(question.caches)}")
    if question.statuses:
        words.append(f"with status {' or '.join(question.statuses)}")
    if question.hosts:
        words.append(f"of host {' or '.join(question.hosts)}")
    if question.urls:
        words.append(f"with URL {' or '.join(question.urls)}")
    if question.excluded:
        words.append(f"except URL {' or '.join(question.excluded)}")
    return " ".join(words)


def measure_lines(answer: Answer) -> list[str]:
    """What is measured of all that counts."""
    total = {name: written(name, column[0]) for name, column in answer.total.items()}
    lines = []
    if "hits" in total:
        lines.append(
            f"Hit ratio {total['hit_ratio']}, of bytes {total['byte_hit_ratio']}: "
            f"{total['hits']} hits, {total['misses']} misses"
        )
    if "p50" in total:
        sizes = ", ".join(f"{name} {total[name]}" for name in PERCENTILES)
        lines.append(f"Sizes in bytes, within 0.4 %: {sizes}")
    return lines


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
    """The tables of groups, and how many were cut off."""
    if not answer.question.by:
        return []
    lines = []
    for order, columns in answer.rankings.items():
        heading = [f"by {order}:"] * (len(answer.rankings) > 1)
        lines += ["", *heading, *table_lines(columns, answer.question.by), *cut_lines(answer)]
    return [*lines, ""]


def written(name: str, value: object) -> str:
    """A value of a column; what is not known is a `-`."""
    return "-" if value is None else WRITTEN.get(name, "{}").format(value)


def table_lines(columns: dict[str, list], by: tuple[str, ...]) -> list[str]:
    """A table with a header, names to the left and numbers to the right."""
    table = {name: [written(name, it) for it in values] for name, values in columns.items()}
    widths = {name: max(map(len, [name, *table[name]])) for name in table}
    rows = [list(table), *rows_of(table)]
    return [
        "  ".join(
            cell.ljust(width) if name in by else cell.rjust(width)
            for cell, (name, width) in zip(row, widths.items(), strict=True)
        )
        for row in rows
    ]


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
    """Return a warning about unfinished files, and the files that were left out."""
    account, lines = answer.account, []
    if before := answer.counted_before:
        count = len(before)
        lines.append(f"left out, since the ledger has them: {count:,} file{'s' * (count > 1)}")
        lines += [f"  {name}: {reason}" for name, reason in [*before.items()][:MOST_NAMED]]
        lines += [f"  ... and {count - MOST_NAMED:,} more"] * (count > MOST_NAMED)
    if answer.grown:
        count = len(answer.grown)
        have = "s have" if count > 1 else " has"
        lines.append(f"{count:,} file{have} grown since the ledger's run; only new lines count")
        lines += [f"  {name}: after {size:,} bytes" for name, size in answer.grown.items()]
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

    `rows_rejected` maps each reason to its number of rows, `files_left_out` and
    `files_counted_before` each file to a reason, `files_grown` to its bytes counted before.
    The tables are `groups`, or of several orders `rankings`.
    """
    first, last = answer.period()
    rejected = answer.account.rejected
    record = {
        "from": first and first.isoformat(),
        "to": last and last.isoformat(),
        "extension": ",".join(answer.question.extensions) or None,
        **{name: column[0] for name, column in answer.total.items() if name in TOTAL},
        "rows_read": answer.account.rows_read,
        "rows_outside": answer.rows_outside,
        "rows_rejected": {reason: rejects.rows for reason, rejects in rejected.items()},
        "first_rejected": {reason: f"{it.file}:{it.line}" for reason, it in rejected.items()},
        "files_unfinished": list(answer.account.unfinished),
        "files_left_out": answer.account.left_out,
        "files_counted_before": answer.counted_before,
        "files_grown": answer.grown,
    }
    if answer.question.by:
        tables = {order: objects(columns) for order, columns in answer.rankings.items()}
        whole = len(tables) > 1
        record |= {"rankings": tables} if whole else {"groups": next(iter(tables.values()))}
        record["groups_found"] = answer.groups
    return record


def objects(columns: dict[str, list]) -> list[dict]:
    """The rows of a table as objects."""
    return [dict(zip(columns, row, strict=True)) for row in rows_of(columns)]
