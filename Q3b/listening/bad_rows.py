"""Rows that cannot be used: how many for each reason, where the first one is, and what to do."""

from common.command import UserError

from dataclasses import dataclass, field
from pathlib import Path

# Rows that the user asks to leave out; they are not bad, so no run stops at them.
TOO_OLD = "plays: older than --max-age"


@dataclass(frozen=True)
class Rejected:
    """The rows of a file that were left out, by reason.

    counts: number of rows; a reason begins with what the rows are, such as "plays: "
    first: number of the first such line, or row of a Parquet file, counted from 1, for each
        reason that has rows
    """

    path: Path
    counts: dict[str, int]
    first: dict[str, int] = field(default_factory=dict)

    def places(self) -> dict[str, str]:
        """Return where the first row of each reason is: FILE:LINE, or FILE row N for Parquet."""
        between = " row " if self.path.suffix == ".parquet" else ":"
        return {reason: f"{self.path}{between}{number}" for reason, number in self.first.items()}

    def check(self, on_bad_row: str) -> None:
        """Raise UserError, naming the first bad row, if `on_bad_row` is "stop" and there is one."""
        bad = {reason: number for reason, number in self.first.items() if reason != TOO_OLD}
        if bad and on_bad_row == "stop":
            reason = min(bad, key=bad.get)
            _, _, why = reason.partition(": ")  # the file tells that they are plays or profiles
            raise UserError(
                f"{self.places()[reason]}: {why}; fix the row or pass --on-bad-row skip"
            )


def rejected_lines(rejected: dict[str, int], places: dict[str, str]) -> list[str]:
    """Return a line for each reason that has rows."""
    return [
        f"{rows:,} {'row' if rows == 1 else 'rows'} rejected, first {places[reason]}: {reason}"
        for reason, rows in rejected.items()
        if rows
    ]
