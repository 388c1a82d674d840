"""What one piece of a log adds to the answer, and which parts of a file count."""

import pickle
import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from logs.packs import Piece
from traffic.account import BlockAccount, account_for
from traffic.question import Question
from traffic.summary import counts, summarise
from traffic.totals import Groups, no_groups

if TYPE_CHECKING:
    from logs.scanner import Columns, ScannedBlock
    from traffic.text_table import TextTable

HELD = 64 << 20  # bytes of parts that wait in memory for the end of their file

Part = tuple[BlockAccount, Groups]


class Buffers(threading.local):
    """The columns that a thread fills for block after block: to allocate them anew takes time."""

    columns: "Columns | None" = None
    texts: "TextTable | None" = None

    def columns_for(self, block: memoryview, question: Question) -> "Columns":
        """Return columns for at least as many rows as the block can hold."""
        from logs.scanner import SHORTEST_ROW, empty_columns

        if self.columns is None or len(self.columns.second) < len(block) // SHORTEST_ROW + 1:
            unused = question.columns_left_out()
            self.columns = empty_columns(block, unused, question.roles)
        return self.columns


def answer_piece(piece: Piece, question: Question, buffers: Buffers) -> Part:
    """Return what became of the lines of one piece, and what it adds to the answer."""
    if piece.reason:
        return BlockAccount(left_out=((piece.files[0], piece.reason),)), no_groups(question)
    if piece.answered:
        return piece.answered
    from logs.scanner import scan_block  # compiled, and not all files need it

    text = piece.layout.as_text(piece.block)
    columns = buffers.columns_for(text, question)
    scanned = scan_block(piece.files[0], piece.layout, text, columns, question.roles)
    return account_for(scanned, piece), part_of_answer(scanned, question, buffers)


def part_of_answer(scanned: "ScannedBlock", question: Question, buffers: Buffers) -> Groups:
    """What one block adds to the answer."""
    if not scanned.rows:
        return no_groups(question)
    if not question.is_of_texts:
        return summarise(scanned, question)
    from traffic.text_totals import texts_of_block  # compiled, and only texts need it

    mask = counts(scanned, question)
    buffers.texts = texts_of_block(scanned, question, mask, buffers.texts)
    return buffers.texts.part()


def whole_files(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the parts of files that were read to their end: a bad file counts wholly or not at all.

    The parts of a file wait until another one comes, many of them on disk.
    """
    held, file = HeldParts(), None
    for account, table in parts:
        if account.left_out:
            bad = {name for name, _ in account.left_out}
            yield from () if file in bad else held.parts()
            held, file = HeldParts(), None
            yield account, table
            continue
        if account.files[0] != file:
            yield from held.parts()
            held = HeldParts()
        file = account.files[-1]
        held.add((account, table))
    yield from held.parts()


class HeldParts:
    """Parts that wait, in a temporary file if they are large."""

    def __init__(self):
        self.count, self.file = 0, tempfile.SpooledTemporaryFile(HELD)  # noqa: SIM115 see `parts`

    def add(self, part: Part) -> None:
        pickle.dump(part, self.file, pickle.HIGHEST_PROTOCOL)
        self.count += 1

    def parts(self) -> Iterator[Part]:
        """Yield the parts in their order."""
        self.file.seek(0)
        for _ in range(self.count):
            yield pickle.load(self.file)  # noqa: S301 written by `add`
