"""Read a finished set back from the store and hold it against what its run said of it."""

from common.command import OutsideError

from collections.abc import Iterator

from recommender.lists import COUNTRY, GLOBAL, RULES
from store.protocol import Run, Store


def check_set(store: Store, run: Run) -> int:
    """How many users were read back. Raises OutsideError that names what is wrong."""
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
        if not item or not item["artists"] or item["rule"] != rule:
            yield f"no list of {country or 'everyone'}"


def item_problems(run: Run, user: str, item: dict | None) -> Iterator[str]:
    """What is wrong with a user's item."""
    if not item:
        yield f"user {user} is missing"
        return
    top = run.report["settings"]["recommendations"]
    names = names_of(item["artists"], run)
    scores = [artist["score"] for artist in item["artists"]]
    if item["rule"] not in RULES or item["version"] != run.version:
        yield f"user {user} has rule {item['rule']!r} and version {item['version']!r}"
    if len(item["artists"]) > top or len(set(names)) < len(names):
        different = f"{len(set(names))} of {len(names)} different"
        yield f"user {user} has {len(item['artists'])} artists, {different}; {top} are asked"
    if scores != sorted(scores, reverse=True):
        yield f"user {user} has artists out of order"
    played = names_of(item["top_artists"], run)
    if not run.report["settings"]["include_played"] and set(played) & set(names):
        yield f"user {user} is recommended what the user plays"


def names_of(artists: list[dict], run: Run) -> list[tuple[str, str | None]]:
    """What tells artists apart: name and MBID.

    Where two of a run's artists have the same of both, as by ids of one's own, only those with an
    MBID can be told apart.
    """
    told_apart = run.report.get("artists_told_apart", True)
    return [(artist["name"], artist["mbid"]) for artist in artists if told_apart or artist["mbid"]]
