"""What the schedulers start does the day's work: from the app's database to the API's answer."""

import os
import re
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from store.url import open_store
from tests.conftest import ROOT, START_SECONDS, clean_environment
from tests.q3b.listening.conftest import LISTENERS, app_with_listeners
from web.app import create_app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the schedulers are those of Unix")
DEPLOY = ROOT / "Q3b" / "deploy"


@pytest.fixture(scope="module")
def app_database(postgres_url, tmp_path_factory):
    folder = tmp_path_factory.mktemp("listeners")
    with app_with_listeners(postgres_url, "app_of_schedulers", folder) as url:
        yield url


def crontab_command(project: Path, environment: Path) -> tuple[str, dict[str, str]]:
    """The crontab's command as cron hands it to its shell, and the variables set there."""
    lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
    variables = dict(re.findall(r"^([A-Z_]+)=(.*)$", "\n".join(lines), re.MULTILINE))
    (line,) = [line for line in lines if re.match(r"[\d*]", line)]
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")
    return command, variables | {"PROJECT": str(project), "ENVIRONMENT": str(environment)}


def yacron_command() -> str:
    (job,) = yaml.safe_load((DEPLOY / "yacron.yaml").read_text(encoding="utf-8"))["jobs"]
    return job["command"]


def kubernetes_command() -> str:
    job = yaml.safe_load((DEPLOY / "kubernetes" / "cronjob.yaml").read_text(encoding="utf-8"))
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert "command" not in container, "the image's entrypoint brings what is compiled"
    *shell_of_it, command = container["args"]
    assert shell_of_it == ["/bin/sh", "-c"]
    return command


def shell(command: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess:
    """Run a command as a scheduler does, with this Python first on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=cwd,
        env=clean_environment() | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.fixture
def installed(tmp_path, app_database):
    """A project as the crontab expects it, its file of secrets, and the URL of its store."""
    project, secrets = tmp_path / "recommender", tmp_path / "recommender.env"
    project.mkdir()
    (project / ".venv").symlink_to(sys.prefix)
    (project / "Q3b").symlink_to(ROOT / "Q3b")
    store_url = f"sqlite:///{tmp_path / 'recommendations.db'}"
    lines = [f"RECOMMENDER_SOURCE='{app_database}'", f"RECOMMENDER_STORE='{store_url}'"]
    secrets.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return project, secrets, store_url


def today(hours: int) -> str:
    """The day where clocks are so many hours ahead of UTC."""
    return f"{datetime.now(timezone(timedelta(hours=hours))):%Y-%m-%d}"


def days_elsewhere() -> list[tuple[str, str]]:
    """Two time zones as POSIX writes them, one of which always has another day than UTC."""
    return [("EAST-14", today(14)), ("WEST+12", today(-12))]


@pytest.mark.slow
def test_cron_takes_the_apps_plays_to_the_api(installed):
    project, secrets, store_url = installed
    command, variables = crontab_command(project, secrets)
    zone, day = next((zone, day) for zone, day in days_elsewhere() if day != today(0))
    finished = shell(command, TZ=zone, **variables)
    assert finished.returncode == 0, finished.stderr
    store = open_store(store_url)
    run = store.current()
    assert run.run_id == day
    assert run.users >= LISTENERS
    client = create_app({"STORE": store_url}).test_client()
    answer = client.get(f"/users/{run.example_users[0]}/recommendations")
    assert (answer.status_code, answer.json["version"]) == (200, run.version)
    assert len(answer.json["items"]) == 20
    assert client.get("/readyz").status_code == 200


def test_cron_tells_people_of_a_failure(installed):
    project, secrets, _ = installed
    command, variables = crontab_command(project, secrets)
    with secrets.open("a", encoding="utf-8") as file:
        file.write("RECOMMENDER_STORE='redis://nowhere'\n")
    finished = shell(command, **variables)
    assert "recommend_daily.py: error: 'redis://nowhere' names no store" in finished.stderr
    assert finished.stderr.endswith(": the daily recommendations failed\n")


def test_no_scheduler_keeps_its_store_in_the_project():
    """By default the store is in the current folder, which for these is the project."""
    _, variables = crontab_command(ROOT, ROOT)
    assert variables["RECOMMENDER_STORE"] == "sqlite:////var/lib/recommender/recommendations.db"
    for name in ("airflow_dag.py", "Dockerfile", "kubernetes/cronjob.yaml"):
        assert "RECOMMENDER_STORE" in (DEPLOY / name).read_text(encoding="utf-8")


HEAVY = {
    "boto3",
    "dask",
    "flask",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "tqdm",
}


@pytest.mark.parametrize("script", ["recommend_daily", "api", "alert", "run_production"])
def test_help_is_cheap_and_shows_nothing_of_this_machine(script, tmp_path):
    program = f"import sys, {script}; {script}.main(['--help']); print(*sys.modules)"
    secrets = {name: f"{name}-secret" for name in ("RECOMMENDER_SOURCE", "RECOMMENDER_ALERT_URL")}
    store = {"RECOMMENDER_STORE": f"sqlite:///{tmp_path}/x.db", "PYTHONPATH": str(ROOT / "Q3b")}
    finished = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=clean_environment() | secrets | store,
        capture_output=True,
        text=True,
        check=True,
    )
    text, loaded = finished.stdout.rstrip("\n").rsplit("\n", 1)
    assert not HEAVY & set(loaded.split())
    for unwanted in (str(ROOT), str(tmp_path), str(Path.home()), "-secret"):
        assert unwanted not in text


def test_crons_alert_is_sent_from_any_folder(installed, tmp_path):
    project, secrets, _ = installed
    command, variables = crontab_command(project, secrets)
    finished = shell(command.rpartition("|| ")[2], tmp_path, **variables)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.endswith(": the daily recommendations failed\n")


def said_by_yacron(config: Path) -> str:
    """What yacron says until its job has succeeded or failed once."""
    program = Path(sys.executable).parent / "yacron"
    lines = []
    with subprocess.Popen(
        [program, "--config", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as running:
        too_long = threading.Timer(START_SECONDS, running.kill)
        too_long.start()
        for line in running.stderr:
            lines.append(line)
            if ": reporting " in line:
                running.terminate()
        too_long.cancel()
    return "".join(lines)


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="yacron does not start on 3.14; its container has 3.13"
)
@pytest.mark.parametrize(("status", "verdict"), [(0, "success"), (1, "failure")])
def test_yacron_takes_the_exit_code_for_the_verdict_and_no_message(tmp_path, status, verdict):
    config = yaml.safe_load((DEPLOY / "yacron.yaml").read_text(encoding="utf-8"))
    script = tmp_path / "job.py"
    script.write_text(
        f"import sys\nprint('progress', file=sys.stderr)\nsys.exit({status})\n", encoding="utf-8"
    )
    config["jobs"][0] |= {"schedule": "@reboot", "command": f"'{sys.executable}' '{script}'"}
    (tmp_path / "yacron.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    said = said_by_yacron(tmp_path / "yacron.yaml")
    assert "has stderr: true" in said
    assert f"reporting {verdict}" in said
    assert ("to be retried" in said) == (verdict == "failure")


@pytest.mark.slow
@pytest.mark.parametrize("command", [yacron_command(), kubernetes_command()], ids=["yacron", "k8s"])
def test_a_second_start_on_the_same_day_changes_nothing(installed, app_database, command):
    _, _, store_url = installed
    environment = {"RECOMMENDER_STORE": store_url, "RECOMMENDER_SOURCE": app_database}
    versions = []
    for _ in range(2):
        finished = shell(command, **environment)
        assert finished.returncode == 0, finished.stderr
        versions.append(open_store(store_url).current().version)
    assert versions[0] == versions[1]
