"""The images, built and run by an engine: small, without rights, and with the right answers."""

import json
import time
from collections.abc import Callable
from operator import itemgetter
from urllib.request import urlopen

import pytest

from tests.containers import composed, docker, require_image

pytestmark = pytest.mark.slow
BASE = "python:3.13-slim-trixie"
MOST_OVER_BASE = {"recommender-api": 200e6, "recommender-job": 700e6}  # bytes
SERVICES = ("api", "scheduler", "worker")
HEALTHY_SECONDS = 120
IN_JOB = ("run", "--rm", "--no-TTY", "job")


def size(image: str) -> int:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


@pytest.fixture(scope="module")
def images():
    """The names of both images, built of this checkout."""
    require_image(BASE)
    for image in MOST_OVER_BASE:
        target = ("--target", image.removeprefix("recommender-"), "--tag", image)
        base = ("--build-arg", f"BASE={BASE}")  # the engine may have no registry to ask for digests
        docker("build", "--network", "host", "--file", "Q3b/deploy/Dockerfile", *base, *target, ".")
    return list(MOST_OVER_BASE)


def test_images_are_small_and_run_without_rights_or_compilers(images):
    for image in images:
        assert size(image) - size(BASE) <= MOST_OVER_BASE[image], image
        assert docker("image", "inspect", "--format", "{{.Config.User}}", image) == "10001"
        asked = ("--entrypoint", "sh", image, "-c", "command -v cc gcc c++ ld || echo none")
        assert docker("run", "--rm", "--network", "none", *asked) == "none"


def until_healthy(container: str) -> str:
    """Return a container's health once it is no longer starting."""
    end = time.monotonic() + HEALTHY_SECONDS
    while time.monotonic() < end:
        health = docker("inspect", "--format", "{{.State.Health.Status}}", container)
        if health != "starting":
            return health
        time.sleep(1)
    return "starting"


def exported(compose: Callable[..., str]) -> list[dict]:
    """Return the lists of the newest set, by user, without what differs from run to run.

    A set's order of users is that in which their blocks were done.
    """
    export = "python Q3b/export_recommendations.py --output /tmp/all.jsonl >/dev/null"
    lines = compose(*IN_JOB, "sh", "-c", f"{export} && cat /tmp/all.jsonl").splitlines()
    rows = [json.loads(line) for line in lines]
    lists = [{name: row[name] for name in ("user_id", "rule", "items")} for row in rows]
    return sorted(lists, key=itemgetter("user_id"))


def test_job_cluster_and_api_run_by_compose_and_agree(images, tmp_path):
    job = (*IN_JOB, "python", "Q3b/recommend_daily.py")
    with composed(tmp_path, ["job", *SERVICES]) as compose:
        compose(*job)
        alone = exported(compose)
        compose("--profile", "*", "up", "--detach", "--no-build", *SERVICES)
        compose(*job, "--cluster", "tcp://scheduler:8786")
        assert exported(compose) == alone
        api = compose("--profile", "*", "ps", "--quiet", "api").strip()
        assert until_healthy(api) == "healthy"
        user = alone[-1]["user_id"]
        with urlopen(f"http://127.0.0.1:8000/users/{user}/recommendations") as answer:
            assert json.load(answer)["items"]
