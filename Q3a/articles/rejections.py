"""Rows that cannot be used: counted by reason, or an error at the first one."""

from common.command import UserError

import sys
from collections import Counter

POLICIES = ("stop", "skip")


class Rejections:
    """Rows left out, by reason, with the first place (FILE:LINE) of each reason."""

    def __init__(self, policy: str = "skip"):
        self.policy = policy  # one of POLICIES
        self.counts: Counter[str] = Counter()
        self.first: dict[str, str] = {}

    def add(self, place: str, reason: str) -> None:
        """Count a row. Raises UserError under the policy `stop`."""
        if self.policy == "stop":
            raise UserError(f"{place}: {reason}; fix the row or pass --on-bad-row skip")
        self.counts[reason] += 1
        self.first.setdefault(reason, place)

    def lines(self) -> list[str]:
        """Return a line for each reason."""
        return [
            f"{rows:,} {'row' if rows == 1 else 'rows'} rejected, "
            f"first {self.first[reason]}: {reason}"
            for reason, rows in self.counts.items()
        ]

    def report(self) -> None:
        """Print the lines on standard error."""
        for line in self.lines():
            print(line, file=sys.stderr)

    def record(self) -> dict[str, dict]:
        """Return the same for JSON: rows and the first place by reason."""
        return {
            reason: {"rows": rows, "first": self.first[reason]}
            for reason, rows in self.counts.items()
        }
