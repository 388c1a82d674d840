"""Logs as JSON: lines that programs read, with ids of requests and runs and none of users."""

import io
import json
import sys

import pytest

from run_production import get, served
from store.url import open_store
from tests.conftest import run_script
from tests.q3b.store.conftest import publish
from web.app import create_app


@pytest.fixture
def store_url(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    publish(open_store(url, create=True), ["a/b"])
    return url


@pytest.fixture
def log(store_url, monkeypatch):
    """Ask paths with headers; return the answers and the lines of the log."""
    errors = io.StringIO()
    monkeypatch.setattr(sys, "stderr", errors)
    client = create_app({"STORE": store_url, "LOG_FORMAT": "json"}).test_client()

    def ask(*paths, **headers):
        answers = [client.get(path, headers=headers) for path in paths]
        return answers, list(map(json.loads, errors.getvalue().splitlines()))

    return ask


@pytest.mark.parametrize("path", ["/users/a%2Fb/recommendations", "/users/x/recommendations"])
def test_a_request_is_one_line_without_the_user(log, path):
    (answer,), (line,) = log(f"{path}?limit=2")
    assert line.pop("seconds") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "info",
        "message": "request",
        "request_id": answer.headers["X-Request-Id"],
        "method": "GET",
        "path": "/users/ID/recommendations",
        "status": answer.status_code,
    }


def test_the_short_way_and_flask_have_ids_of_their_own(log):
    answers, lines = log("/new-user/recommendations", "/healthz", "/nowhere")
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert [line["request_id"] for line in lines] == ids
    assert len(set(ids)) == 3
    assert [line["status"] for line in lines] == [200, 200, 404]


def test_an_id_of_the_proxy_is_kept_unless_it_is_odd(log):
    (answer,), _ = log("/healthz", **{"X-Request-Id": "proxy-1"})
    assert answer.headers["X-Request-Id"] == "proxy-1"
    (answer,), (_, line) = log("/healthz", **{"X-Request-Id": 'a"b c'})
    assert answer.headers["X-Request-Id"] == line["request_id"] != 'a"b c'


def test_a_message_has_the_id_of_its_request(log, tmp_path):
    (tmp_path / "store.db").unlink()
    (answer,), (warning, request) = log("/users/a/recommendations")
    assert answer.status_code == 503
    assert "there is no such store" in warning["message"]
    assert warning["request_id"] == request["request_id"] == answer.headers["X-Request-Id"]


def test_the_server_logs_nothing_but_json(store_url, tmp_path, monkeypatch):
    monkeypatch.setattr("run_production.environment", lambda _: {"RECOMMENDER_LOG_FORMAT": "json"})
    with served(store_url, tmp_path / "log") as address:
        get(f"{address}/healthz")
    lines = list(map(json.loads, (tmp_path / "log").read_text("utf-8").splitlines()))
    assert {"path": "/healthz", "status": 200}.items() <= max(
        lines, key=lambda line: line.get("path") == "/healthz"
    ).items()
    assert any("granian" in line["message"].lower() for line in lines)


def test_the_job_logs_its_id_and_a_failure_with_its_exit_code(tmp_path):
    finished = run_script(
        *("Q3b/recommend_daily.py", "--run-id", "2026-11-28", "--log-format", "json"),
        *("--store", f"sqlite:///{tmp_path / 'store.db'}", "--plays", "missing.parquet"),
    )
    assert finished.returncode == 2
    started, failed = map(json.loads, finished.stderr.splitlines())
    assert (started["message"], started["run_id"], started["step"]) == (
        *("started", "2026-11-28", "run"),
    )
    assert (failed["level"], failed["run_id"], failed["exit_code"]) == ("error", "2026-11-28", 2)
    assert "missing.parquet" in failed["message"]


def test_the_job_logs_how_it_ended(store_url):
    finished = run_script(
        *("Q3b/recommend_daily.py", "--diff", "--store", store_url), RECOMMENDER_LOG_FORMAT="json"
    )
    assert finished.returncode == 0, finished.stderr
    assert [json.loads(line)["message"] for line in finished.stderr.splitlines()] == [
        *("started", "finished"),
    ]
