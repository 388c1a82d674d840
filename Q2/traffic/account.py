"""What became of every row of a log, so that none vanishes: counted, outside, or rejected why."""

from common.command import UserError

from bisect import bisect_right
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from logs.fields import REASONS
from logs.packs import Piece

if TYPE_CHECKING:
    from logs.scanner import ScannedBlock


@dataclass
class Rejects:
    """The rows rejected for one reason."""

    rows: int
    file: str  # of the first one
    line: int


class BlockAccount(NamedTuple):
    """What became of the lines of one block, which may hold several small files."""

    files: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()  # the first line of each file in the block, counted from 0
    lines: int = 0
    rejected: dict[str, tuple[int, int]] = MappingProxyType({})  # see `account_for`
    accepted: int = 0
    # Of the accepted rows, since 1970-01-01 UTC, or others of the same days; None where no question
    # asks for the period
    first_second: int | None = None
    last_second: int | None = None
    unfinished: tuple[str, ...] = ()  # files whose last line has no newline
    left_out: tuple[tuple[str, str], ...] = ()  # files that cannot be read, and why


def account_for(scanned: "ScannedBlock", piece: Piece) -> BlockAccount:
    """What became of the lines of a scanned piece.

    `rejected` maps each reason to its rows and to the first one's line in the block, to which lines
    belong that were counted before, too.
    """
    seconds = scanned.records.second
    period = (int(seconds.min()), int(seconds.max())) if len(seconds) else (None, None)
    words = scanned.layout.reasons
    rejected = {
        words.get(reason, reason): (rows, piece.before + first)
        for reason, rows, first in zip(
            REASONS, scanned.rejected.tolist(), scanned.first_lines.tolist(), strict=True
        )
        if rows
    }
    return BlockAccount(
        piece.files,
        piece.starts,
        piece.before + scanned.lines,
        rejected,
        len(seconds),
        *period,
        unfinished=piece.unfinished,
    )


def joined(first: BlockAccount, then: BlockAccount) -> BlockAccount:
    """What became of the lines of two blocks that follow one another."""
    same = first.files[-1:] == then.files[:1]  # the second block goes on with the same file
    rejected = dict(first.rejected)
    for reason, (rows, line) in then.rejected.items():
        before, place = rejected.get(reason, (0, first.lines + line))
        rejected[reason] = (before + rows, place)
    seconds = (first.first_second, first.last_second, then.first_second, then.last_second)
    seconds = [second for second in seconds if second is not None]
    return BlockAccount(
        first.files + then.files[same:],
        first.starts + tuple(first.lines + start for start in then.starts[same:]),
        first.lines + then.lines,
        rejected,
        first.accepted + then.accepted,
        min(seconds, default=None),
        max(seconds, default=None),
        tuple(dict.fromkeys(first.unfinished + then.unfinished)),
        first.left_out + then.left_out,
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
    unfinished: dict[str, None] = field(default_factory=dict)  # files, see `BlockAccount`
    left_out: dict[str, str] = field(default_factory=dict)  # reasons by file

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
            raise UserError(f"{self.first_reject()}; no row is accepted: see --log-format")

    def first_reject(self) -> str:
        """Return the first rejected row as FILE:LINE: REASON."""
        reason, first = next(iter(self.rejected.items()))
        return f"{first.file}:{first.line}: {reason}"

    def add(self, block: BlockAccount) -> None:
        """Add a block; the blocks of a file come in their order."""
        self.left_out |= block.left_out
        self.unfinished |= dict.fromkeys(block.unfinished)
        if not block.files:
            return
        before = self.lines if block.files[0] == self.file else 0
        for reason, (rows, first) in sorted(block.rejected.items(), key=lambda item: item[1][1]):
            place = bisect_right(block.starts, first) - 1
            line = first - block.starts[place] + 1 + (0 if place else before)
            rejects = self.rejected.setdefault(reason, Rejects(0, block.files[place], line))
            rejects.rows += rows
        self.file = block.files[-1]
        self.lines = block.lines - block.starts[-1] + (before if len(block.files) == 1 else 0)
        self.accepted += block.accepted
        seconds = (self.first_second, self.last_second, block.first_second, block.last_second)
        seconds = [second for second in seconds if second is not None]
        self.first_second, self.last_second = min(seconds, default=None), max(seconds, default=None)
