"""Each failure is caused, and the commands of its section in the runbook put it right."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from run_production import served
from store.protocol import new_run
from store.url import open_store
from tests.conftest import ROOT, clean_environment
from tests.q3b.store.conftest import block_of, publish, writing

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the commands are those of Linux"),
    pytest.mark.skipif(not shutil.which("curl"), reason="curl is missing"),
]
RUNBOOK = ROOT / "Q3b" / "deploy" / "RUNBOOK.md"
DAY = "2026-11-28"


def section(title: str) -> list[str]:
    """The blocks of commands of a section."""
    text = RUNBOOK.read_text(encoding="utf-8")
    (body,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```sh\n(.*?)^```", body, re.MULTILINE | re.DOTALL)


class Installation:
    """A project folder, its SQLite store with a published set, and its API."""

    def __init__(self, folder: Path, api: str):
        self.folder, self.api = folder, api
        self.file = folder / "recommendations.db"
        self.url = f"sqlite:///{self.file}"
        self.store = open_store(self.url)

    def commands(self, text: str, **environment: str) -> subprocess.CompletedProcess:
        """Run commands of the runbook; each must succeed for the next one to run."""
        here = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "RECOMMENDER_STORE": self.url,
            "STORE_FILE": str(self.file),
            "BACKUP": str(self.folder / "backup.db"),
            "API": self.api,
            "RUN_ID": DAY,
            "RECOMMENDER_ERASURE_KEY": "a secret of the installation",
            "no_proxy": "*",
        }
        return subprocess.run(
            ["/bin/bash", "-e", "-c", text],
            cwd=self.folder,
            env=clean_environment() | here | environment,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )

    def follow(self, title: str, **environment: str) -> str:
        """Run all commands of a section and return what they print; assert that they succeed."""
        finished = self.commands("\n".join(section(title)), **environment)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout + finished.stderr

    def is_ready(self) -> bool:
        return self.commands('curl --silent --fail "$API/readyz"').returncode == 0


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """An installation whose API runs; its first set is of one user."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "Q3b").symlink_to(ROOT / "Q3b")
    file = folder / "recommendations.db"
    publish(open_store(f"sqlite:///{file}", create=True), ["a"])
    with served(f"sqlite:///{file}", folder / "api.log") as api:
        yield Installation(folder, api)


@pytest.fixture
def installation(serving):
    """The installation with two published sets: of the users a, then of a and b."""
    serving.file.unlink(missing_ok=True)
    store = open_store(serving.url, create=True)
    publish(store, ["a"])
    publish(store, ["a", "b"])
    shutil.copy(serving.file, serving.folder / "backup.db")
    return serving


def test_store_down_and_restored(installation):
    installation.file.write_bytes(b"not a store")
    assert not installation.is_ready()
    assert "recommend_daily.py: error: " in installation.follow("Store down")
    installation.follow("Restore")
    assert installation.is_ready()
    assert installation.store.user("b")


def test_rollback(installation):
    assert installation.store.user("b")
    assert "rolled back to version" in installation.follow("Rollback")
    assert installation.store.user("b") is None


def test_a_user_is_forgotten(installation):
    (installation.folder / "leaving.txt").write_text("b\n", encoding="utf-8")
    installation.follow("Forget a user")
    assert installation.store.user("b") is None
    receipt = json.loads((installation.folder / "receipt.json").read_text(encoding="utf-8"))
    assert receipt


def test_answers_are_slow(installation):
    assert installation.is_ready()
    assert 'route="/readyz"' in installation.follow("Answers slow")


def publish_old(store, **fields) -> None:
    """Publish a set of two days ago."""
    run = new_run(now=datetime.now(UTC) - timedelta(days=2))
    with writing(store, run) as (writer, run):
        writer.write(block_of(["a"]))
        finished = replace(run, **fields)
        writer.finish(finished)
    store.publish(finished)


@pytest.mark.slow
def test_a_stale_set_is_replaced_and_compared_with_the_one_before(installation):
    publish_old(installation.store)
    assert not installation.is_ready()
    installation.follow("Set stale")
    assert installation.is_ready()
    assert installation.store.current().run_id == DAY
    assert "recall" in installation.follow("Recall fell")
    assert "is published already" in installation.follow("Job failed")


@pytest.mark.slow
def test_a_refused_set_is_looked_at_and_published_by_hand(installation):
    publish_old(installation.store, users=9_000)
    refused = installation.commands(*section("Job failed"))
    assert refused.returncode == 65
    assert installation.store.current().users == 9_000
    look, force = section("Gate refused")
    finished = installation.commands(look)
    assert finished.returncode == 0, finished.stderr
    assert "fewer than the 9,000 before" in finished.stderr
    assert installation.store.current().users == 9_000
    assert installation.commands(force).returncode == 0
    assert installation.store.current().run_id == DAY


@pytest.mark.slow
def test_a_run_that_holds_the_lock_is_ended(installation):
    job = [sys.executable, "Q3b/recommend_daily.py", "--store", installation.url]
    with subprocess.Popen(job, cwd=installation.folder, stderr=subprocess.PIPE, text=True) as other:
        assert "using a sample" in other.stderr.readline()  # it reads its input: it has the lock
        os.kill(other.pid, signal.SIGSTOP)  # it hangs
        assert installation.commands(*section("Job failed")).returncode == 75
        os.kill(other.pid, signal.SIGCONT)
        reaper = threading.Thread(target=other.wait)
        reaper.start()
        installation.follow("Lock held", PID=str(other.pid))
        reaper.join()
    assert other.returncode == 143
    assert installation.store.current().run_id == DAY


@pytest.mark.slow
def test_a_full_disk_leaves_readers_on_the_set_before(installation):
    before = installation.store.current()
    failed = installation.commands("\n".join(["ulimit -f 200", *section("Job failed")]))
    assert failed.returncode == 1
    assert len(failed.stderr.strip().splitlines()[-1:]) == 1
    assert "Traceback" not in failed.stderr
    assert installation.store.current() == before
    assert installation.is_ready()
    installation.follow("Disk full")
    assert installation.store.current().run_id == DAY
