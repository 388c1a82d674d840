"""The files that events came from, where DuckDB can open them: unpacked, in UTF-8, on this disk."""

from common.command import UserError

import bz2
import gzip
import lzma
import os
import re
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PACKED = {
    b"\x1f\x8b": gzip.open,
    b"\x28\xb5\x2f\xfd": zstd.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
DAMAGED = (OSError, EOFError, zlib.error, zstd.ZstdError, lzma.LZMAError, UnicodeError)
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# A quoted cell, whose line ends are its own, or the end of a line.
QUOTED_OR_LINE_END = re.compile(
    rb"""(?<![^,;\t\r\n])"(?:[^"]++|"")*+"(?=[,;\t\r\n]|\Z)|\r\n?""", re.DOTALL
)
PATTERN = set("*?[")  # a path with one of these is a pattern for DuckDB


@contextmanager
def standard_input_kept(path: Path) -> Iterator[None]:
    """Copy standard input to `path` for a second reading; the first one reads the copy as well."""
    stdin = sys.stdin
    if stdin is None:  # closed: for the first reading to report
        yield
        return
    with path.open("wb") as copy:
        shutil.copyfileobj(stdin.buffer, copy)
    with path.open(encoding="utf-8") as again:
        sys.stdin = again
        try:
            yield
        finally:
            sys.stdin = stdin


def originals(names: Iterable[str], folder: Path) -> dict[str, Path]:
    """The path of each of some files, once each, by the name that messages give it.

    Standard input, for `-`, was kept in `folder`; what has an address is fetched into it.
    """
    found = {}
    for number, name in enumerate(names):
        if name == "-":
            found["stdin"] = folder / "stdin"
        elif "://" in name:
            found[name] = fetched(name, folder / f"fetched-{number}")
        else:
            found[os.path.realpath(name)] = Path(name)
    return found


def fetched(address: str, path: Path) -> Path:
    """Copy what is at an address that fsspec knows."""
    import fsspec

    with fsspec.open(address, "rb") as remote, path.open("wb") as copy:
        shutil.copyfileobj(remote, copy)
    return path


def plain_file(name: str, path: Path, folder: Path) -> Path:
    """A file that DuckDB can open: the file itself, or a copy of it in `folder`.

    Raises `UserError` for a file that cannot be read again, or cannot be unpacked.
    """
    if not path.is_file():
        raise UserError(f"--check: {name} can be read only once; write it into a file first")
    try:
        path = unpacked(path, folder / "unpacked")
        path = in_utf_8(path, folder / "utf-8")
    except DAMAGED as error:
        raise UserError(f"--check: {name} cannot be unpacked: {error}") from None
    if PATTERN & set(str(path)):
        return Path(shutil.copyfile(path, folder / "plain"))
    return path.absolute()


def unpacked(path: Path, copy: Path) -> Path:
    """The file, or what it holds if it is compressed."""
    start = first_bytes(path)
    for magic, opener in PACKED.items():
        if start.startswith(magic):
            with opener(path, "rb") as inner, copy.open("wb") as outer:
                shutil.copyfileobj(inner, outer)
            return copy
    return path


def in_utf_8(path: Path, copy: Path) -> Path:
    """The file, or its text in UTF-8 if it begins as UTF-16 does."""
    if not first_bytes(path).startswith(UTF_16):
        return path
    with (
        path.open(encoding="utf-16", newline="") as inner,
        copy.open("w", encoding="utf-8", newline="") as outer,
    ):
        shutil.copyfileobj(inner, outer)
    return copy


def with_equal_line_ends(path: Path, copy: Path) -> Path:
    """The file, or a copy whose rows all end in a line feed if it has a carriage return.

    DuckDB takes the first end of a line for that of all.
    """
    with ExitStack() as stack:
        inner = stack.enter_context(path.open("rb"))
        if not path.stat().st_size:  # which cannot be mapped
            return path
        content = stack.enter_context(mmap(inner.fileno(), 0, access=ACCESS_READ))
        if content.find(b"\r") < 0:
            return path
        outer = stack.enter_context(copy.open("wb"))
        position = 0
        for found in QUOTED_OR_LINE_END.finditer(content):
            if not found[0].endswith(b'"'):
                outer.write(content[position : found.start()] + b"\n")
                position = found.end()
        outer.write(content[position:])
    return copy


def first_bytes(path: Path) -> bytes:
    """Enough of a file to know how it is stored."""
    with path.open("rb") as file:
        return file.read(8)
