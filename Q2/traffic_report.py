"""An answer as text for people or JSON for programs."""

import json
from datetime import date

from traffic import Answer


def as_text(answer: Answer) -> str:
    """The total in words, then what became of every row."""
    extensions = " and ".join(answer.question.extensions) or "all"
    first, last = (day_in_words(day) for day in answer.period())
    lines = [
        f"Total data transfer by {extensions} files from {first} to {last}: {answer.bytes}",
        f"{answer.requests:,} requests counted of {answer.account.rows_read:,} rows read; "
        f"{answer.rows_outside:,} outside the question, {answer.account.rows_rejected:,} rejected",
    ]
    rejected = sorted(answer.account.rejected.items(), key=lambda item: -item[1].rows)
    return "\n".join(lines + [f"  rejected, {reason}: {rejects}" for reason, rejects in rejected])


def day_in_words(day: date | None) -> str:
    """24th Aug"""
    if day is None:
        return "no day"
    ordinal = (
        "th" if day.day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    )
    return f"{day.day}{ordinal} {MONTHS[day.month - 1]}"


# strftime's %b follows the locale
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def as_json(answer: Answer) -> str:
    """One object; `rows_rejected` maps each reason to its number of rows."""
    first, last = answer.period()
    rejected = {reason: rejects.rows for reason, rejects in answer.account.rejected.items()}
    return json.dumps(
        {
            "from": first and first.isoformat(),
            "to": last and last.isoformat(),
            "extension": ",".join(answer.question.extensions) or None,
            "requests": answer.requests,
            "bytes": answer.bytes,
            "rows_read": answer.account.rows_read,
            "rows_outside": answer.rows_outside,
            "rows_rejected": rejected,
        },
        indent=2,
    )


FORMATS = {"text": as_text, "json": as_json}
