"""Records that count, added up by group.

In a notebook, for a block that `logs.scanner.scan_block` scanned:

    question = Question(by=("extension",))
    name_groups(summarise(scanned, question), question)
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from logs.names import pack
from traffic.groups import GroupPart, group_key
from traffic.measures import is_one_of, outcomes, packed_names, sums_by_outcome
from traffic.question import Question
from traffic.sized import SizedPart

if TYPE_CHECKING:
    import numpy as np

    from logs.scanner import ScannedBlock


def counts(scanned: "ScannedBlock", question: Question) -> "np.ndarray":
    """Which records the question is about, bool of shape (records,)."""
    import numpy as np

    records = scanned.records
    mask = np.ones(len(records.second), dtype=bool)
    if question.first_day:
        mask &= records.second >= question.midnight(question.first_day)
    if question.last_day:
        mask &= records.second < question.midnight(question.last_day + timedelta(days=1))
    if question.extensions:
        mask &= is_one_of(records.extension, map(pack, question.extensions))
    if question.caches:
        mask &= is_one_of(records.cache, packed_names(question.caches))
    if question.statuses:
        mask &= has_status(records.status, question.statuses)
    if question.urls or question.excluded or question.hosts:
        from traffic.texts import fitting  # compiled, and only patterns need it

        mask[mask] = fitting(scanned, question, mask)
    return mask


def has_status(status: "np.ndarray", wanted: tuple[str, ...]) -> "np.ndarray":
    """Which statuses are one of these, or of one of these classes; `000` is none at all."""
    import numpy as np

    classes = [int(it[0]) for it in wanted if it.endswith("xx")]
    whole = [int(it) for it in wanted if not it.endswith("xx")]
    return np.isin(status, whole) | np.isin(status // 100, classes)


def summarise(scanned: "ScannedBlock", question: Question) -> GroupPart | SizedPart:
    """What the records of a block add to the answer; without grouping there is one group."""
    import numpy as np

    mask, records = counts(scanned, question), scanned.records
    if not question.keys and not question.measures:
        # Multiplied, which is ten times as fast as to take out the sizes that count
        return GroupPart({(): (int(mask.sum()), int((records.size * mask).sum()))})
    from traffic.group_table import group_rows  # compiled, and only groupings need it

    columns = [group_key(records, by, question, mask) for by in question.keys]
    if "hits" in question.measures:
        columns.append(outcomes(records.cache[mask]))
    sizes = records.size[mask]
    keys, sums = group_rows(np.stack(columns, 1), np.stack([np.ones_like(sizes), sizes], 1))
    if "hits" in question.measures:
        keys, sums = keys[:, :-1], sums_by_outcome(sums, keys[:, -1:])
    if question.is_sized:
        return SizedPart(keys, sums)
    part = GroupPart()
    for key, row in zip(keys.tolist(), sums.tolist(), strict=True):
        part.add_group(tuple(key), tuple(row))
    return part
