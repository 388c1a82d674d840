"""Users to be forgotten: what keeps them out of later sets, and what a run says without them.

A store keeps a mark of each, the HMAC-SHA-256 of the id (RFC 2104). Ids are numbers or addresses,
which can all be tried, so that a plain hash would give them away; without the key a mark does not.
"""

from common.command import UserError

import hmac
import os
from collections.abc import Collection, Iterable
from dataclasses import replace

import numpy as np

from store.protocol import Run

KEY = "RECOMMENDER_ERASURE_KEY"  # variable of the environment
SHORTEST_KEY = 16  # characters


def erasure_key() -> bytes:
    """The key of the marks. Raises UserError if the environment has none, or a short one."""
    key = os.environ.get(KEY, "")
    if len(key) < SHORTEST_KEY:
        what = f"has less than {SHORTEST_KEY} characters" if key else "is not set"
        raise UserError(f"{KEY} {what}: it is the secret that keeps forgotten users unknown")
    return os.fsencode(key)


def mark_of(key: bytes, user_id: str) -> str:
    """The mark of a user."""
    return digest(key, b"user " + user_id.encode("utf-8", "surrogatepass"))


def mark_of_key(key: bytes) -> str:
    """The mark of the key itself, by which another key is noticed."""
    return digest(key, b"key")


def digest(key: bytes, message: bytes) -> str:
    """HMAC-SHA-256 in hexadecimal digits."""
    return hmac.digest(key, message, "sha256").hex()


def checked_key(marks: Collection[str]) -> bytes:
    """The key that made the marks of a store. Raises UserError if it is missing or another one."""
    key = erasure_key()
    if marks and mark_of_key(key) not in marks:
        raise UserError(f"{KEY} is not the key by which the store's users were forgotten")
    return key


def remembered(user_ids: Iterable[str], marks: Collection[str]) -> np.ndarray:
    """Which users (n,) are not forgotten. Raises UserError if marks cannot be read."""
    if not marks:
        return np.ones(len(user_ids), bool)
    key = checked_key(marks)
    return np.array([mark_of(key, user) not in marks for user in user_ids], bool)


def without_users(run: Run, user_ids: Iterable[str], removed: int) -> Run:
    """A run that names none of the users, `removed` of whom were in its set."""
    gone, report = set(user_ids), dict(run.report)
    if removed:
        report["erased"] = report.get("erased", 0) + removed
    if "checked_users" in report:
        report["checked_users"] = [user for user in report["checked_users"] if user not in gone]
    examples = [user for user in run.example_users if user not in gone]
    return replace(run, users=run.users - removed, example_users=examples, report=report)
