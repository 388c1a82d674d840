"""Read a finished set back from the store and hold it against what its run said of it."""

from common.command import OutsideError

from collections.abc import Iterator

from recommender.lists import COUNTRY, GLOBAL, RULES
from store.protocol import Run, Store


def check_set(store: Store, run: Run) -> int:
    """How many users were read back. Raises OutsideError that ids what is wrong."""
    if not {"checked_users", "settings"} <= run.report.keys():
        raise OutsideError(f"run {run.version} has no report to check it by")
    users = run.report["checked_users"]
    problems = [*count_problems(store, run), *list_problems(store, run)]
    for user in users:
        problems += item_problems(run, user, store.user(user, run))
    if problems:
        raise OutsideError(
            f"run {run.version} is not as its report says: {'; '.join(problems[:5])}"
            + f" and {len(problems) - 5} more" * (len(problems) > 5)
        )
    return len(users)


def count_problems(store: Store, run: Run) -> Iterator[str]:
    """Whether as many users are there as were written."""
    found = store.count_users(run)
    if found not in (None, run.users):
        yield f"it holds {found:,} users, {run.users:,} were written"


def list_problems(store: Store, run: Run) -> Iterator[str]:
    """Whether every country that is offered has its list, and everyone has one."""
    for country in ["", *run.countries]:
        item = store.new_user(country, run=run)
        rule = COUNTRY if country else GLOBAL
        if not item or not item["items"] or item["rule"] != rule:
            yield f"no list of {country or 'everyone'}"


def item_problems(run: Run, user: str, item: dict | None) -> Iterator[str]:
    """What is wrong with a user's item."""
    if not item:
        yield f"user {user} is missing"
        return
    top = run.report["settings"]["recommendations"]
    ids = ids_of(item["items"])
    scores = [one["score"] for one in item["items"]]
    if item["rule"] not in RULES or item["version"] != run.version:
        yield f"user {user} has rule {item['rule']!r} and version {item['version']!r}"
    if len(item["items"]) > top or len(set(ids)) < len(ids):
        different = f"{len(set(ids))} of {len(ids)} different"
        yield f"user {user} has {len(ids)} items, {different}; {top} are asked"
    if scores != sorted(scores, reverse=True):
        yield f"user {user} has items out of order"
    played = ids_of(item["top_items"])
    if not run.report["settings"]["include_played"] and set(played) & set(ids):
        yield f"user {user} is recommended what the user plays"


def ids_of(items: list[dict]) -> list[str]:
    """The ids of items."""
    return [item["id"] for item in items]
