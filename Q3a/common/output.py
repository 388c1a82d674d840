"""What commands write: results in three formats, and files that are whole or absent."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

FORMATS = ("text", "csv", "json")


def formatted(form: str, text: str, header: Sequence[str], rows: Iterable, record: dict) -> str:
    """Return a result of one of FORMATS: its text, CSV of its rows, or JSON of its record."""
    if form == "json":
        return json.dumps(record, ensure_ascii=False, indent=2, default=str)
    if form == "csv":
        file = io.StringIO()
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
        return file.getvalue().removesuffix("\n")
    return text


def new_file(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    """Check, as the callback of an option and before any work, that a file can be written there."""
    if path and param.name == "plot" and path.suffix.lower() not in {".png", ".svg", ".pdf"}:
        raise click.BadParameter(f"{str(path)!r} is not a picture: end it in .png, .svg or .pdf")
    if path and (path.is_dir() or not (os.access(path.parent, os.W_OK) or path.is_char_device())):
        raise click.BadParameter(f"{str(path)!r} is not a file in a folder that you can write to")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`, renamed to it if all went well; a device itself."""
    if path.exists() and not path.is_file():
        yield path
        return
    sibling = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        yield sibling
        sibling.replace(path)
    finally:
        sibling.unlink(missing_ok=True)
