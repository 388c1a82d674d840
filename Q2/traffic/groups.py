"""Records that count, added up by group, and how groups are named and ranked.

In a notebook, for the records of `logs.scanner`:

    question = Question(by=("extension",))
    name_groups(summarise(records, question), question)
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from logs.names import LONGEST_NAME, pack, unpack
from traffic.question import Question

if TYPE_CHECKING:
    import numpy as np

    from logs.scanner import Columns

# Days and hours are put together from quarters of an hour, of which every time zone's offset from
# UTC is a whole number.
QUARTER = 900  # seconds
NO_EXTENSION = "(none)"
# CloudFront's results; packed names keep their first 12 letters.
CACHE_RESULTS = (
    *("Hit", "RefreshHit", "OriginShieldHit", "Miss", "Error", "Redirect"),
    *("LimitExceeded", "CapacityExceeded", "LambdaGeneratedResponse", "LambdaExecutionError"),
    *("FunctionGeneratedResponse", "FunctionExecutionError", "FunctionThrottledError"),
)


class GroupPart(dict[tuple[int, ...], tuple[int, int]]):
    """Requests and bytes by group, whose keys, one for each grouping, are still numbers."""

    def add(self, other: "GroupPart") -> None:
        """Add the groups of another part."""
        for keys, (requests, size) in other.items():
            before = self.get(keys, (0, 0))
            self[keys] = (before[0] + requests, before[1] + size)

    def sums(self) -> tuple[int, int]:
        """The requests and the bytes of all groups."""
        return sum(count for count, _ in self.values()), sum(size for _, size in self.values())


class Group(NamedTuple):
    """A group under the names that people know it by, one for each grouping of the question."""

    names: tuple[str, ...]
    requests: int
    bytes: int


def counts(records: "Columns", question: Question) -> "np.ndarray":
    """Which records the question is about, bool of shape (records,)."""
    import numpy as np

    mask = np.ones(len(records.second), dtype=bool)
    if question.first_day:
        mask &= records.second >= question.midnight(question.first_day)
    if question.last_day:
        mask &= records.second < question.midnight(question.last_day + timedelta(days=1))
    if question.extensions:
        mask &= is_one_of(records.extension, map(pack, question.extensions))
    if question.caches:
        results = (pack(name[:LONGEST_NAME]) for name in question.caches)
        mask &= is_one_of(records.cache, results)
    return mask


def is_one_of(packed: "np.ndarray", wanted: Iterable[int]) -> "np.ndarray":
    """Where a packed name is one of these; a comparison for each is faster than np.isin's sort."""
    import numpy as np

    return np.logical_or.reduce([packed == name for name in wanted])


def summarise(records: "Columns", question: Question) -> GroupPart:
    """What records add to the answer; without grouping there is one group."""
    import numpy as np

    mask = counts(records, question)
    if not question.by:
        # Multiplied, which is ten times as fast as to take out the sizes that count
        return GroupPart({(): (int(mask.sum()), int((records.size * mask).sum()))})
    from traffic.group_table import group_rows  # compiled, and only groupings need it

    keys = np.stack([group_key(records, by)[mask] for by in question.by], axis=1)
    groups, *sums = (column.tolist() for column in group_rows(keys, records.size[mask]))
    return GroupPart(zip(map(tuple, groups), zip(*sums, strict=True), strict=True))


def sum_of_groups(parts: Iterable[GroupPart]) -> GroupPart:
    """The sum of parts."""
    total = GroupPart()
    for part in parts:
        total.add(part)
    return total


def group_key(records: "Columns", by: str) -> "np.ndarray":
    """What records are grouped by: whole numbers of type int64."""
    if by in ("date", "hour"):
        return records.second // QUARTER
    return getattr(records, by).astype("int64")


def name_groups(part: GroupPart, question: Question) -> list[Group]:
    """The groups under their names; those of one name, such as quarters of an hour, are one."""
    sums: dict[tuple[str, ...], list[int]] = {}
    for keys, numbers in part.items():
        names = tuple(map(group_name, keys, question.by, [question] * len(keys)))
        before = sums.get(names, (0, 0))
        sums[names] = [before[0] + numbers[0], before[1] + numbers[1]]
    return [Group(names, *numbers) for names, numbers in sums.items()]


def group_name(key: int, by: str, question: Question) -> str:
    """The name of one group."""
    if by == "extension":
        return unpack(key) or NO_EXTENSION
    if by == "status":
        return f"{key:03}"
    if by == "cache":
        name = unpack(key)
        known = (result for result in CACHE_RESULTS if pack(result[:LONGEST_NAME]) == key)
        return next(known, name)
    if by == "date":
        return question.local(key * QUARTER).date().isoformat()
    if by == "hour":
        return question.local(key * QUARTER).replace(minute=0).isoformat(timespec="minutes")
    raise ValueError(by)


def rank(groups: list[Group], by: tuple[str, ...], order: str, top: int | None) -> list[Group]:
    """The `top` groups with most bytes or requests, as `order` says; times stay in their order."""

    def place(group: Group) -> list[str | float]:
        return [in_order_of_time(*it) for it in zip(by, group.names, strict=True)]

    if top is None and not {"date", "hour"}.isdisjoint(by):
        return sorted(groups, key=place)
    return sorted(groups, key=lambda group: (-getattr(group, order), place(group)))[:top]


def in_order_of_time(by: str, name: str) -> str | float:
    """What to sort a name by: hours by their instants, since clocks repeat some of them."""
    return datetime.fromisoformat(name).timestamp() if by == "hour" else name


def as_table(groups: list[Group], by: tuple[str, ...]) -> dict[str, list]:
    """The columns of a table with a row per group."""
    names = {kind: [group.names[place] for group in groups] for place, kind in enumerate(by)}
    requests = [group.requests for group in groups]
    return names | {"requests": requests, "bytes": [group.bytes for group in groups]}


def with_shares(table: dict[str, list], total_bytes: int) -> dict[str, list]:
    """Add each group's share of all bytes (0 to 1) and its mean size in bytes."""
    share = [round(size / max(total_bytes, 1), 6) for size in table["bytes"]]
    both = zip(table["bytes"], table["requests"], strict=True)
    mean_size = [round(size / max(requests, 1), 1) for size, requests in both]
    return table | {"share": share, "mean_size": mean_size}
