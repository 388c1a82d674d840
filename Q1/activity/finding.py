"""One thing that may be wrong with the data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that may be wrong: how many records and users it is about, None if not counted."""

    finding: str
    records: int | None
    users: int | None
    names: tuple[str, ...] = ()  # of events, the most frequent first
