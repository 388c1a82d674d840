"""The daily job as an Airflow 3 DAG: import, run, verify, publish.

Put it where Airflow looks for DAGs, or name this folder in AIRFLOW__CORE__DAGS_FOLDER. Airflow has
an environment of its own (requirements-airflow.txt): the steps run in the project's.

    RECOMMENDER_HOME    the project (default: the project that this file is in)
    RECOMMENDER_PYTHON  its Python (default: .venv/bin/python there)
    RECOMMENDER_WORK    a folder that all workers share, for a day's tables (default: the
                        system's temporary folder); nobody else may read it
    RECOMMENDER_STORE   URL of the store (default: the file recommendations.db in AIRFLOW_HOME)
    RECOMMENDER_SOURCE, RECOMMENDER_ALERT_URL, AWS_...: as the steps read them

By hand, without a scheduler: `airflow db migrate`, which makes Airflow's own database, and then
`airflow dags test recommend_daily`.

A run is named after its day: running a day again publishes nothing twice. Only one run is active
at a time, and the step `run` holds the store's lock, against runs that others started; if the
lock is taken it is tried again later.
"""

import os
import shutil
import subprocess
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

HOME = Path(os.environ.get("RECOMMENDER_HOME", Path(__file__).resolve().parents[2]))
PYTHON = os.environ.get("RECOMMENDER_PYTHON", str(HOME / ".venv" / "bin" / "python"))
WORK = Path(os.environ.get("RECOMMENDER_WORK", Path(tempfile.gettempdir()) / "recommender"))
AIRFLOW_HOME = Path(os.environ.get("AIRFLOW_HOME", Path.home() / "airflow"))
STORE = os.environ.get("RECOMMENDER_STORE") or f"sqlite:///{AIRFLOW_HOME / 'recommendations.db'}"
WITHOUT_RETRY = {  # exit codes: trying again cannot help
    2: "the job's settings are wrong",
    65: "the set is worse than --min-users, --max-drop and the others allow",
}
DAY = "{{ (dag_run.logical_date or dag_run.run_after).strftime('%Y-%m-%d') }}"


def alert(context: dict) -> None:
    """Tell people which step of which run failed for good."""
    failed = context["task_instance"]
    message = f"recommend_daily: {failed.task_id} failed in {failed.run_id}"
    subprocess.run([PYTHON, HOME / "Q3b" / "alert.py", message], check=False)


def recommend_daily(*options: str | Path) -> None:
    """Run the job with `options`; its exit code says whether trying again may help."""
    job = [PYTHON, HOME / "Q3b" / "recommend_daily.py", *options]
    finished = subprocess.run(job, cwd=HOME, env=os.environ | {"RECOMMENDER_STORE": STORE})
    if reason := WITHOUT_RETRY.get(finished.returncode):
        raise AirflowFailException(f"{reason}: see its last line above")
    if finished.returncode:
        raise RuntimeError(f"the job ended with exit code {finished.returncode}")


@task
def import_tables(day: str) -> list[str]:
    """Take the app's tables into Parquet files; return the options that name them to the job."""
    if not os.environ.get("RECOMMENDER_SOURCE"):
        return []  # the job then reads the files in its folder
    folder = WORK / day
    WORK.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    recommend_daily("--export", folder)
    plays, profiles = folder / "plays.parquet", folder / "profiles.parquet"
    marks = folder / "marks.parquet"  # where the app has a table of them
    options = ["--plays", str(plays), "--profiles", str(profiles)]
    return [*options, "--marks", str(marks)] if marks.exists() else options


@task
def run(day: str, files: list[str]) -> None:
    """Write the day's set next to the published one, which readers go on to see."""
    recommend_daily(*files, "--run-id", day, "--no-publish")


@task
def verify(day: str) -> None:
    """Read the set back and hold it against what the run said of it."""
    recommend_daily("--verify", day)


@task
def publish(day: str) -> None:
    """Let readers see the day's set, and remove the tables that it was made of."""
    recommend_daily("--publish", day)
    shutil.rmtree(WORK / day, ignore_errors=True)


@dag(
    dag_id="recommend_daily",
    schedule="15 3 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,  # yesterday's run would only read today's tables again
    max_active_runs=1,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "execution_timeout": timedelta(hours=2),
        "on_failure_callback": alert,
    },
    tags=["recommender"],
)
def recommend_daily_dag() -> None:
    """Import, run, verify, publish."""
    run(DAY, import_tables(DAY)) >> verify(DAY) >> publish(DAY)


recommend_daily_dag()
