"""How a set differs from the one before it, and the figures of the sets before that."""

from job.report import figures
from store.protocol import Run, Store

TOP = 20  # items of a user that are compared
LONGEST = 90  # sets whose figures a set carries


def difference(store: Store, run: Run, before: Run) -> dict:
    """Figures of both sets, and how many of the checked users get others.

    Only users whom both sets know are compared, by who is among their first TOP artists.
    """
    pairs = [
        (store.user(user, before), store.user(user, run)) for user in run.report["checked_users"]
    ]
    shared = [(old, new) for old, new in pairs if old and new]
    changed = sum(top_of(old) != top_of(new) for old, new in shared)
    return {
        "before": before.version,
        "users": [before.users, run.users],
        "compared_users": len(shared),
        "changed_users": changed,
        "countries_added": sorted(set(run.countries) - set(before.countries)),
        "countries_gone": sorted(set(before.countries) - set(run.countries)),
        "metrics": {
            name: [before.report.get("metrics", {}).get(name), value]
            for name, value in run.report.get("metrics", {}).items()
        },
    }


def history_of(run: Run) -> list[dict]:
    """The figures of the sets that were published before this one, and its own, oldest first.

    Each has also `changed`, the share of the compared users who got others; None if unknown.
    """
    drift = run.report.get("drift") or {}
    compared = drift.get("compared_users")
    own = figures(run) | {"changed": drift["changed_users"] / compared if compared else None}
    return [*run.report.get("history", []), own]


def top_of(item: dict) -> set[str]:
    """The items of a user that are compared."""
    return {one["id"] for one in item["items"][:TOP]}


def described(run: Run) -> str:
    """The difference of a run from the one before in a few lines for people."""
    drift = run.report.get("drift")
    if not drift:
        return f"version {run.version} has none before it to compare with"
    shared, changed = drift["compared_users"], drift["changed_users"]
    share = f" ({changed / shared:.0%})" if shared else ""
    countries = {"new": drift["countries_added"], "gone": drift["countries_gone"]}
    lines = [
        f"version {run.version} after {drift['before']}",
        "users: {:,} -> {:,}".format(*drift["users"]),
        f"others among the first {TOP}: {changed} of {shared} users compared{share}",
        *(f"{what} countries: {', '.join(names)}" for what, names in countries.items() if names),
        *(
            f"{name}: {'unknown' if old is None else format(old, '.3f')} -> {new:.3f}"
            for name, (old, new) in drift["metrics"].items()
        ),
    ]
    return "\n".join(lines)
