"""How logs would be read: each layout found, what its fields were taken for, and its first rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from common.output import formatted
from logs.fields import CACHE, REASONS, RESULT, SKIP, STATUS, Layout, LayoutOptions
from logs.layouts.columns import MEANING_OF
from logs.names import unpack
from logs.reader import Reading, read_pieces
from logs.scanner import Columns, ScannedBlock, scan_block
from logs.sources import Source

ROWS = 3
HEAD = 1 << 16  # bytes of a file that are looked at
HEADER = ("layout", "files", "first_file", "field", "name", "taken_for")


@dataclass
class Preview:
    """A layout, the files that have it, and how the first rows of the first one are read."""

    layout: Layout
    files: list[str]
    rows: list[dict]
    rejected: dict[str, int]  # by reason, of the lines that were looked at

    def fields(self) -> Iterator[tuple[int, str, str]]:
        """The number, from 1, the name and the meaning of each field."""
        names = self.layout.names or ("",) * len(self.layout.roles)
        for number, (role, name) in enumerate(zip(self.layout.roles, names, strict=False), 1):
            yield number, name, MEANING_OF.get(role, "-") if role != SKIP else "-"


def previews(sources: list[Source], options: LayoutOptions) -> list[Preview]:
    """The layouts of all sources in the order in which they are found.

    Of each source the first lines are read. Raises `UserError` for a log of no known format.
    """
    found: dict[Layout, Preview] = {}
    reading = Reading(options)
    for source in sources:
        for piece in read_pieces([source], reading):
            layout = piece.layout
            if layout is None or not layout.roles:
                continue
            if layout not in found:
                text = layout.as_text(head_of(piece.block))
                found[layout] = preview(scan_block(piece.files[0], layout, text))
            found[layout].files += piece.files
            break
    return list(found.values())


def head_of(block: memoryview) -> memoryview:
    """The first whole lines of a block."""
    if len(block) <= HEAD:
        return block
    cut = bytes(block[:HEAD]).rfind(b"\n") + 1
    return block[:cut] if cut else block


def preview(scanned: ScannedBlock) -> Preview:
    """What a block shows of its layout."""
    first = np.arange(scanned.rows) < ROWS
    roles = {*scanned.layout.roles}
    urls = scanned.urls(first)
    records = map(Columns, *(column[:ROWS].tolist() for column in scanned.records))
    rows = [
        {
            "time": datetime.fromtimestamp(record.second, UTC).isoformat(),
            "size": record.size,
            "url": url,
            **({"status": record.status} if {STATUS, RESULT} & roles else {}),
            **({"cache": unpack(record.cache)} if {CACHE, RESULT} & roles else {}),
        }
        for record, url in zip(records, urls, strict=True)
    ]
    codes = scanned.rejected.nonzero()[0]
    rejected = {REASONS[code]: int(scanned.rejected[code]) for code in codes}
    return Preview(scanned.layout, [], rows, rejected)


def report(found: list[Preview], form: str) -> str:
    """The layouts in one of `common.output.FORMATS`."""
    table = [
        (number, len(it.files), it.files[0], *field)
        for number, it in enumerate(found, 1)
        for field in it.fields()
    ]
    record = {
        "layouts": [
            {
                "files": len(it.files),
                "first_file": it.files[0],
                "fields": [dict(zip(HEADER[3:], field, strict=True)) for field in it.fields()],
                "rows": it.rows,
                "rejected": it.rejected,
            }
            for it in found
        ]
    }
    return formatted(form, "\n\n".join(map(text_of, found)), HEADER, table, record)


def text_of(it: Preview) -> str:
    """One layout as text."""
    more = f" and {len(it.files) - 1:,} more" if len(it.files) > 1 else ""
    lines = [f"{it.files[0]}{more}:"]
    lines += [f"  field {number:2}  {name:24} {meaning}" for number, name, meaning in it.fields()]
    for row in it.rows:
        lines.append("  row: " + ", ".join(f"{name} {value}" for name, value in row.items()))
    lines += [f"  {rows:,} rows rejected: {reason}" for reason, rows in it.rejected.items()]
    return "\n".join(line.rstrip() for line in lines)
