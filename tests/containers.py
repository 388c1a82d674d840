"""A Docker engine, where one answers, and the project's compose file run by it."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, clean_environment

SECONDS = 1200  # for the longest step, a build that fetches packages


def run(*command: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=SECONDS,
    )


def docker(*arguments: str) -> str:
    """Return what Docker's client prints."""
    finished = run("docker", *arguments)
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-2000:]
    return finished.stdout.strip()


def require_image(image: str) -> None:
    """Skip the test where no engine answers, or it neither has the image nor can fetch it."""
    if not shutil.which("docker") or run("docker", "info").returncode:
        pytest.skip("no Docker engine answers: DOCKER_HOST names one")
    for step in (("image", "inspect"), ("pull",)):
        if run("docker", *step, image).returncode == 0:
            return
    pytest.skip(f"the engine neither has {image} nor can fetch it")


@contextmanager
def composed(folder: Path, services: Iterable[str]) -> Iterator[Callable[..., str]]:
    """Yield a function that runs docker-compose in a folder with the project's compose file.

    The `services` are on this machine's own network: an engine may be unable to make another.
    Containers and volumes end with the block.
    """
    shutil.copy(ROOT / "docker-compose.yml", folder)
    shutil.copy(ROOT / ".env.example", folder / ".env")
    network = {"network_mode": "host", "extra_hosts": ["scheduler:127.0.0.1"]}
    override = yaml.safe_dump({"services": dict.fromkeys(services, network)})
    (folder / "override.yml").write_text(override, encoding="utf-8")
    files = ("--file", "docker-compose.yml", "--file", "override.yml")
    program = Path(sys.executable).parent / "docker-compose"

    def compose(*arguments: str) -> str:
        finished = run(program, "--project-name", "under-test", *files, *arguments, folder=folder)
        assert finished.returncode == 0, finished.stderr[-2000:]
        return finished.stdout

    try:
        yield compose
    finally:
        compose("--profile", "*", "down", "--volumes", "--timeout", "5")
