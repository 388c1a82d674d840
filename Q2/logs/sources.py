"""Where a log's bytes come from: files, folders, globs, standard input, and buckets."""

from common.command import OutsideError, UserError

import glob
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


STANDARD_INPUT = "standard input"
PREFIXES = "name an object, whole folders such as s3://bucket/logs/2025/, or a quoted glob"
# What to do about errors of buckets, by their names.
REMEDIES = {
    "NoCredentialsError": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "PermissionError": "the credentials need the rights s3:ListBucket and s3:GetObject there",
    "EndpointConnectionError": "check the network, AWS_ENDPOINT_URL and AWS_DEFAULT_REGION",
}


@dataclass(frozen=True)
class Source:
    """A stream of bytes, opened when its turn comes, perhaps by another process."""

    name: str  # as the user knows it
    open: Callable[[], BinaryIO]
    size: int | None = None  # bytes, None if not known
    place: str = ""  # the same for two names of one file
    path: Path | None = None  # of a regular file of this machine
    start: int = 0  # of a text file, where the lines begin that count


def find_sources(names: Iterable[str], skip_bad_files: bool = False) -> list[Source]:
    """The files that the names stand for, each once: one that is named twice must not count twice.

    Raises `UserError` for a name without files, `OutsideError` for a bucket that does not answer,
    and OSError for a file or folder that cannot be reached; if bad files are skipped, such a one is
    a source that raises the error when it is opened.
    """
    found, refuse = {}, unreadable_source if skip_bad_files else raise_error
    for name in names:
        for source in sources_of(name, refuse):
            found.setdefault(source.place, source)
    return list(found.values())


def raise_error(path: Path, error: OSError) -> Source:
    """Raise the error of a path that cannot be reached."""
    raise error


def unreadable_source(path: Path, error: OSError) -> Source:
    """A source that raises the error when it is opened."""
    return Source(str(path), partial(raise_error, path, error), 0, str(path.absolute()))


def sources_of(name: str, refuse: Callable[[Path, OSError], Source]) -> Iterator[Source]:
    """The files of one name: a file, a folder, a glob, `-`, or an address such as s3://...

    `refuse` returns or raises what becomes of a path that cannot be reached.
    """
    if not name:
        raise UserError("an empty name: name a log file, a folder of logs or a glob")
    if name == "-":
        if sys.stdin is None:  # closed by `<&-`
            raise UserError("standard input is closed: there is nothing to read for -")
        yield Source(STANDARD_INPUT, lambda: sys.stdin.buffer)
    elif "://" in name:
        yield from remote_sources(name)
    else:
        unreached = []
        for path in local_paths(name, unreached):
            try:
                yield local_source(path)
            except OSError as error:
                yield refuse(path, error)
        for error in unreached:
            yield refuse(Path(error.filename), error)


def local_source(path: Path) -> Source:
    """A file of this machine. Raises OSError."""
    state, whole = path.stat(), path.absolute()
    named = whole if stat.S_ISREG(state.st_mode) else None
    opening = partial(whole.open, "rb", 0)
    return Source(str(path), opening, state.st_size, str(path.resolve()), named)


def local_paths(name: str, unreached: list[OSError]) -> list[Path]:
    """The files of a path or a glob, in the order of their names; hidden ones are left out.

    The errors of folders that cannot be read are added to `unreached`.
    """
    path = Path(name)
    if path.is_dir():
        found = files_below(path, unreached)
    elif path.exists() or not glob.has_magic(name):
        return [path]
    else:
        anchor = Path(path.anchor)
        matches = anchor.glob(str(path.relative_to(anchor)))
        found = [file for it in matches if is_seen(it, path) for file in files_of(it, unreached)]
    if not found and not unreached:
        raise UserError(f"{name}: no files there; name a log file, a folder of logs or a glob")
    return sorted(set(found))


def is_seen(match: Path, pattern: Path) -> bool:
    """Whether no part of a match is hidden, but for those whose dot the pattern writes."""
    dotted = [part for part in pattern.parts if part.startswith(".")]
    hidden = (part for part in match.parts if part.startswith("."))
    return all(any(fnmatch(part, it) for it in dotted) for part in hidden)


def files_of(path: Path, unreached: list[OSError]) -> list[Path]:
    """The files of a folder, or the path itself if it is a file."""
    if path.is_dir():
        return files_below(path, unreached)
    return [path] if path.is_file() or path.is_symlink() else []


def files_below(folder: Path, unreached: list[OSError]) -> list[Path]:
    """The files of a folder and its folders; errors of unreadable ones go to `unreached`."""
    found = []
    for place, folders, names in os.walk(folder, onerror=unreached.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = (Path(place, name) for name in names if not name.startswith("."))
        found += [file for file in files if file.is_file() or file.is_symlink()]
    return found


def remote_sources(address: str) -> list[Source]:
    """The files of an address that fsspec knows: a file, all below a folder, or a glob."""
    import fsspec  # takes time to load, and only buckets need it

    try:
        system, path = fsspec.core.url_to_fs(address)
        # What lies below a file is the file itself.
        sizes = sizes_of(system, path)
        if not sizes and not glob.has_magic(path):
            system.info(path)  # says why, such as that nobody answers
    except (ImportError, ValueError) as error:
        raise UserError(f"{address}: {error}") from None
    except FileNotFoundError as error:
        cause = error.__cause__  # by HTTP nobody's answer is a file that is not found, too
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise OutsideError(f"{address}: {type(cause).__name__}: {cause}") from None
        reason = "" if str(error) == path else f": {error}"  # often the name again
        raise UserError(f"{address}: no files there{reason}; {PREFIXES}") from None
    except Exception as error:  # each file system has errors of its own
        kind = type(error).__name__
        remedy = f"; {REMEDIES[kind]}" if kind in REMEDIES else ""
        raise OutsideError(f"{address}: {kind}: {error}{remedy}") from None
    if not sizes:
        raise UserError(f"{address}: no files there; {PREFIXES}")
    return [remote_source(system, path, size) for path, size in sizes.items()]


def sizes_of(system: "AbstractFileSystem", path: str) -> dict[str, int | None]:
    """The files at a path, below it or below what a glob matches, in order, with their sizes."""
    matches = {path: {"type": "directory"}}
    if glob.has_magic(path):
        matches = system.glob(path, detail=True)
    found = {}
    for match, about in matches.items():
        of_folder = about["type"] == "directory"
        found |= system.find(match, detail=True) if of_folder else {match: about}
    return {file: about.get("size") for file, about in sorted(found.items())}


def remote_source(system: "AbstractFileSystem", path: str, size: int | None) -> Source:
    """A file of one of fsspec's file systems."""
    name = system.unstrip_protocol(path)
    return Source(name, partial(system.open, path, "rb"), size, name)
