"""The server that `docker compose up` starts, asked by the settings that both read."""

import json
import shutil
import socket
import sys

import pytest

from tests.conftest import ROOT
from tests.containers import composed, require_image, run

pytestmark = pytest.mark.slow
QUESTION = (sys.executable, "Q1/sql.py", "--format", "json")


def test_the_question_is_asked_of_the_server_in_a_container(tmp_path):
    require_image("postgres:18")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", 5432)) == 0:
            pytest.skip("port 5432 is in use")
    shutil.copytree(ROOT / "Q1", tmp_path / "Q1")
    with composed(tmp_path, ["postgres"]) as compose:
        compose("up", "--detach", "--wait", "postgres")
        finished = run(*QUESTION, folder=tmp_path)
        assert finished.returncode == 0, finished.stderr
        embedded = run(*QUESTION, "--embedded", folder=tmp_path)
        assert json.loads(finished.stdout) == json.loads(embedded.stdout)
        compose("stop", "postgres")
        unanswered = run(*QUESTION, folder=tmp_path)
        assert unanswered.returncode == 1
        assert "127.0.0.1" in unanswered.stderr
