"""The table behind the DynamoDB store: how it is reached, made and written to by a run."""

import json
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from recommender.lists import (
    MOST_OWN,
    REASONS,
    TOP_ARTIST,
    TOP_ARTISTS,
    Block,
    RuleList,
    most_played,
)
from store.dynamodb.requests import (
    ITEM_BYTES,
    batches,
    failures,
    is_code,
    item_to_wire,
    packed,
    to_wire,
    write_batch,
)
from store.items import played_items, recommended_items
from store.protocol import SCHEMA, Catalogue, Run

WRITERS = 8  # batches under way at once
ITEM_JSON_BYTES = 128  # at most, of an item's JSON without its texts
COUNTRY_BYTES = 1_500  # of a key that fits for certain
OTHER_BYTES = 8_192  # at most, of an item without its lists
# The job is patient; a reader would rather say quickly that the store is down.
PATIENT = Config(
    retries={"mode": "adaptive", "total_max_attempts": 10},
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=WRITERS,
)
QUICK = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=1,
    read_timeout=2,
    max_pool_connections=32,
)


class DynamoWriter:
    """Writes one run, several batches at a time; what is written twice is the same.

    One that does not `send` checks alone that the service would take the items.
    Where it is sent to it makes a client of its own, by the credentials of that place.
    """

    writes_on_workers = True

    def __init__(
        self,
        region: str | None,
        table: str,
        run: Run,
        catalogue: Catalogue,
        expires_at: int,
        send: bool = True,
    ):
        self.pool = ThreadPoolExecutor(WRITERS)
        with failures(table):
            self._client = made_client(region, patient=True)
        self._recipe = region, table, run, catalogue, expires_at, send
        self._send = send
        self._table = table
        self._version = run.version
        self._catalogue = catalogue
        self._expires_at = expires_at

    def __reduce__(self):
        return DynamoWriter, self._recipe

    def write(self, block: Block) -> None:
        """Write the users of `block`; all are written when it returns."""
        self._put(self._user(*fields) for fields in block.slices())

    def write_lists(self, lists: list[RuleList]) -> None:
        """Write the lists for listeners without history; the global one must be among them."""
        self._put(
            {
                "key": list_key(one.country, one.age_group),
                "rule": one.rule,
                "items": self._items(one.recommendations),
            }
            for one in lists
        )

    def finish(self, run: Run) -> None:
        """Say that all is written."""
        with failures(self._table):
            self._client.update_item(
                TableName=self._table,
                Key={"key": to_wire("run"), "version": to_wire(self._version)},
                UpdateExpression="SET complete = :true, #run = :run",
                ExpressionAttributeNames={"#run": "run"},
                ExpressionAttributeValues={
                    ":true": to_wire(True),
                    ":run": to_wire(json.dumps(asdict(run))),
                },
            )

    def write_run(self, run: Run, base: str | None, complete: bool) -> None:
        """Write what the run says of itself, and the version that was current as it began."""
        text = json.dumps(asdict(run))
        about = {"run": text, "base": base, "complete": complete, "schema": SCHEMA}
        self._put([{"key": "run"} | about])

    def _user(self, user, rule, neighbours, recommendations, own, named) -> dict:
        """The item of a user; `named` is the (country, age group) of the list that serves it."""
        top = played_items(self._catalogue.item, most_played(own))
        item = {
            "key": f"user/{user}",
            "rule": rule,
            "neighbours": neighbours,
            "top_items": packed(top),
            "own": own.tobytes(),
        }
        if named:
            return item | {"country": named[0], "age_group": named[1]}
        return item | {"items": self._items(recommendations)}

    def _items(self, recommendations) -> bytes:
        catalogue = self._catalogue
        return packed(recommended_items(catalogue.recommended, catalogue.item, recommendations))

    def _put(self, items: Iterable[dict]) -> None:
        """Write items of this run, several batches at a time."""
        shared = {"version": self._version, "expires_at": self._expires_at}
        wire = [item_to_wire(item | shared) for item in items]
        if not self._send:
            return
        with failures(self._table):
            write = partial(write_batch, self._client, self._table)
            list(self.pool.map(write, list(batches(wire))))


def surely_fits(catalogue: Catalogue, top: int, countries: Iterable[str]) -> bool:
    """Whether no item of a run with `top` items a user can be too large.

    As if all items had the longest texts, and nothing could be compressed.
    """
    named = ITEM_JSON_BYTES + longest(catalogue.ids) + longest(catalogue.names)
    fields = sum(longest([name]) + longest(texts) for name, texts in catalogue.fields.items())
    document = top * fields + (top * (1 + REASONS) + TOP_ARTISTS) * named
    own = MOST_OWN * TOP_ARTIST.itemsize
    item = document + document // 1_000 + own + OTHER_BYTES  # what gzip adds at worst
    country = max((6 * len(country) for country in countries), default=0)  # as JSON
    return item <= ITEM_BYTES and country <= COUNTRY_BYTES


def longest(texts: Iterable[str]) -> int:
    """Bytes of the longest of some texts in JSON."""
    quoted = (json.dumps(str(text), ensure_ascii=False) for text in texts)
    return max((len(text.encode("utf-8", "replace")) for text in quoted), default=0)


def list_key(country: str, age_group: str) -> str:
    """The partition key of a list."""
    return f"list/{json.dumps([country, age_group], ensure_ascii=False)}"


def made_client(region: str | None, patient: bool):
    """A client of the service, or of the local server that DYNAMODB_ENDPOINT_URL names."""
    endpoint = os.environ.get("DYNAMODB_ENDPOINT_URL")
    settings = local_settings(endpoint, region) if endpoint else {"region_name": region}
    return boto3.Session().client("dynamodb", config=PATIENT if patient else QUICK, **settings)


def local_settings(endpoint: str, region: str | None) -> dict:
    """How to reach a local server, which takes any credentials but wants some."""
    settings = {"endpoint_url": endpoint, "region_name": region or "us-east-1"}
    if not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & os.environ.keys():
        settings |= {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return settings


def make_table(client, table: str) -> None:
    """Make the table, billed by request, unless it is there; let its items expire."""
    try:
        client.describe_table(TableName=table)
        return
    except ClientError as error:
        if not is_code(error, "ResourceNotFoundException"):
            raise
    client.create_table(
        TableName=table,
        KeySchema=[
            {"AttributeName": "key", "KeyType": "HASH"},
            {"AttributeName": "version", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "key", "AttributeType": "S"},
            {"AttributeName": "version", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(
        TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    try:
        client.update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
        )
    except ClientError as error:
        if not is_code(error, "UnknownOperationException"):  # a local server without TTL
            raise
