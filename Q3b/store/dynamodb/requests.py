"""DynamoDB's rules, kept by us: what an item may be, what a batch may hold, what to send again.

The limits are the service's own; local servers enforce only some of them, and would let pass
what production refuses.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""

from common.command import UserError

import base64
import gzip
import json
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal

from botocore.exceptions import BotoCoreError, ClientError

from store.protocol import StoreError

BATCH_ITEMS = 25
ITEM_BYTES = 409_600
REQUEST_BYTES = 16 * 1024 * 1024
KEY_BYTES = {"key": 2_048, "version": 1_024}  # of the partition key and of the sort key
ATTEMPTS = 12  # to write a batch; about 30 s of waiting in all
FIRST_WAIT, LONGEST_WAIT = 0.05, 5.0  # seconds


def packed(document: list) -> bytes:
    """A JSON document as one small value: the service charges by the kilobyte."""
    return gzip.compress(json.dumps(document, ensure_ascii=False).encode(), mtime=0)


def unpacked(value: bytes) -> list:
    """The document of `packed`."""
    return json.loads(gzip.decompress(value))


def to_wire(value: str | bytes | int | bool | Decimal) -> dict:
    """A value as the service takes it. Raises TypeError for a float, which it refuses."""
    match value:
        case bytes():
            return {"B": value}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
    raise TypeError(f"DynamoDB takes no {type(value).__name__}: {value!r}; use Decimal(str(x))")


def item_to_wire(item: dict) -> dict:
    """An item as the service takes it, without the attributes that are None.

    Raises TypeError for a float and UserError for an item or key above its limit.
    """
    wire = {name: to_wire(value) for name, value in item.items() if value is not None}
    for name, limit in KEY_BYTES.items():
        if not 0 < len(item[name].encode()) <= limit:
            raise UserError(
                f"key {item[name][:60]!r}... has not 1 to {limit:,} bytes, as DynamoDB asks"
            )
    if (size := item_bytes(wire)) > ITEM_BYTES:
        raise UserError(
            f"item {item['key']!r} has {size:,} bytes; DynamoDB takes {ITEM_BYTES:,}: lower "
            "--recommendations or shorten the names of artists"
        )
    return wire


def item_from_wire(wire: dict) -> dict:
    """The item of `item_to_wire`; whole numbers become int."""
    return {name: value_from_wire(*value.popitem()) for name, value in wire.items()}


def value_from_wire(kind: str, value: str | bytes | bool) -> str | bytes | int | bool | Decimal:
    """The value of one attribute."""
    if kind != "N":
        return value
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else number


def item_bytes(wire: dict) -> int:
    """An item's size as the service counts it: bytes of names and values, text as UTF-8.

    A number takes a byte per two significant digits, and one more; two if it is negative.
    """
    return sum(
        len(name.encode()) + value_bytes(kind, text)
        for name, value in wire.items()
        for kind, text in value.items()
    )


def value_bytes(kind: str, value: str | bytes | bool) -> int:
    """The size of one value, without its name."""
    match kind:
        case "B":
            return len(value)
        case "S":
            return len(value.encode())
        case "N":
            digits = len(Decimal(value).normalize().as_tuple().digits)
            return (digits + 1) // 2 + 1 + value.startswith("-")
    return 1


def batches(items: Iterable[dict]) -> Iterator[list[dict]]:
    """Cut wire items into batches that the service takes. Raises ValueError for a key twice."""
    batch, keys, size = [], set(), 0
    for item in items:
        bytes_on_wire = len(json.dumps(item, default=base64_text))
        if len(batch) == BATCH_ITEMS or size + bytes_on_wire > REQUEST_BYTES * 0.9:  # its frame
            yield batch
            batch, keys, size = [], set(), 0
        key = (item["key"]["S"], item["version"]["S"])
        if key in keys:
            raise ValueError(f"{key[0]!r} stands twice in one batch")
        batch.append(item)
        keys.add(key)
        size += bytes_on_wire
    if batch:
        yield batch


def base64_text(value: bytes) -> str:
    """Binary values as they travel."""
    return base64.b64encode(value).decode()


def write_batch(client, table: str, batch: list[dict], attempts: int = ATTEMPTS) -> None:
    """Write a batch, sending again what the service left unprocessed, ever more slowly.

    Throttled and failed requests are botocore's to repeat; what it gives up on is raised.
    Raises StoreError if items are left after all `attempts`.
    """
    left = {table: [{"PutRequest": {"Item": item}} for item in batch]}
    for attempt in range(attempts):
        if attempt:
            time.sleep(wait_before(attempt))
        left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
        if not left:
            return
    raise StoreError(
        f"table {table}: {len(left[table])} items were left unprocessed {attempts} times; "
        "it takes fewer writes than the run needs"
    )


def wait_before(attempt: int) -> float:
    """Seconds before an attempt: doubling, capped, and jittered so that writers spread out."""
    return random.uniform(0.5, 1) * min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)  # noqa: S311


@contextmanager
def failures(table: str) -> Iterator[None]:
    """Turn botocore's errors into the store's, in one line that says what to look at."""
    try:
        yield
    except ClientError as error:
        reason = error.response["Error"]
        code, message = reason.get("Code"), reason.get("Message") or "no message"
        if code == "ResourceNotFoundException":
            message = "there is no such table; recommend_daily.py makes it"
        raise StoreError(f"dynamodb table {table}: {code}: {message}") from error
    except BotoCoreError as error:
        raise StoreError(f"dynamodb table {table}: {error}") from error


def is_code(error: ClientError, code: str) -> bool:
    """Whether the service's error is of this kind."""
    return error.response["Error"]["Code"] == code
