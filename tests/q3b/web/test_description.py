"""The API does what its OpenAPI description says, whatever is asked: schemathesis tries."""

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.q3b.web.conftest import publish, publish_index, serving
from web.app import create_app

# Beside its defaults: granian refuses overlong addresses before the API sees them; a batch of many
# long ids has more bytes than a body may have.
CONFIGURATION = """
[checks.negative_data_rejection]
expected-statuses = [400, 401, 404, 413, 415, 431]

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 404, 413, "5xx"]
"""


OF_THE_PAGE = ("/cards", "/cards/similar")


@pytest.fixture(scope="module")
def store_url(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('described') / 'recommendations.db'}"
    publish_index(url, publish(url))
    return url


def schemathesis(folder: Path, base: str, *options: str) -> subprocess.CompletedProcess:
    configuration = folder / "schemathesis.toml"
    configuration.write_text(CONFIGURATION, encoding="utf-8")
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration)]
    arguments = [f"{base}/openapi.json", "--checks", "all", "--phases", "coverage,fuzzing"]
    return subprocess.run(
        [*program, "run", *arguments, "--no-color", *options],
        cwd=folder,
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=500,
    )


@pytest.mark.parametrize(
    "examples", [3, pytest.param(500, marks=pytest.mark.slow)], ids="{} examples".format
)
def test_no_request_meets_an_undocumented_answer(tmp_path, store_url, examples):
    with serving(store_url) as base:
        finished = schemathesis(tmp_path, base, "--max-examples", str(examples))
    assert finished.returncode == 0, finished.stdout
    assert "11 passed" in finished.stdout


def test_a_key_is_asked_for_as_described(tmp_path, store_url):
    with serving(store_url, RECOMMENDER_API_KEY="sesame") as base:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{base}/new-user/recommendations")  # noqa: S310 - our own
        header = ["--header", "Authorization: Bearer sesame", "--include-path-regex", "recommend"]
        finished = schemathesis(tmp_path, base, "--max-examples", "3", *header)
    assert finished.returncode == 0, finished.stdout
    assert "3 passed" in finished.stdout


def test_every_resource_is_described(store_url):
    app = create_app({"STORE": store_url})
    served = {re.sub("<path:(.*)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules()}
    described = set(app.test_client().get("/openapi.json").json["paths"])
    assert served - described == {"/", "/favicon.ico", "/static/{filename}", *OF_THE_PAGE}
    assert described <= served
