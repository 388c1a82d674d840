"""Articles from files: every row is kept, or rejected with the reason why.

What reads them is imported by the functions: the command line needs this module before any work.
"""

from common.command import UserError

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from articles.changes import Changes
from articles.rejections import Rejections

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {"id": "id", "tag": "tag", "text": "text"}  # ours, and the file's name for it
BATCH = 10_000  # articles


@dataclass
class Source:
    """How the user's files are to be read, and what was changed on the way."""

    columns: Mapping[str, str] = field(default_factory=lambda: COLUMNS)
    encodings: Mapping[Path | None, str] = field(default_factory=dict)  # None: of all other files
    changes: Changes = field(default_factory=Changes)


def matching_files(pattern: str) -> list[Path]:
    """Return the file of that name, or the files that a pattern such as `logs/*.csv` matches."""
    if Path(pattern).exists():
        return [Path(pattern)]
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return [Path(name) for name in sorted(names)]


def read_batches(
    paths: Sequence[Path],
    wanted: Sequence[str],
    source: Source,
    rejected: Rejections,
    maybe_tagged: bool = False,
) -> Iterator["pd.DataFrame"]:
    """Yield the articles of all files in frames of at most BATCH rows.

    `wanted` are of id, tag, text; these are the columns, and `place`, the row's FILE:LINE. A row is
    added to `rejected` if it cannot be read, or has no tag where a tag is wanted. With
    `maybe_tagged` there is a column `tag`, too, empty where a file or a row has none. Without any
    row there is one empty frame; raises UserError if a tag is wanted, or if all rows were rejected.
    """
    import pandas as pd

    found, columns = False, [*wanted, *["tag"] * maybe_tagged, "place"]
    for path in paths:
        for rows in chunks(read_rows(path, wanted, source, rejected, maybe_tagged), BATCH):
            found = True
            yield pd.DataFrame(rows, columns=columns, dtype=object)
    if not found and ("tag" in wanted or rejected.counts):
        reason = "; ".join(rejected.lines()) or "no articles below the header"
        raise UserError(f"{', '.join(map(str, paths))}: {reason}")
    if not found:
        yield pd.DataFrame(columns=columns, dtype=object)


def chunks(rows: Iterable, size: int) -> Iterator[list]:
    """Yield the rows in lists of `size`; the last one may be shorter."""
    rows = iter(rows)
    while chunk := list(islice(rows, size)):
        yield chunk


def read_rows(
    path: Path,
    wanted: Sequence[str],
    source: Source,
    rejected: Rejections,
    maybe_tagged: bool = False,
) -> Iterator[tuple[str, ...]]:
    """Yield the wanted fields of each row as they are written, and its place, FILE:LINE.

    A tag alone is `normalised`, as texts will be: other spaces or widths would make another tag.
    """
    from articles.tables.kinds import opened_table
    from articles.text import SURROGATE

    names = [source.columns[name] for name in wanted]
    encoding = source.encodings.get(path, source.encodings.get(None))
    with opened_table(path, encoding, names, source.changes) as table:
        columns = found_columns(path, table.header, names)
        tag_column = column_of_tag(table.header, source) if maybe_tagged else []
        names_read = [*wanted, *["tag"] * len(tag_column)]
        for line, fields, problem in table.rows([*columns, *tag_column]):
            whole = (SURROGATE.sub("\ufffd", field) for field in fields)
            found = dict(zip(names_read, whole, strict=False))
            if "tag" in found:
                found["tag"] = one_form(found["tag"], source.changes)
                problem = "no tag" if "tag" in wanted and not found["tag"] else None
            if problem:
                rejected.add(f"{path}:{line}", problem)
                continue
            if maybe_tagged:
                found.setdefault("tag", "")
            yield *found.values(), f"{path}:{line}"


def one_form(tag: str, changes: Changes) -> str:
    """Return the tag `normalised`; how it was written is noted."""
    from articles.text import normalised

    found = normalised(tag)
    if found:
        changes.tag_read(found, tag.strip())
    return found


def found_columns(path: Path, header: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return where the columns of these names are. Raises UserError if one is not there."""
    from articles.tables.table import positions

    if not any(header):
        raise UserError(f"{path}: the file is empty; it needs a header such as id,tag,text")
    try:
        return positions(header, names)
    except UserError as error:
        raise UserError(f"{path}:1: {error.message}") from None


def column_of_tag(header: Sequence[str], source: Source) -> list[int]:
    """Return where the column of the tags is, in a list that is empty without such a column."""
    from articles.tables.table import positions

    try:
        return list(positions(header, [source.columns["tag"]]))
    except UserError:
        return []
