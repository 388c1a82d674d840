"""What one block of a log adds to the answer."""

from common.command import UserError

import threading

import pandas as pd

from logs.fields import CACHE, STATUS, Layout
from logs.scanner import SHORTEST_ROW, Columns, ScannedBlock, empty_columns, scan_block
from traffic.account import BlockAccount, account_for
from traffic.groups import counts, summarise
from traffic.question import Question
from traffic.totals import no_groups


class Buffers(threading.local):
    """The columns that a thread fills for block after block: to allocate them anew takes time."""

    columns: Columns | None = None

    def columns_for(self, block: memoryview, question: Question) -> Columns:
        """Return columns for at least as many rows as the block can hold."""
        if self.columns is None or len(self.columns.second) < len(block) // SHORTEST_ROW + 1:
            self.columns = empty_columns(block, question.columns_left_out())
        return self.columns


def answer_block(
    file: str, layout: Layout, block: memoryview, question: Question, buffers: Buffers
) -> tuple[BlockAccount, pd.DataFrame]:
    """Return what became of the lines of one block, and what it adds to the answer."""
    scanned = scan_block(file, layout, block, buffers.columns_for(block, question))
    return account_for(scanned), part_of_answer(scanned, question)


def part_of_answer(scanned: ScannedBlock, question: Question) -> pd.DataFrame:
    """What one block adds to the answer."""
    if scanned.records.empty:
        return no_groups(question)
    for name, role in (("status", STATUS), ("cache", CACHE)):
        asked = name in question.by or (name == "cache" and question.caches)
        if asked and role not in scanned.layout.roles:
            raise UserError(f"{scanned.file}: its rows have no {name} field; ask without {name}")
    if "url" not in question.by:
        return summarise(scanned.records, question)
    mask = counts(scanned.records, question)
    return summarise(scanned.records[mask].assign(url=scanned.urls(mask)), question)
