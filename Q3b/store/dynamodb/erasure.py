"""Users removed from the table, and the marks that keep them out of later sets.

key          version
forgotten    the mark of a user; such items do not expire
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

from botocore.exceptions import ClientError

from store.dynamodb.requests import batches, is_code, item_from_wire, to_wire, write_batch
from store.erasure import without_users
from store.protocol import Run

FORGOTTEN = "forgotten"


def items_of(client, table: str, key: str) -> Iterator[dict]:
    """All items below a partition key, as they were last written."""
    pages = client.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="#key = :key",
        ExpressionAttributeNames={"#key": "key"},
        ExpressionAttributeValues={":key": to_wire(key)},
        ConsistentRead=True,
    )
    for page in pages:
        yield from map(item_from_wire, page["Items"])


def forgotten_marks(client, table: str) -> set[str]:
    """The marks in the table."""
    return {item["version"] for item in items_of(client, table, FORGOTTEN)}


def forget_users(client, table: str, user_ids: list[str], marks: list[str]) -> dict[str, int]:
    """Remove users from all runs and keep their marks; return how many were in each version.

    Marks come first and each step may be repeated, so that one that fails is only to be run again.
    """
    kept = ({"key": to_wire(FORGOTTEN), "version": to_wire(mark)} for mark in marks)
    for batch in batches(kept):
        write_batch(client, table, batch)
    removed = Counter()
    for user in user_ids:
        for item in list(items_of(client, table, f"user/{user}")):
            key = {name: to_wire(item[name]) for name in ("key", "version")}
            client.delete_item(TableName=table, Key=key)
            removed[item["version"]] += 1
    for item in list(items_of(client, table, "run")):
        run = Run(**json.loads(item["run"]))
        removed[run.version] += 0
        keep_run(client, table, without_users(run, user_ids, removed[run.version]))
    tell_readers(client, table)
    return dict(removed)


def keep_run(client, table: str, run: Run) -> None:
    """Keep what a run says of itself; whether it is finished, and when it expires, stay."""
    client.update_item(
        TableName=table,
        Key={"key": to_wire("run"), "version": to_wire(run.version)},
        UpdateExpression="SET #run = :run",
        ExpressionAttributeNames={"#run": "run"},
        ExpressionAttributeValues={":run": to_wire(json.dumps(asdict(run)))},
    )


def tell_readers(client, table: str) -> None:
    """Let readers read the published run anew: the pointer names another edition of it."""
    try:
        client.update_item(
            TableName=table,
            Key={"key": to_wire("pointer"), "version": to_wire("-")},
            UpdateExpression="SET #edition = :edition",
            ConditionExpression="attribute_exists(#key)",
            ExpressionAttributeNames={"#edition": "edition", "#key": "key"},
            ExpressionAttributeValues={":edition": to_wire(secrets.token_hex(8))},
        )
    except ClientError as error:  # of a table that no run was published to
        if not is_code(error, "ConditionalCheckFailedException"):
            raise
