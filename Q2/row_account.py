"""What became of every row of a log, so that none vanishes: counted, outside, or rejected why."""

from dataclasses import dataclass, field

from command_line import UserError
from log_kernel import REASONS
from log_scanner import ScannedBlock


@dataclass
class Rejects:
    """The rows rejected for one reason."""

    rows: int
    file: str  # of the first one
    line: int


@dataclass
class RowAccount:
    """The rows of a log so far. `rows_read` is the sum of accepted rows and rejected ones."""

    accepted: int = 0
    rejected: dict[str, Rejects] = field(default_factory=dict)
    first_second: int | None = None  # of the accepted rows, since 1970-01-01 UTC
    last_second: int | None = None
    file: str | None = None  # the one that is read
    lines: int = 0  # of that file

    @property
    def rows_rejected(self) -> int:
        return sum(rejects.rows for rejects in self.rejected.values())

    @property
    def rows_read(self) -> int:
        return self.accepted + self.rows_rejected

    def check(self) -> None:
        """Refuse a log with a bad row, as a strict reader does."""
        if self.rejected:
            reason, first = min(self.rejected.items(), key=lambda item: item[1].line)
            raise UserError(f"{first.file}:{first.line}: {reason}; mend it or leave --strict out")

    def add(self, scanned: ScannedBlock) -> None:
        """Add a block; the blocks of a file come in their order."""
        if scanned.file != self.file:
            self.file, self.lines = scanned.file, 0
        for code in scanned.rejected.nonzero()[0]:
            line = self.lines + int(scanned.first_lines[code]) + 1
            rejects = self.rejected.setdefault(REASONS[code], Rejects(0, scanned.file, line))
            rejects.rows += int(scanned.rejected[code])
        self.lines += scanned.lines
        self.accepted += len(scanned.records)
        if len(scanned.records):
            seconds = scanned.records["second"].to_numpy()
            first, last = int(seconds.min()), int(seconds.max())
            self.first_second = (
                first if self.first_second is None else min(self.first_second, first)
            )
            self.last_second = last if self.last_second is None else max(self.last_second, last)
