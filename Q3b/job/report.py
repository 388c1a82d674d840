"""What a daily run says of itself: the data's fingerprint, versions, a summary."""

import hashlib
import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from common.output import formatted
from listening.bad_rows import rejected_lines
from listening.play_counts import PlayCounts
from listening.source import Listening
from recommender import blend
from recommender.damped_vote import Settings
from recommender.lists import COUNTRY, GLOBAL, NEIGHBOURS, RULES
from store.protocol import Run

LIBRARIES = ("numpy", "scipy", "numba", "pandas", "pyarrow")


def fingerprint(plays: PlayCounts) -> str:
    """A SHA-256 of users, artists and plays: the same data give the same, from any source."""
    digest = hashlib.sha256()
    for texts in (plays.users, plays.artists):
        digest.update("\0".join(texts).encode())
    matrices = [plays.matrix] if plays.marks is None else [plays.played, plays.marks]
    for numbers in (part for of in matrices for part in (of.indptr, of.indices, of.data)):
        digest.update(np.ascontiguousarray(numbers, dtype=f"<{numbers.dtype.kind}4").tobytes())
    return digest.hexdigest()


def profiles_fingerprint(listening: Listening) -> str:
    """A SHA-256 of all profiles, also of users without plays: the same from any source."""
    digest = hashlib.sha256("\0".join(listening.silent.index).encode())
    for profiles in (listening.plays.profiles, listening.silent):
        for column in (profiles["gender"], profiles["age"].astype(float), profiles["country"]):
            digest.update("\0".join(map(str, column)).encode())
    return digest.hexdigest()


def data_report(listening: Listening) -> dict:
    """What went into the run."""
    plays = listening.plays
    return {
        "users": len(plays.users),
        "artists": len(plays.artists),
        "marks": 0 if plays.marks is None else int(plays.marks.nnz),
        "pairs": int(plays.matrix.nnz),
        "plays": int(plays.matrix.sum(dtype=np.float64)),
        "rejected": {reason: rows for reason, rows in listening.rejected.items() if rows},
        "first_rejected": listening.first_rejected,
        "fingerprint": fingerprint(plays),
        "profiles_fingerprint": profiles_fingerprint(listening),
        "items_fingerprint": listening.items.fingerprint() if listening.items else "",
    }


def versions() -> dict[str, str]:
    """What the run was computed with."""
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def formatted_run(form: str, text: str, run: Run) -> str:
    """Return `text`, the figures of the run as CSV, or the run and its report as JSON."""
    row = figures(run)
    return formatted(form, text, list(row), [row.values()], asdict(run))


def page_rows(run: Run) -> tuple[list[str], list[tuple[str, object]]]:
    """Return the header and the rows of a table with the figures of a run and its settings."""
    settings = {f"setting {name}": value for name, value in run.report["settings"].items()}
    return ["figure", "value"], list((figures(run) | settings | versions()).items())


def rule_users(report: dict, rule: str) -> int | str:
    """Return how many users a rule serves, or nothing if the report lacks it."""
    return report["rules"].get(rule, 0) if "rules" in report else ""


def figures(run: Run) -> dict:
    """Return the run's figures by name: the rows of many days below one header are a table.

    A figure that the report lacks, such as one of an earlier version of this job, is empty.
    """
    report = run.report
    rejected = report.get("data", {}).get("rejected")
    metrics = {name.partition("@")[0]: value for name, value in report.get("metrics", {}).items()}
    return {
        "version": run.version,
        "run_id": run.run_id,
        "generated_at": run.generated_at,
        "users": run.users,
        **{f"users_from_{rule}": rule_users(report, rule) for rule in RULES},
        "rejected_rows": "" if rejected is None else sum(rejected.values()),
        "recommendations": report.get("settings", {}).get("recommendations", ""),
        "recall": metrics.get("recall", ""),
        "ndcg": metrics.get("ndcg", ""),
        "popularity_recall": metrics.get("popularity_recall", ""),
        "coverage": metrics.get("coverage", ""),
        "store_items": report.get("store_items", ""),
        "seconds": report.get("seconds", ""),
    }


def chosen_report(settings: Settings | blend.Settings | None) -> dict | None:
    """The settings that the fold chose: the vote's, and those of the factors as `factors`."""
    if isinstance(settings, blend.Settings):
        return asdict(settings.vote) | {"factors": asdict(settings.factors)}
    return asdict(settings) if settings else None


def chosen_rows(chosen: dict, blend: str | None) -> Iterator[tuple[str, str]]:
    """The settings that the fold chose, popularity only where it had to be blended in."""
    if chosen:
        yield "tastes damped beyond", f"{chosen['limit']:.4f}"
        yield "popularity discounted by", f"{chosen['popularity_power']:.2f}"
    if chosen.get("popularity"):
        yield "popularity blended in", f"{chosen['popularity']:.4g}"
    if found := chosen.get("factors"):
        yield "ALS factors blended in", f"{found['factors']}"
        yield "  alpha", f"{found['alpha']:g}"
        yield "  regularization", f"{found['regularization']:g}"
        yield "reasons", "of the vote"
    elif blend:
        yield "ALS factors blended in", "none, no better"


def drawn_voters(report: dict) -> Iterator[tuple[str, str]]:
    """How many users vote, where these are not all; a report of an earlier version lacks it."""
    if report.get("voters", report["data"]["users"]) < report["data"]["users"]:
        yield "users who vote", f"{report['voters']:,}"


def summary(run: Run, state: str) -> str:
    """The run in a few lines for people."""
    report = run.report
    rejected = report["data"]["rejected"]
    rows = [
        ("users", f"{run.users:,}"),
        ("  from neighbours", f"{report['rules'].get(NEIGHBOURS, 0):,}"),
        ("  from their country", f"{report['rules'].get(COUNTRY, 0):,}"),
        ("  from everyone", f"{report['rules'].get(GLOBAL, 0):,}"),
        *drawn_voters(report),
        ("rows rejected", f"{sum(rejected.values()):,}"),
        *((name, f"{number:.3f}") for name, number in report["metrics"].items()),
        *chosen_rows(report.get("chosen") or {}, report["settings"].get("blend")),
        ("store items", f"{report['store_items']:,}"),
        ("seconds", f"{report['seconds']:.1f}"),
    ]
    width = max(len(name) for name, _ in rows)
    numbers = max(len(number) for _, number in rows)
    lines = [f"{name:<{width}}  {number:>{numbers}}" for name, number in rows]
    reasons = rejected_lines(rejected, report["data"]["first_rejected"])
    return "\n".join([f"version {run.version} is {state}", *lines, *reasons])
