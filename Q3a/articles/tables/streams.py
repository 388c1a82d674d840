"""A file as it is before compression, which its first bytes tell."""

from common.command import UserError

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

OPENERS = {
    b"\x1f\x8b": gzip.open,
    b"\x28\xb5\x2f\xfd": zstd.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, zstd.ZstdError, lzma.LZMAError)


def opened(path: Path) -> BinaryIO:
    """Return the file's bytes, decompressed if it is in gzip, Zstandard, bzip2 or xz."""
    with path.open("rb") as file:
        start = file.read(8)
    for magic, opener in OPENERS.items():
        if start.startswith(magic):
            return opener(path, "rb")
    return path.open("rb")


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Raise UserError for a compressed file that is damaged or cut short."""
    try:
        yield
    except DAMAGED as error:
        reason = str(error) or type(error).__name__
        raise UserError(f"{path}: the compressed file is damaged: {reason}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise UserError(f"{path}: the compressed file is damaged: {error}") from None
