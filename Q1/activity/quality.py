"""What may be wrong with the data: who installed when, ids, clocks, and names that are alike."""

from dataclasses import asdict, dataclass
from itertools import groupby

from activity.answers import table
from activity.finding import Finding
from retention.inquiry import Inquiry
from retention.overview import Overview
from retention.report import Answer, Data, data_record, data_text

MOST_EXAMPLES = 5  # of names, in the text


@dataclass(frozen=True)
class QualityInquiry(Inquiry):
    """The question what may be wrong with the data."""

    @property
    def title(self) -> str:
        """What a page about the answer is called."""
        return "What may be wrong with the events"

    def plan(self) -> str:
        """The plan that PostgreSQL followed, with its times."""
        lines, _ = self.ask_overview(self.window or self.whole_window, explain=True)
        return "\n".join(line for (line,) in lines)

    def answer(self) -> Answer:
        """Answer the question. Raises `UserError` without events of users."""
        overview, _, asked, limited = self.counted()
        data = self.data(overview)
        names, asked_names = self.ask("event_counts", limited=limited)
        statements, records_before = [asked, asked_names], 0
        if overview.users_active_before_install:  # it takes another pass
            (early,), asked_early = self.ask_by_user("before_start", limited=limited)
            records_before = early.records
            statements.append(asked_early)
        findings = [*findings_of(data, overview, records_before), *names_alike(names)]
        if self.options.plot or self.options.html:
            from activity import bars

            self.draw(*bars.quality_picture(findings, overview), data)
        return quality_answer(data, findings, ";\n\n".join(statements))


def findings_of(data: Data, overview: Overview, records_before: int) -> list[Finding]:
    """What is found about users and times, and the records before their user's first start."""
    span, start = overview.span, data.question.install_event
    rejected = [
        Finding(f"rows rejected: {reason}", it.rows, None) for reason, it in data.rejected.items()
    ]
    left_out = [Finding(f"left out, {it.reason}", it.records, None) for it in span.left_out]
    return [
        *rejected,
        *left_out,
        Finding("without a user", span.records_without_user, None),
        Finding(
            f"before the user's first {start}",
            records_before,
            overview.users_active_before_install,
        ),
        Finding(f"users without {start}", None, overview.users_without_install),
        Finding(f"users with {start} on several days", None, overview.users_reinstalled),
    ]


def names_alike(names: list) -> list[Finding]:
    """Names that differ in case or spaces alone, by the rows of `event_counts.sql`.

    The records are those of all but the most frequent name.
    """

    def folded(row) -> str:
        return " ".join(row.event_name.split()).lower()

    alike = [list(rows) for _, rows in groupby(sorted(names, key=folded), folded)]
    return [
        Finding(
            "event names that differ in case or spaces alone",
            sum(row.records for row in rows[1:]),
            None,
            tuple(row.event_name for row in rows),
        )
        for rows in alike
        if len(rows) > 1
    ]


def quality_answer(data: Data, findings: list[Finding], statement: str) -> Answer:
    """The findings: a line each, and a row each for CSV."""
    header = ["finding", "records", "users", "names"]
    lines = [[it.finding, count(it.records), count(it.users), listed(it.names)] for it in findings]
    text = f"{data_text(data)}\n\n{table(header, lines)}"
    rows = [[it.finding, it.records, it.users, "|".join(it.names)] for it in findings]
    record = data_record(data) | {"findings": [asdict(finding) for finding in findings]}
    return Answer(text, header, rows, record, statement)


def listed(names: tuple[str, ...]) -> str:
    """The first of some names."""
    more = ", ..." * (len(names) > MOST_EXAMPLES)
    return ", ".join(map(repr, names[:MOST_EXAMPLES])) + more


def count(number: int | None) -> str:
    """A number for the table; empty if it was not counted."""
    return "" if number is None else f"{number:,}"
