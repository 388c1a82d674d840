"""Job, API and operators have the rights that they need and no others, by moto's IAM."""

from common.command import OutsideError

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import boto3
import fsspec
import pytest

from store.url import open_store
from taste.place import IndexPlace, place_of
from tests.conftest import ROOT
from tests.q3b.store.conftest import moto, publish
from web.app import create_app

POLICIES = sorted((ROOT / "Q3b" / "deploy" / "aws").glob("*-policy.json"))
REGION = "eu-west-1"
STORE = f"dynamodb://recommendations?region={REGION}"
TABLE = "arn:aws:dynamodb:*:*:table/recommendations"
INDEX_POLICIES = sorted((ROOT / "Q3b" / "deploy" / "aws" / "index").glob("*-policy.json"))
INDEXES = "arn:aws:s3:::recommendation-indexes"
KEYS = {"AccessKeyId": "AWS_ACCESS_KEY_ID", "SecretAccessKey": "AWS_SECRET_ACCESS_KEY"}


def account_of(policy: Path) -> str:
    return policy.name.removesuffix("-policy.json")


def access_key(policy: Path) -> dict[str, str]:
    """Make a user with a policy; return the variables with its access key.

    moto asks for DynamoDB's actions on the resource * alone, so the policy gets that here.
    """
    iam, name = boto3.client("iam", region_name=REGION), account_of(policy)
    iam.create_user(UserName=name)
    document = policy.read_text(encoding="utf-8").replace(TABLE, "*")
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {variable: made[field] for field, variable in KEYS.items()}


@pytest.fixture
def as_account(monkeypatch):
    """Do work with the rights of an account, in an AWS that checks them at each request."""
    from moto import mock_aws
    from moto.core import set_initial_no_auth_action_count

    def work_as(account: str, work: Callable):
        for variable, value in keys[account].items():
            monkeypatch.setenv(variable, value)
        return set_initial_no_auth_action_count(0)(work)()

    monkeypatch.delenv("DYNAMODB_ENDPOINT_URL", raising=False)
    for variable in KEYS.values():
        monkeypatch.setenv(variable, "testing")
    with mock_aws():
        keys = {account_of(policy): access_key(policy) for policy in POLICIES}
        yield work_as


USER = "a"


def daily_runs() -> None:
    """Do what two daily runs ask of the store; the first makes the table."""
    store = open_store(STORE, create=True)
    with store.lock():
        assert store.forgotten() == set()
    publish(store, [USER])
    run = publish(store, [USER, "b"])
    assert store.find_run(run.run_id) is not None
    assert store.user(USER)


def test_the_job_writes_sets_and_the_api_reads_them(as_account):
    as_account("job", daily_runs)

    def asked() -> list[int]:
        client = create_app({"STORE": STORE}).test_client()
        paths = (
            *("/readyz", f"/users/{USER}/recommendations", "/users/nobody/recommendations"),
            *(
                "/new-user/recommendations?country=Germany&age=30",
                "/metrics",
                "/",
                f"/?user={USER}",
            ),
        )
        batch = client.post("/batch", json={"users": [USER, "b"]})
        return [client.get(path).status_code for path in paths] + [batch.status_code]

    assert as_account("api", asked) == [200, 200, 404, 200, 200, 200, 200, 200]


def test_the_api_may_neither_write_nor_read_all(as_account):
    as_account("job", daily_runs)
    store = open_store(STORE)
    attempts = [
        store.rollback,
        store.forgotten,
        lambda: store.forget([USER], ["mark"]),
        lambda: list(store.users(store.current())),
        lambda: publish(open_store(STORE, create=True), [USER]),
    ]
    for attempt in attempts:
        with pytest.raises(OutsideError, match="AccessDenied"):
            as_account("api", attempt)


def test_an_operator_rolls_back_exports_and_forgets(as_account):
    as_account("job", daily_runs)

    def operated() -> tuple[int, int]:
        store = open_store(STORE)
        exported = len(list(store.users(store.current())))
        store.rollback()
        with store.lock():
            store.forget([USER], ["mark"])
        return exported, len(list(store.users(store.current())))

    assert as_account("operator", operated) == (2, 0)


def test_the_job_does_not_read_whole_tables(as_account):
    as_account("job", daily_runs)
    with pytest.raises(OutsideError, match="AccessDenied"):
        as_account("job", lambda: list(open_store(STORE).users(open_store(STORE).current())))


@pytest.mark.parametrize("policy", POLICIES, ids=account_of)
def test_a_policy_names_actions_and_one_table(policy):
    for statement in json.loads(policy.read_text(encoding="utf-8"))["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert action.startswith("dynamodb:")
            assert "*" not in action
        assert statement["Resource"] == TABLE


@pytest.fixture
def place_as(monkeypatch, tmp_path) -> Iterator[Callable[[str], IndexPlace]]:
    """Open the bucket of indexes with the rights of an account, in an S3 that checks them."""

    def check_from_now_on(after: str) -> None:
        kind = {"Content-Type": "text/plain"}
        url = f"{address}/moto-api/reset-auth"
        urlopen(Request(url, after.encode(), kind, method="POST"))  # noqa: S310 - our own

    def opened_as(account: str) -> IndexPlace:
        for variable, value in keys[account].items():
            monkeypatch.setenv(variable, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        return place_of("s3://recommendation-indexes/sets", STORE, str(tmp_path / account))

    with moto() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
        for variable in KEYS.values():
            monkeypatch.setenv(variable, "testing")
        made = {"LocationConstraint": REGION}
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="recommendation-indexes", CreateBucketConfiguration=made)
        keys = {account_of(policy): access_key(policy) for policy in INDEX_POLICIES}
        check_from_now_on("0")
        yield opened_as
        check_from_now_on("1000000")
    fsspec.get_filesystem_class("s3").clear_instance_cache()


def write_about(place: IndexPlace, version: str) -> None:
    with place.written(version) as folder, (folder / "about.json").open("wb") as file:
        file.write(b"{}")


def test_the_job_writes_indexes_the_api_fetches_and_an_operator_drops_them(place_as):
    write_about(place_as("job"), "1")
    write_about(place_as("job"), "2")
    place_as("job").keep(["2"])
    assert (place_as("api").fetched_here("2") / "about.json").read_text(encoding="utf-8") == "{}"
    with pytest.raises(OutsideError, match="missing"):
        place_as("api").fetched_here("1")
    for work in (lambda place: write_about(place, "3"), lambda place: place.drop()):
        with pytest.raises(OutsideError, match="PermissionError"):
            work(place_as("api"))
    with pytest.raises(OutsideError, match="PermissionError"):
        place_as("job").fetched_here("2")
    with pytest.raises(OutsideError, match="PermissionError"):
        write_about(place_as("operator"), "3")
    assert place_as("operator").drop() == 1


@pytest.mark.parametrize("policy", INDEX_POLICIES, ids=account_of)
def test_a_policy_of_indexes_names_actions_and_one_bucket(policy):
    statements = json.loads(policy.read_text(encoding="utf-8"))["Statement"]
    assert [statement["Resource"] for statement in statements] == [INDEXES, f"{INDEXES}/*"]
    assert "*" not in str([statement["Action"] for statement in statements])
