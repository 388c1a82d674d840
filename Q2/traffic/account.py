"""What became of every row of a log, so that none vanishes: counted, outside, or rejected why."""

from common.command import UserError

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from logs.kernel import REASONS
from logs.scanner import ScannedBlock


@dataclass
class Rejects:
    """The rows rejected for one reason."""

    rows: int
    file: str  # of the first one
    line: int


class BlockAccount(NamedTuple):
    """What became of the lines of one block."""

    file: str
    lines: int
    rejected: np.ndarray  # rows, by position in REASONS
    first_lines: np.ndarray  # the first line of each reason, counted from 0 in the block
    accepted: int
    first_second: int | None  # of the accepted rows, since 1970-01-01 UTC
    last_second: int | None


def account_for(scanned: ScannedBlock) -> BlockAccount:
    """What became of the lines of a scanned block."""
    seconds = scanned.records["second"].to_numpy()
    period = (int(seconds.min()), int(seconds.max())) if len(seconds) else (None, None)
    return BlockAccount(
        scanned.file,
        scanned.lines,
        scanned.rejected,
        scanned.first_lines,
        len(seconds),
        *period,
    )


def joined(first: BlockAccount, then: BlockAccount) -> BlockAccount:
    """What became of the lines of two blocks that follow one another in a file."""
    seconds = [
        second
        for account in (first, then)
        for second in (account.first_second, account.last_second)
        if second is not None
    ]
    return BlockAccount(
        first.file,
        first.lines + then.lines,
        first.rejected + then.rejected,
        np.where(first.rejected > 0, first.first_lines, first.lines + then.first_lines),
        first.accepted + then.accepted,
        min(seconds, default=None),
        max(seconds, default=None),
    )


@dataclass
class RowAccount:
    """The rows of a log so far. Rows read are the sum of accepted and rejected ones."""

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
        """Raise `UserError` for the first rejected row, if there is any."""
        if self.rejected:
            raise UserError(f"{self.first_reject()}; fix the row or pass --on-bad-row skip")

    def require_accepted_rows(self) -> None:
        """Raise `UserError` if every row was rejected: the format is wrong, not the rows."""
        if self.rejected and not self.accepted:
            rows = f"all {self.rows_read:,} rows are rejected"
            raise UserError(f"{self.first_reject()}; {rows}: see --log-format")

    def first_reject(self) -> str:
        """Return the first rejected row as FILE:LINE: REASON."""
        reason, first = min(self.rejected.items(), key=lambda item: item[1].line)
        return f"{first.file}:{first.line}: {reason}"

    def add(self, block: BlockAccount) -> None:
        """Add a block; the blocks of a file come in their order."""
        if block.file != self.file:
            self.file, self.lines = block.file, 0
        codes = block.rejected.nonzero()[0].tolist()
        for code in sorted(codes, key=lambda code: block.first_lines[code]):
            line = self.lines + int(block.first_lines[code]) + 1
            rejects = self.rejected.setdefault(REASONS[code], Rejects(0, block.file, line))
            rejects.rows += int(block.rejected[code])
        self.lines += block.lines
        self.accepted += block.accepted
        if block.accepted:
            first, last = self.first_second, self.last_second
            self.first_second = (
                block.first_second if first is None else min(first, block.first_second)
            )
            self.last_second = block.last_second if last is None else max(last, block.last_second)
