"""The images, built and run by an engine: small, without rights, and with the right answers.

Needs Docker's client and an engine (`DOCKER_HOST`) that has the base image or can fetch it.
"""

import json
import shutil
import subprocess
import time
from operator import itemgetter
from urllib.request import urlopen

import pytest
import yaml

from tests.conftest import ROOT
from tests.q3b.deploy.test_files import compose_folder, tool  # noqa: F401 (a fixture)

pytestmark = pytest.mark.slow
DOCKERFILE = ROOT / "Q3b" / "deploy" / "Dockerfile"
BASE = "python:3.13-slim-trixie"
MOST_OVER_BASE = {"recommender-api": 200e6, "recommender-job": 700e6}  # bytes
SERVICES = ("api", "scheduler", "worker")
BUILD_SECONDS, HEALTHY_SECONDS = 1200, 120
IN_JOB = ("run", "--rm", "--no-TTY", "job")
# The engine's own network, where it may make no other.
OVERRIDE = {
    "services": {
        name: {"network_mode": "host", "extra_hosts": ["scheduler:127.0.0.1"]}
        for name in ("job", *SERVICES)
    }
}


def docker(*arguments: str, check: bool = True) -> str:
    """Return what Docker's client prints; pytest shows its errors."""
    command = ["docker", *arguments]
    finished = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=BUILD_SECONDS
    )
    assert finished.returncode == 0 or not check, finished.stdout[-2000:] + finished.stderr[-2000:]
    return finished.stdout.strip()


def size(image: str) -> int:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


@pytest.fixture(scope="module")
def images():
    """The names of both images, built of this checkout."""
    if not shutil.which("docker") or not docker("info", "--format", "{{.ID}}", check=False):
        pytest.skip("no Docker engine answers: DOCKER_HOST names one")
    if not docker("image", "ls", "--quiet", BASE) and not docker("pull", BASE, check=False):
        pytest.skip(f"the engine neither has {BASE} nor can fetch it")
    for image in MOST_OVER_BASE:
        target = ("--target", image.removeprefix("recommender-"), "--tag", image)
        docker("build", "--network", "host", "--file", str(DOCKERFILE), *target, ".")
    return list(MOST_OVER_BASE)


def test_images_are_small_and_run_without_rights_or_compilers(images):
    for image in images:
        assert size(image) - size(BASE) <= MOST_OVER_BASE[image], image
        assert docker("image", "inspect", "--format", "{{.Config.User}}", image) == "10001"
        asked = ("--entrypoint", "sh", image, "-c", "command -v cc gcc c++ ld || echo none")
        assert docker("run", "--rm", "--network", "none", *asked) == "none"


@pytest.fixture
def compose(images, compose_folder):  # noqa: F811 (the fixture)
    """A function that runs docker-compose on the project's file; all of it ends with the test."""
    override = compose_folder / "override.yml"
    override.write_text(yaml.safe_dump(OVERRIDE), encoding="utf-8")
    files = ("--file", "docker-compose.yml", "--file", override.name)

    def run(*arguments: str) -> str:
        whole = ("docker-compose", "--project-name", "images-under-test", *files, *arguments)
        finished = tool(*whole, cwd=compose_folder)
        assert finished.returncode == 0, finished.stderr[-2000:]
        return finished.stdout

    yield run
    run("--profile", "*", "down", "--volumes", "--timeout", "5")


def until_healthy(container: str) -> str:
    """Return a container's health once it is no longer starting."""
    end = time.monotonic() + HEALTHY_SECONDS
    while time.monotonic() < end:
        health = docker("inspect", "--format", "{{.State.Health.Status}}", container)
        if health != "starting":
            return health
        time.sleep(1)
    return "starting"


def exported(compose) -> list[dict]:
    """Return the lists of the newest set, by user, without what differs from run to run.

    A set's order of users is that in which their blocks were done.
    """
    export = "python Q3b/export_recommendations.py --output /tmp/all.jsonl >/dev/null"
    lines = compose(*IN_JOB, "sh", "-c", f"{export} && cat /tmp/all.jsonl").splitlines()
    rows = [json.loads(line) for line in lines]
    lists = [{name: row[name] for name in ("user_id", "rule", "items")} for row in rows]
    return sorted(lists, key=itemgetter("user_id"))


def test_job_cluster_and_api_run_by_compose_and_agree(compose):
    job = (*IN_JOB, "python", "Q3b/recommend_daily.py")
    compose(*job)
    alone = exported(compose)
    compose("--profile", "*", "up", "--detach", "--no-build", *SERVICES)
    compose(*job, "--cluster", "tcp://scheduler:8786")
    assert exported(compose) == alone
    api = compose("ps", "--quiet", "api").strip()
    assert until_healthy(api) == "healthy"
    with urlopen(f"http://127.0.0.1:8000/users/{alone[-1]['user_id']}/recommendations") as answer:
        assert json.load(answer)["items"]
