"""Job, API and operators have the rights that they need and no others, by moto's IAM."""

from common.command import OutsideError

import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from store.url import open_store
from tests.conftest import ROOT
from tests.q3b.store.conftest import publish
from web.app import create_app

POLICIES = sorted((ROOT / "Q3b" / "deploy" / "aws").glob("*-policy.json"))
REGION = "eu-west-1"
STORE = f"dynamodb://recommendations?region={REGION}"
TABLE = "arn:aws:dynamodb:*:*:table/recommendations"
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
