"""Archives: the files in a source, which is one file, or the members of a tar or zip archive."""

from common.command import UserError

import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO, NamedTuple

from logs.streams import (
    BUFFER,
    InflatedStream,
    MeteredStream,
    inflated,
    opener_for,
    read_ahead,
)

ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # with files, without
PARQUET = b"PAR1"
NOT_LOGS = "__MACOSX"  # the folder in which macOS keeps what it knows of a zip's files
# What the libraries raise where lengths, places or names in an archive are wrong.
DAMAGED_ARCHIVE = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, struct.error),
    *(OSError, EOFError, ValueError, OverflowError, LookupError),
)
UNPACK = "unpack it, and name its files"


class File(NamedTuple):
    """A file of a source, to be opened before the next one is asked for."""

    name: str
    open: Callable[[], BinaryIO]  # inflated; raises UserError if it cannot be read
    is_parquet: bool = False  # of columns, not lines


def files_of_source(raw: BinaryIO, name: str, report: Callable[[int], object]) -> Iterator[File]:
    """Yield the file, inflated, or the members of the archive that `raw` holds.

    `report` is called with the number of bytes of each read. Raises UserError for an archive that
    is damaged, cut short, or cannot be read here.
    """
    head, stream = read_ahead(MeteredStream(raw, name, report))
    if head.startswith(ZIP):
        yield from zip_members(raw, name, report)
        return
    if head.startswith(PARQUET):
        if not raw.seekable():
            raise UserError(f"{name}: a Parquet file cannot be read from a stream; name the file")
        raw.seek(0)
        yield File(name, lambda: raw, is_parquet=True)
        return
    head, text = inflated(stream, name)
    if is_tar(head):
        yield from tar_members(text, name)
    elif head.startswith((*ZIP, PARQUET)):
        raise UserError(f"{name}: it holds an archive or a Parquet file; {UNPACK}")
    else:
        yield File(name, lambda: text)


def is_plain(head: bytes) -> bool:
    """Whether a file with these first bytes is lines: no archive, not compressed, not Parquet."""
    return not (opener_for(head) or head.startswith((*ZIP, PARQUET)) or is_tar(head))


def is_tar(head: bytes) -> bool:
    """Whether a file with these first bytes is a tar archive, whose header has a checksum."""
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def tar_members(stream: BinaryIO, archive: str) -> Iterator[File]:
    """Yield the files of a tar archive; links lead to files that are members themselves."""
    seen = set()
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=BUFFER) as tar:
            for member in tar:
                if member.isreg() and is_log(member.name):
                    yield member_file(archive, member.name, partial(tar.extractfile, member), seen)
    except DAMAGED_ARCHIVE as error:
        raise UserError(
            f"{archive}: the archive is damaged or cut short ({error}); fetch it again"
        ) from None
    require_files(archive, seen)


def zip_members(raw: BinaryIO, archive: str, report: Callable[[int], object]) -> Iterator[File]:
    """Yield the files of a zip archive, whose list of members is at its end."""
    if not raw.seekable():
        raise UserError(f"{archive}: a zip archive cannot be read from a stream; {UNPACK}")
    seen = set()
    raw.seek(0)
    try:
        with zipfile.ZipFile(raw) as packed:
            for member in packed.infolist():
                linked = stat.S_ISLNK(member.external_attr >> 16)
                if not member.is_dir() and not linked and is_log(member.filename):
                    yield member_file(archive, member.filename, partial(packed.open, member), seen)
                report(member.compress_size)
    except (*DAMAGED_ARCHIVE, NotImplementedError) as error:
        raise UserError(
            f"{archive}: the archive is damaged or cut short ({error}); fetch it again"
        ) from None
    require_files(archive, seen)


def is_log(name: str) -> bool:
    """Whether a member is neither hidden nor in a folder that is."""
    parts = PurePosixPath(name).parts
    return not any(part == NOT_LOGS or (part[0] == "." and part != "..") for part in parts)


def require_files(archive: str, seen: set[str]) -> None:
    """Raise UserError for an archive without files, as for an empty folder."""
    if not seen:
        raise UserError(f"{archive}: no files in the archive")


def member_file(
    archive: str, name: str, open_member: Callable[[], BinaryIO], seen: set[str]
) -> File:
    """Return a member under the name ARCHIVE/MEMBER, and add it to those `seen`."""
    file = f"{archive}/{PurePosixPath(name)}"
    repeated = file in seen
    seen.add(file)
    return File(file, partial(opened_member, file, open_member, repeated))


def opened_member(file: str, open_member: Callable[[], BinaryIO], repeated: bool) -> BinaryIO:
    """Open a member, inflated if it is compressed. Raises UserError."""
    if repeated:
        raise UserError(f"{file}: the archive has a second file of this name; {UNPACK}")
    try:
        stream = open_member()
    except (RuntimeError, NotImplementedError) as error:  # encrypted, an unknown compression
        raise UserError(f"{file}: {error}; {UNPACK}") from None
    except DAMAGED_ARCHIVE as error:
        raise UserError(f"{file}: the archive is damaged ({error}); fetch it again") from None
    head, text = inflated(MemberStream(stream, file), file)
    if head.startswith((*ZIP, PARQUET)) or is_tar(head):
        raise UserError(f"{file}: an archive or a Parquet file within an archive; {UNPACK}")
    return text


class MemberStream(InflatedStream):
    """The bytes of a member; damage, for which each archive has errors of its own, is one error."""

    def readinto(self, buffer) -> int:
        try:
            return super().readinto(buffer)
        except DAMAGED_ARCHIVE as error:
            raise UserError(
                f"{self.file}: the archive is damaged or cut short ({error}); fetch it again"
            ) from None
