"""The DAG in real Airflow, in an environment of its own: it imports, and its steps work."""

import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from filelock import FileLock

from store.url import open_store
from tests.conftest import ROOT, clean_environment
from tests.q3b.listening.conftest import LISTENERS, app_with_listeners

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Airflow does not run on Windows"),
]
DEPLOY = ROOT / "Q3b" / "deploy"
ENVIRONMENT = ROOT / ".venv-airflow"
DAY = "2026-11-24"


@pytest.fixture(scope="module")
def airflow_bin() -> Path:
    """The programs of Airflow's environment, installed on first use."""
    requirements = DEPLOY / "requirements-airflow.txt"
    stamp, wanted = ENVIRONMENT / "installed", requirements.read_text(encoding="utf-8")
    with FileLock(ENVIRONMENT.with_suffix(".lock")):  # another process of the tests may need it too
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted + sys.version:
            venv.create(ENVIRONMENT, with_pip=True, clear=True)
            pip = [ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet"]
            subprocess.run([*pip, "--requirement", requirements], check=True, timeout=900)
            stamp.write_text(wanted + sys.version, encoding="utf-8")
    return ENVIRONMENT / "bin"


class Airflow:
    """Airflow with a database and settings below one folder."""

    def __init__(self, programs: Path, folder: Path):
        self.programs, self.folder = programs, folder
        self.store_url = f"sqlite:///{folder / 'recommendations.db'}"
        (folder / "dags").mkdir()
        shutil.copy(DEPLOY / "airflow_dag.py", folder / "dags")
        self.environment = {
            name: value
            for name, value in clean_environment().items()
            if not name.startswith(("RECOMMENDER_", "AIRFLOW", "COV", "PYTHON"))
        } | {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "RECOMMENDER_HOME": str(ROOT),
            "RECOMMENDER_PYTHON": sys.executable,
            "RECOMMENDER_WORK": str(folder / "work"),
            "RECOMMENDER_STORE": self.store_url,
        }

    def run(self, program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.programs / program, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=500,
        )


@pytest.fixture(scope="module")
def airflow(airflow_bin, tmp_path_factory) -> Airflow:
    prepared = Airflow(airflow_bin, tmp_path_factory.mktemp("airflow"))
    migrated = prepared.run("airflow", "db", "migrate")
    assert migrated.returncode == 0, migrated.stderr
    return prepared


IMPORT = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
dag = bag.dags["recommend_daily"]
print(json.dumps({
    "errors": bag.import_errors,
    "steps": {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks},
    "retries": [task.retries for task in dag.tasks],
    "alerts": [bool(task.on_failure_callback) for task in dag.tasks],
    "active_runs": dag.max_active_runs,
    "catchup": dag.catchup,
}))
"""


def test_airflow_imports_the_dag(airflow):
    finished = airflow.run("python", "-W", "error::DeprecationWarning", "-c", IMPORT, "dags")
    assert finished.returncode == 0, finished.stderr
    dag = json.loads(finished.stdout.splitlines()[-1])
    assert dag == {
        "errors": {},
        "steps": {
            "import_tables": ["run"],
            "run": ["verify"],
            "verify": ["publish"],
            "publish": [],
        },
        "retries": [3] * 4,
        "alerts": [True] * 4,
        "active_runs": 1,
        "catchup": False,
    }


def test_running_the_dag_twice_publishes_the_days_set_once(airflow):
    published = []
    for _ in range(2):
        finished = airflow.run("airflow", "dags", "test", "recommend_daily", DAY)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        published.append(open_store(airflow.store_url).current())
    assert published[0].run_id == DAY
    assert published[1] == published[0]


def test_the_dag_takes_the_apps_tables_to_files_first(airflow, postgres_url, tmp_path):
    store_url = f"sqlite:///{tmp_path / 'app.db'}"  # the gate would ask for the sample's users
    with app_with_listeners(postgres_url, "app_of_airflow", tmp_path) as source:
        day = "2026-11-25"
        finished = airflow.run(
            *("airflow", "dags", "test", "recommend_daily", day),
            RECOMMENDER_SOURCE=source,
            RECOMMENDER_STORE=store_url,
        )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    run = open_store(store_url).current()
    assert run.run_id == day
    assert LISTENERS <= run.users < 2 * LISTENERS
    work = airflow.folder / "work"
    assert work.stat().st_mode & 0o777 == 0o700
    assert list(work.iterdir()) == [], "what users play stays behind"


def test_a_wrong_setting_is_not_tried_again_and_people_are_told(airflow):
    finished = airflow.run(
        *("airflow", "dags", "test", "recommend_daily", "2026-11-26"),
        RECOMMENDER_STORE="redis://nowhere",
    )
    said = finished.stdout + finished.stderr
    assert finished.returncode != 0
    assert "recommend_daily.py: error: 'redis://nowhere' names no store" in said
    assert "recommend_daily: run failed in" in said, "the alert"


DEFAULTS = """
import os, runpy, sys
del os.environ["RECOMMENDER_HOME"], os.environ["RECOMMENDER_PYTHON"]
found = runpy.run_path(sys.argv[1])
print(found["HOME"], found["PYTHON"], sep="\\n")
"""


def test_the_project_is_the_one_that_the_dag_is_in_unless_it_is_named(airflow):
    finished = airflow.run("python", "-c", DEFAULTS, str(DEPLOY / "airflow_dag.py"))
    home, python = finished.stdout.splitlines()[-2:]
    assert home == str(ROOT)
    assert python == str(ROOT / ".venv" / "bin" / "python")
