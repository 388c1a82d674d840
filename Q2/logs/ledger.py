"""The ledger of a question: which files were counted, so that the next run counts only new ones.

It is a file of JSON: the question, and of each file its name, size and SHA-256 digest. A file is
known by its digest, whatever its name is now.
"""

from common.command import UserError

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.output import replacing
from logs.archives import is_plain
from logs.digests import digest_of
from logs.lines import is_utf_16
from logs.sources import STANDARD_INPUT, Source
from logs.streams import HEAD

VERSION = 1
Map = Callable[[Callable, Iterable], Iterable]


@dataclass(frozen=True)
class Entry:
    """A file that was counted."""

    name: str  # its place
    bytes: int
    sha256: str


@dataclass
class Ledger:
    """What was counted before, and what this run adds."""

    path: Path
    question: str
    entries: list[Entry]
    on_changed: str = "stop"  # or count or skip: what becomes of a file that has other content now
    added: dict[str, Entry] = field(default_factory=dict)  # by the name of the source
    left_out: dict[str, str] = field(default_factory=dict)  # reasons by the name of the source
    grown: dict[str, int] = field(default_factory=dict)  # bytes counted before, by the same
    states: dict[str, tuple] = field(default_factory=dict)  # of files, before they were looked at

    def new_sources(self, sources: list[Source], run: Map = map) -> list[Source]:
        """The sources that were not counted yet, and each content once; `run` maps over sources.

        A text file that has grown by whole lines begins where it ended. Raises `UserError` for a
        changed file, unless `on_changed` says what becomes of it, and OSError for a file that
        cannot be read.
        """
        if any(source.name == STANDARD_INPUT for source in sources):
            raise UserError("--ledger: standard input has no name to remember; name a file")
        self.states = {it.name: state_of(it) for it in sources}
        digests = [*run(digest_or_none, sources)]
        known = {entry.sha256: entry.name for entry in self.entries}
        before = {entry.name: entry for entry in self.entries}
        here, new = {*digests}, []
        for source, digest in zip(sources, digests, strict=True):
            reason = ""
            if digest in known:
                reason = known_as(source, known[digest])
            elif (old := before.get(source.place)) and digest and old.sha256 not in here:
                source, reason = self.changed(source, old)
            if reason:
                self.left_out[source.name] = reason
                continue
            new.append(source)
            if digest:
                known[digest] = source.place
                size, *_ = self.states[source.name] or (source.size or 0,)
                self.added[source.name] = Entry(source.place, size, digest)
        return new

    def changed(self, source: Source, old: Entry) -> tuple[Source, str]:
        """What counts of a changed file, and why none of it does. Raises `UserError`."""
        grown = (source.size or 0) > old.bytes and digest_of(source, old.bytes) == old.sha256
        if grown and ends_with_a_line(source, old.bytes):
            self.grown[source.name] = old.bytes
            return replace(source, start=old.bytes), ""
        if self.on_changed == "count":
            return source, ""
        more = (source.size or 0) - old.bytes
        happened = f"has grown by {more:,} bytes" if grown else "has changed"
        if self.on_changed == "skip":
            return source, f"{happened} since it was counted"
        raise UserError(
            f"{source.name}: {happened} since it was counted; pass --on-changed-file skip to leave "
            "it out, or count to count all of it again"
        )

    def check_unchanged(self, sources: list[Source]) -> None:
        """Raise `UserError` for a file that changed while it was counted: its digest is old."""
        for source in sources:
            if state_of(source) != self.states[source.name]:
                raise UserError(
                    f"{source.name}: changed while it was counted; run again when it is complete"
                )

    def write(self, uncounted: Iterable[str]) -> None:
        """Write the ledger, whole or not at all, with what this run counted.

        `uncounted` are files that could not be read. An archive with such a member was counted.
        """
        counted = [entry for name, entry in self.added.items() if name not in {*uncounted}]
        files = [vars(entry) for entry in (*self.entries, *counted)]
        record = {"version": VERSION, "question": self.question, "files": files}
        with replacing(self.path) as sibling:
            text = json.dumps(record, ensure_ascii=False, indent=1)
            sibling.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def read_ledger(path: Path, question: str, on_changed: str) -> Ledger:
    """Read a ledger; one that is not there yet is empty. Raises `UserError`."""
    if not path.exists():
        return Ledger(path, question, [], on_changed)
    if not path.is_file():
        raise UserError(f"{path}: not a file that a ledger can be written to")
    try:
        record = json.loads(path.read_bytes())
        if record["version"] != VERSION:
            raise ValueError
        asked, entries = record["question"], [Entry(**entry) for entry in record["files"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError(f"{path}: not a ledger of this version; name another file") from None
    if asked != question:
        raise UserError(
            f"{path}: the ledger of another question ({asked}); give each question its own"
        )
    return Ledger(path, question, entries, on_changed)


def digest_or_none(source: Source) -> str | None:
    """The digest of a source; None if it is empty or cannot be read, which is reported later."""
    try:
        return digest_of(source) if source.size != 0 else None
    except OSError:
        return None


def ends_with_a_line(source: Source, size: int) -> bool:
    """Whether the first bytes of a source, so many of them, are whole lines of text."""
    with source.open() as raw:
        head = raw.read(HEAD)
        raw.seek(size - 1)
        return is_plain(head) and not is_utf_16(head) and raw.read(1) == b"\n"


def known_as(source: Source, name: str) -> str:
    """Why a file whose content is known is left out."""
    return "counted before" if name == source.place else f"same content as {name}"


def state_of(source: Source) -> tuple | None:
    """What changes when a file of this machine does; None for one that cannot be reached."""
    try:
        state = source.path.stat() if source.path else None
    except OSError:
        return None
    return state and (state.st_size, state.st_mtime_ns, state.st_ino)
