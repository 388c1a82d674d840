"""Articles from CSV and TSV files: every row is kept, or rejected with the reason why."""

from common.command import UserError

import csv
import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from articles.rejections import Rejections

if TYPE_CHECKING:
    import pandas as pd

ENCODINGS = ("utf-8-sig", "big5hkscs")  # tried in this order
COLUMNS = {"id": "id", "tag": "tag", "text": "text"}  # ours, and the file's name for it
BATCH = 10_000  # articles
LONGEST_FIELD = 2**31 - 1  # characters: the csv module's own limit is 131,072


@dataclass
class Source:
    """How the user's files are to be read."""

    columns: Mapping[str, str] = field(default_factory=lambda: COLUMNS)
    encoding: str | None = None  # None: the first of ENCODINGS that fits


def matching_files(pattern: str) -> list[Path]:
    """Return the file of that name, or the files that a pattern such as `logs/*.csv` matches."""
    if Path(pattern).exists():
        return [Path(pattern)]
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return [Path(name) for name in sorted(names)]


def read_batches(
    paths: Sequence[Path], wanted: Sequence[str], source: Source, rejected: Rejections
) -> Iterator["pd.DataFrame"]:
    """Yield the articles of all files in frames of at most BATCH rows.

    `wanted` are of id, tag, text; these are the columns, and `place`, the row's FILE:LINE. A row is
    added to `rejected` if it has too many or too few fields, or no tag where a tag is wanted.
    Raises UserError if there are no articles.
    """
    import pandas as pd  # here, since the command line needs this module before any work

    found = False
    for path in paths:
        for rows in chunks(read_rows(path, wanted, source, rejected), BATCH):
            found = True
            yield pd.DataFrame(rows, columns=[*wanted, "place"], dtype=object)
    if not found:
        reason = "; ".join(rejected.lines()) or "no articles below the header"
        raise UserError(f"{', '.join(map(str, paths))}: {reason}")


def chunks(rows: Iterable, size: int) -> Iterator[list]:
    """Yield the rows in lists of `size`; the last one may be shorter."""
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


def read_rows(
    path: Path, wanted: Sequence[str], source: Source, rejected: Rejections
) -> Iterator[tuple[str, ...]]:
    """Yield the wanted fields of each row as they are written, and its place, FILE:LINE.

    A tag alone is taken without the spaces around it, which would make another tag of it.
    """
    encoding = source.encoding or detected_encoding(path)
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(file, **dialect(path))
            header = [name.strip() for name in next(reader, [])]
            positions = [position(path, header, source.columns[name]) for name in wanted]
            tag_position = positions[wanted.index("tag")] if "tag" in wanted else None
            line = reader.line_num + 1  # where the next row begins: a quoted field may have several
            for row in reader:
                place, line = f"{path}:{line}", reader.line_num + 1
                if reason := reason_to_reject(row, len(header), tag_position):
                    rejected.add(place, reason)
                elif row:
                    if tag_position is not None:
                        row[tag_position] = row[tag_position].strip()
                    yield *(row[position] for position in positions), place
    except UnicodeError as error:
        way_out = "name another" if source.encoding else "name its encoding"
        raise UserError(f"{path}: {error}; {way_out} with --encoding") from None
    except LookupError:
        raise UserError(f"--encoding {encoding}: Python knows no such encoding") from None
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: {error}; check its quotes") from None


def dialect(path: Path) -> dict:
    """The csv module's settings for the file: `.tsv` has tabs and no quoting."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return {"delimiter": "\t", "quoting": csv.QUOTE_NONE}
    return {"strict": True}


def detected_encoding(path: Path) -> str:
    """The first of ENCODINGS in which the whole file can be read."""
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                while file.read(2**20):
                    pass
            return encoding
        except UnicodeDecodeError:
            continue
    raise UserError(f"{path}: neither {' nor '.join(ENCODINGS)}; name its encoding with --encoding")


def position(path: Path, header: list[str], name: str) -> int:
    """Where the column of that name stands."""
    if not header:
        raise UserError(f"{path}: the file is empty; it needs a header such as id,tag,text")
    if name not in header:
        raise UserError(
            f"{path}:1: no column {name!r} among {', '.join(header)};"
            " map names with --columns, such as --columns id=index,tag=class,text=title"
        )
    return header.index(name)


def reason_to_reject(row: list[str], fields: int, tag_position: int | None) -> str | None:
    """Why the row cannot be used, or None; an empty line is no row."""
    if row and len(row) != fields:
        return "wrong number of fields"
    if row and tag_position is not None and not row[tag_position].strip():
        return "no tag"
    return None
