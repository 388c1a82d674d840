"""A failed run reaches people: the webhook gets the message, and errors do not show its address."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.conftest import assert_one_line_error, free_port, run_script


class Webhook(BaseHTTPRequestHandler):
    """Keeps what is posted; answers by the status at the end of the path."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(int(self.path.rsplit("/", 1)[1]))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def webhook():
    server = HTTPServer(("127.0.0.1", 0), Webhook)
    server.received = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_webhook_gets_the_message(webhook):
    url = f"http://127.0.0.1:{webhook.server_port}/secret/200"
    finished = run_script("Q3b/alert.py", "the store is full", RECOMMENDER_ALERT_URL=url)
    assert finished.returncode == 0
    ((content_type, body),) = webhook.received
    assert content_type == "application/json"
    assert body["text"].endswith(": the store is full")
    assert "the store is full" in finished.stderr


def test_without_a_webhook_the_message_is_on_stderr():
    finished = run_script("Q3b/alert.py", "the store is full", RECOMMENDER_ALERT_URL="")
    assert finished.returncode == 0
    assert finished.stderr.endswith(": the store is full\n")


def test_a_webhook_that_refuses_is_one_line_without_the_address(webhook):
    for port, reason in ((webhook.server_port, "Internal Server Error"), (free_port(), "")):
        url = f"http://127.0.0.1:{port}/secret/500"
        finished = run_script("Q3b/alert.py", "full", RECOMMENDER_ALERT_URL=url)
        assert_one_line_error(finished, 1, "the alert was not sent", reason)
        assert "secret" not in finished.stderr


def test_without_a_message_it_says_what_failed(webhook):
    url = f"http://127.0.0.1:{webhook.server_port}/200"
    assert run_script("Q3b/alert.py", RECOMMENDER_ALERT_URL=url).returncode == 0
    assert webhook.received[0][1]["text"].endswith(": the daily job failed")


def test_two_messages_are_one_line():
    assert_one_line_error(run_script("Q3b/alert.py", "the store", "is full"), 2, "is full")


def test_an_address_that_is_none_is_the_users_mistake():
    finished = run_script("Q3b/alert.py", "full", RECOMMENDER_ALERT_URL="file:///etc/passwd")
    assert_one_line_error(finished, 2, "RECOMMENDER_ALERT_URL")
