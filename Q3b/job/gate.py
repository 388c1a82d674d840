"""The gate before publishing: readers stay on their set if the new one is much worse."""

from dataclasses import dataclass

import click

from store.protocol import Run


class GateError(click.ClickException):
    """The set is finished and was not published: its figures are below the limits."""

    exit_code = 65  # EX_DATAERR of sysexits.h: the data are wrong, trying again does not help


@dataclass(frozen=True)
class Limits:
    """What a set must reach to be published."""

    min_users: int = 100  # with plays: profiles alone make no set
    max_drop: float = 0.2  # of users with plays, against the set before: a share of them
    min_coverage: float = 0.01  # share of artists that are recommended to somebody


def users_with_plays(run: Run) -> int:
    """How many users a run knows by their plays; all users, if its report does not tell."""
    return run.report.get("data", {}).get("users", run.users)


def failures(run: Run, before: Run | None, limits: Limits) -> list[str]:
    """Every limit that a run misses, with its figure; reports of earlier versions may lack some."""
    metrics = {
        name.partition("@")[0]: value for name, value in run.report.get("metrics", {}).items()
    }
    users, missed = users_with_plays(run), []
    recall, popular_recall = metrics.get("recall"), metrics.get("popularity_recall")
    coverage = metrics.get("coverage")
    if users < limits.min_users:
        missed.append(
            f"{users:,} users with plays, at least {limits.min_users:,} are asked (--min-users)"
        )
    if before and users < (1 - limits.max_drop) * (old := users_with_plays(before)):
        missed.append(
            f"{users:,} users with plays, {1 - users / old:.0%} fewer than the {old:,} before; "
            f"{limits.max_drop:.0%} may go (--max-drop)"
        )
    if None not in (recall, popular_recall) and recall < popular_recall:
        missed.append(f"recall {recall:.3f}, below the {popular_recall:.3f} of what is popular")
    if coverage is not None and coverage < limits.min_coverage:
        missed.append(
            f"coverage {coverage:.4f}, at least {limits.min_coverage} is asked (--min-coverage)"
        )
    return missed


def check_gate(run: Run, force: bool) -> None:
    """Raise GateError for a run that misses a limit, unless it is forced."""
    missed = run.report["gate"]["failures"]
    if missed and not force:
        raise GateError(
            f"version {run.version} is not published, readers stay on the set before: "
            f"{'; '.join(missed)}; --force publishes it"
        )
