"""Where event files are: paths, patterns, standard input, and addresses such as s3://..."""

from common.command import OutsideError, UserError

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NO_FILE = "no such file, and no file matches it as a pattern"


@dataclass(frozen=True)
class EventFile:
    """An open file, which is read once."""

    name: str
    stored: BinaryIO


def files_named(name: str) -> list[str]:
    """The files of a name or, if no file has it, of a pattern; `-` is standard input.

    Raises `UserError` if there are none, `OutsideError` if a bucket does not answer.
    """
    if name == "-" or Path(name).exists():
        return [name]
    if "://" in name:
        return remote_files(name)
    matching = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - it may be absolute
    found = [path for path in matching if not Path(path).is_dir()]
    if not found:
        raise UserError(f"--events {name}: {NO_FILE}")
    return found


def remote_files(address: str) -> list[str]:
    """The files of an address, or of a pattern there, of any kind that fsspec knows."""
    import fsspec  # takes time to load, and only addresses need it

    with readable(address):
        system, path = fsspec.core.url_to_fs(address)
        matching = sorted(system.glob(path)) if glob.has_magic(path) else [path]
        # `isfile` would take an error for no.
        found = [path for path in matching if system.info(path)["type"] == "file"]
    if not found:
        raise UserError(f"--events {address}: {NO_FILE}")
    return [system.unstrip_protocol(path) for path in found]


@contextmanager
def readable(address: str) -> Iterator[None]:
    """Name the address in errors: `UserError` for a wrong one, `OutsideError` for others."""
    try:
        yield
    except FileNotFoundError as error:
        if cause := failure_behind(error):
            raise OutsideError(f"--events {address}: {cause}") from None
        raise UserError(f"--events {address}: {NO_FILE}") from None
    except (ImportError, ValueError, PermissionError) as error:
        raise UserError(f"--events {address}: {error}") from None
    except Exception as error:  # each file system has errors of its own
        raise OutsideError(f"--events {address}: {type(error).__name__}: {error}") from None


def failure_behind(missing: FileNotFoundError) -> Exception | None:
    """What made a file seem missing, such as a web server that is down, for fsspec says no more."""
    cause = missing.__cause__
    status = getattr(cause, "status", 404)
    return cause if isinstance(cause, OSError) or status not in (404, 410) else None


@contextmanager
def opened(name: str) -> Iterator[EventFile]:
    """Open a path, an address, or stdin for `-`."""
    if name == "-" and sys.stdin is None:  # closed by `<&-`
        raise UserError("stdin: is closed: there is nothing to read for -")
    with sys.stdin.buffer if name == "-" else opened_stream(name) as stream:
        yield EventFile("stdin" if name == "-" else name, stream)


def opened_stream(name: str) -> BinaryIO:
    """The stored bytes of a path or an address."""
    if "://" not in name or Path(name).exists():
        return Path(name).open("rb")
    import fsspec

    with readable(name):
        return fsspec.open(name, "rb").open()


def opened_in_turn(names: Iterable[str]) -> Iterator[EventFile]:
    """The files of these names, each once and open until the next one is asked for."""
    once = {}
    for name in names:
        local = name != "-" and "://" not in name
        once.setdefault(os.path.realpath(name) if local else name, name)
    for name in once.values():
        with opened(name) as file:
            yield file
