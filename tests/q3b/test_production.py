"""The whole way by one command: the sample, the job, the store, the API and its answer."""

from common.command import OutsideError

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from run_production import served, wait_until_ready
from tests.conftest import (
    ROOT,
    assert_one_line_error,
    clean_environment,
    run_script,
    take_interrupts,
)


@pytest.mark.slow
def test_one_command_goes_the_whole_way(tmp_path):
    finished = run_script(
        *("Q3b/run_production.py", "--limit", "3"),
        RECOMMENDER_STORE="redis://a-store-in-use",
        RECOMMENDER_API_KEY="of another installation",
        TMPDIR=str(tmp_path),
    )
    assert finished.returncode == 0, finished.stderr
    job, quality, store, request, *artists = finished.stdout.splitlines()
    assert job == "Job: lists for 3,001 users, 3,001 of them from neighbours"
    assert re.fullmatch(r"Quality: they hold \d\d% of the plays .* \(recall@20\)", quality)
    assert re.match(r"Store: [\d,]+ items in SQLite, published", store)
    assert re.fullmatch(r"API: GET /users/[0-9a-f]{40}/recommendations\?limit=3", request)
    assert len(artists) == 3
    assert all("because the user plays" in line for line in artists)
    assert list(tmp_path.iterdir()) == []


def started(temporary: Path) -> subprocess.Popen:
    """The command, running as a terminal would start it, with its temporary files there."""
    return subprocess.Popen(
        [sys.executable, ROOT / "Q3b" / "run_production.py"],
        env=clean_environment() | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=take_interrupts,
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups")
@pytest.mark.parametrize("seconds", [0.6, 1.5, 4.0, 6.0, 7.0])
def test_an_interrupt_at_any_moment_is_one_line_and_leaves_nothing(tmp_path, seconds):
    with started(tmp_path) as running:
        time.sleep(seconds)
        if ended := running.poll() is not None:
            assert running.returncode == 0  # it was faster
        else:
            os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    if not ended and running.returncode:  # 0: it was just done
        assert (running.returncode, errors) == (130, "run_production.py: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups")
@pytest.mark.parametrize("of_the_job", ["recommend-daily-*", "recommendations.db*"])
def test_an_interrupt_while_the_job_has_files_leaves_none(tmp_path, of_the_job):
    with started(tmp_path) as running:
        while running.poll() is None and not list(tmp_path.rglob(of_the_job)):
            time.sleep(0.001)
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (130, "run_production.py: interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_users_own_cluster_and_store_are_left_alone():
    settings = {"DASK_SCHEDULER_ADDRESS": "tcp://127.0.0.1:1", "RECOMMENDER_STORE": "redis://a"}
    assert run_script("Q3b/run_production.py", **settings).returncode == 0


def test_a_wrong_limit_is_one_line():
    assert_one_line_error(run_script("Q3b/run_production.py", "--limit", "0"), 2, "--limit")


def test_an_api_that_does_not_start_is_told_by_its_own_words(tmp_path):
    log = tmp_path / "api.log"
    said = "the API did not become ready: api.py: error: .*redis"
    with pytest.raises(OutsideError, match=said), served("redis://a-store", log):
        pass


@pytest.mark.parametrize(
    ("log_text", "last"), [("listening\nno memory left\n", "no memory left"), ("", "no message")]
)
def test_its_last_words_are_the_last_line_of_its_log(tmp_path, log_text, last):
    log = tmp_path / "api.log"
    log.write_text(log_text, encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        with pytest.raises(OutsideError, match=f"ready: {last}$"):
            wait_until_ready(ended, "http://127.0.0.1:9", log)
