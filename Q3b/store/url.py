"""Opening the store of recommendations that a URL names.

sqlite:///recommendations.db        a file in the working directory (four slashes: absolute); all
                                    after three slashes is its name as it is: nothing in it
                                    is quoted, also not "#", "?", "%" or a space
dynamodb://table?region=eu-west-1   a table of Amazon DynamoDB; DYNAMODB_ENDPOINT_URL in the
                                    environment names a local one
"""

from common.command import UserError

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from store.protocol import Store

FILE = "sqlite:///"
DEFAULT_STORE = f"{FILE}recommendations.db"
TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")  # DynamoDB's rule for names of tables


def open_store(url: str, create: bool = False) -> "Store":
    """Open the store that `url` names; nothing is read until the first question.

    With `create`, the file or table is made where it is missing. Raises UserError for a wrong
    URL.
    """
    if url.startswith(FILE) and len(url) > len(FILE):
        from store.sqlite.store import SqliteStore  # numpy: the URL alone is soon imported

        return SqliteStore(Path(url.removeprefix(FILE)), create=create)
    try:
        parts = urlsplit(url)
    except ValueError:  # such as half of an IPv6 address
        parts = urlsplit("")
    if parts.scheme == "dynamodb" and TABLE.fullmatch(parts.netloc) and parts.path in ("", "/"):
        options = dynamodb_options(url, parts.query)
        from store.dynamodb.store import DynamoStore  # boto3 takes a while: only who wants it waits

        return DynamoStore(parts.netloc, create=create, **options)
    raise UserError(
        f"{url!r} names no store; use sqlite:///FILE.db or dynamodb://TABLE?region=REGION"
    )


def dynamodb_options(url: str, query: str) -> dict:
    """The options of a DynamoDB URL, each of its type. Raises UserError for others."""
    known = {"region": region, "expire_days": amount, "lock_seconds": amount}
    try:
        return {name: known[name](value) for name, value in parse_qsl(query)}
    except (KeyError, ValueError):
        raise UserError(f"{url!r}: the options are region, expire_days, lock_seconds") from None


def region(text: str) -> str:
    """The name of a region. Raises ValueError for what cannot be one."""
    if not re.fullmatch(r"[a-z0-9-]+", text):
        raise ValueError(text)
    return text


def amount(text: str) -> float:
    """A number from 0 to a million. Raises ValueError for others."""
    if not 0 <= float(text) <= 1e6:
        raise ValueError(text)
    return float(text)
