"""The deployment files are valid, agree with the code and with each other, and open nothing."""

from common.command import UserError

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from job.gate import GateError
from tests.conftest import ROOT, clean_environment
from web.app import DEFAULTS

Q3B = ROOT / "Q3b"
DEPLOY = Q3B / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
PROFILES = {"postgres": "app-database", "dynamodb": "dynamodb", "job": "job", "api": "api"}


def tool(*command: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """Run a program that is installed with this Python."""
    program = Path(sys.executable).parent / command[0]
    environment = {
        name: value
        for name, value in clean_environment().items()
        if not name.startswith(("RECOMMENDER_", "COMPOSE_", "AWS_", "DYNAMODB_"))
    }
    return subprocess.run(
        [program, *command[1:]],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@pytest.fixture
def compose_folder(tmp_path) -> Path:
    """A folder with the compose file and the settings that its user begins with."""
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    return tmp_path


def compose_services(folder: Path, *options: str) -> dict:
    finished = tool("docker-compose", *options, "config", "--format", "json", cwd=folder)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)["services"]


@pytest.mark.parametrize(("profile", "service"), PROFILES.items())
def test_a_profile_starts_its_service(compose_folder, profile, service):
    quiet = tool("docker-compose", "--profile", profile, "config", "-q", cwd=compose_folder)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert set(compose_services(compose_folder, "--profile", profile)) == {"postgres", service}


def test_without_a_profile_compose_starts_only_the_server_of_q1(compose_folder):
    assert set(compose_services(compose_folder)) == {"postgres"}


def test_compose_publishes_ports_on_this_machine_alone_and_each_once(compose_folder):
    services = compose_services(compose_folder, "--profile", "*")
    assert set(services) == {"postgres", *PROFILES.values(), "scheduler", "worker"}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert len({port["published"] for port in ports}) == len(ports) == 5


def test_a_cluster_is_a_scheduler_and_workers_of_the_jobs_image(compose_folder):
    services = compose_services(compose_folder, "--profile", "cluster")
    scheduler, worker = services["scheduler"], services["worker"]
    assert set(services) == {"postgres", "scheduler", "worker"}
    assert worker["scale"] == 2
    assert "tcp://scheduler:8786" in worker["command"]
    assert "8786" in scheduler["command"]
    assert worker["command"][worker["command"].index("--memory-limit") + 1] == "4GiB"
    for service in (scheduler, worker):
        assert service["image"] == "recommender-job"
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert not service.get("volumes")
        python = service["command"].index("python")  # env, and what it sets, may stand before
        finished = tool(*service["command"][python : python + 4], "--help")
        assert finished.returncode == 0, finished.stderr
        options = [word for word in service["command"] if word.startswith("--")]
        assert all(option in finished.stdout for option in options)
    assert not worker.get("ports")


def test_job_and_api_have_no_rights_and_share_the_store_which_the_api_only_reads(compose_folder):
    services = compose_services(compose_folder, "--profile", "*")
    for name in ("job", "api"):
        service = services[name]
        assert (
            service["image"] == f"recommender-{service['build']['target']}" == f"recommender-{name}"
        )
        assert (compose_folder / service["build"]["context"]) == compose_folder
        assert (ROOT / service["build"]["dockerfile"]).exists()
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        mount, *further = service["volumes"]
        assert [one["target"] for one in further] == ["/cache"] * (name == "api")
        assert mount.get("read_only", False) == (name == "api")
        store = service["environment"]["RECOMMENDER_STORE"]
        assert store == f"sqlite:///{mount['target']}/recommendations.db"


AWS = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "DYNAMODB_ENDPOINT_URL",
}
READ_BY = {
    "job": AWS
    | {
        "RECOMMENDER_STORE",
        "RECOMMENDER_SOURCE",
        "RECOMMENDER_ALERT_URL",
        "RECOMMENDER_ERASURE_KEY",
        "RECOMMENDER_LOG_FORMAT",
        "RECOMMENDER_INDEX",
        "DASK_SCHEDULER_ADDRESS",
    },
    "api": AWS | {f"RECOMMENDER_{name}" for name in DEFAULTS},
    "scheduler": AWS,
    "worker": AWS,
}


def test_each_service_gets_the_settings_that_it_reads_and_no_others(compose_folder):
    with (compose_folder / ".env").open("a", encoding="utf-8") as file:
        file.writelines(f"{name}=set\n" for name in sorted(set().union(*READ_BY.values())))
    services = compose_services(compose_folder, "--profile", "*")
    for service, names in READ_BY.items():
        assert services[service]["environment"] == dict.fromkeys(names, "set")


def test_what_is_not_set_is_not_passed(compose_folder):
    services = compose_services(compose_folder, "--profile", "*")
    passed = {
        service: {
            name for name, value in services[service]["environment"].items() if value is not None
        }
        for service in READ_BY
    }
    store = {"RECOMMENDER_STORE"}
    assert passed == {"job": store, "api": store, "scheduler": set(), "worker": set()}


def test_the_ports_and_the_memory_that_compose_takes_are_listed():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    listed = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = re.findall(r"\$\{(\w+):-(\w+)\}", text)
    assert found
    for name, default in found:
        assert f"# {name}={default}" in listed


def test_the_images_base_is_pinned_by_its_digest():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(
        r"^ARG BASE=python:3\.13\.\d+-slim-\w+@sha256:[0-9a-f]{64}$", text, re.MULTILINE
    )
    assert re.findall(r"^FROM (\S+)", text, re.MULTILINE).count("${BASE}") == 2


def test_the_dockerfile_passes_hadolint():
    finished = tool("hadolint", DEPLOY / "Dockerfile")
    assert finished.returncode == 0, finished.stdout


def stages() -> dict[str, list[str]]:
    """The lines of the Dockerfile's stages by name; long lines are joined."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    parts = re.split(r"^FROM \S+ AS (\S+)$", text, flags=re.MULTILINE)[1:]
    return {name: lines.split("\n") for name, lines in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("target", ["api", "job"])
def test_an_image_runs_as_nobody_with_locked_packages(target):
    lines = stages()[target]
    assert "USER 10001" in lines
    assert f"COPY --from={target}-packages /venv /venv" in lines
    installing = " ".join(stages()[f"{target}-packages"])
    assert "--no-cache-dir --require-hashes" in installing
    assert ".txt" not in installing


def test_the_api_says_whether_it_is_healthy():
    assert any(line.startswith("HEALTHCHECK") for line in stages()["api"])


def test_what_the_images_copy_exists():
    copied = [line.split()[1] for lines in stages().values() for line in lines if "COPY Q" in line]
    assert len(copied) == 3
    assert all((ROOT / source).exists() for source in copied)


def test_every_builder_leaves_data_and_environments_out():
    """Docker's older builder and podman read this file alone."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[:2] == ["*", "!Q3b"]
    assert not list(DEPLOY.glob("*.dockerignore")), "BuildKit would read it instead"


def test_the_manifests_are_kubernetes():
    finished = tool("kubernetes-validate", "--strict", "-k", "1.33", *MANIFESTS)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.count("passed") + finished.stderr.count("passed") == len(MANIFESTS)


def manifests() -> dict[str, dict]:
    """The manifests by kind; those of one kind are alike in all that is read here."""
    read = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in MANIFESTS]
    return {manifest["kind"]: manifest for manifest in read}


def pod_specs() -> list[dict]:
    job = manifests()["CronJob"]["spec"]["jobTemplate"]
    return [manifests()["Deployment"]["spec"]["template"]["spec"], job["spec"]["template"]["spec"]]


@pytest.mark.parametrize("pod", pod_specs(), ids=["deployment", "cronjob"])
def test_a_pod_has_limits_and_no_rights(pod):
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert "memory" in container["resources"]["limits"]


def bytes_of(amount: str) -> float:
    """The bytes of an amount such as `6 GiB` or `6Gi`."""
    number, unit = re.fullmatch(r"([\d.]+) ?([MG])iB?", amount).groups()
    return float(number) * {"M": 2**20, "G": 2**30}[unit]


@pytest.mark.parametrize("name", ["API", "job"])
def test_a_pod_asks_for_the_memory_that_was_measured(name):
    readme = (ROOT / "Q3b" / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| {name}\b.* CPU,.*\|$", readme, re.MULTILINE)
    amounts = [
        [bytes_of(amount) for amount in re.findall(r"[\d.]+ [MG]iB", cell)]
        for cell in row.split("|")[2:5]
    ]
    measured, (request,), (limit,) = amounts
    (container,) = pod_specs()[name == "job"]["containers"]
    asked = container["resources"]
    assert bytes_of(asked["requests"]["memory"]) == request >= max(measured)
    assert bytes_of(asked["limits"]["memory"]) == limit > request


def test_job_and_api_are_accounts_of_their_own():
    made = {
        yaml.safe_load(path.read_text(encoding="utf-8"))["metadata"]["name"]
        for path in MANIFESTS
        if path.name.startswith("serviceaccount")
    }
    assert [pod["serviceAccountName"] for pod in pod_specs()] == [
        "recommender-api",
        "recommender-job",
    ]
    assert made == {"recommender-api", "recommender-job"}


def test_a_drained_node_takes_one_pod_of_the_api_at_a_time():
    budget, deployment = manifests()["PodDisruptionBudget"], manifests()["Deployment"]
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert budget["spec"]["maxUnavailable"] == 1 < deployment["spec"]["replicas"]


def test_the_api_is_probed_where_it_answers():
    from web.app import create_app

    app = create_app({"STORE": "sqlite:///absent.db"})
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    (container,) = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"]
    probes = [container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")]
    assert {probe["path"] for probe in probes} <= rules
    (port,) = container["ports"]
    assert {probe["port"] for probe in probes} == {port["name"]}
    service = manifests()["Service"]["spec"]
    labels = manifests()["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    assert service["ports"][0]["targetPort"] == port["name"]


def test_two_runs_at_once_are_forbidden():
    assert manifests()["CronJob"]["spec"]["concurrencyPolicy"] == "Forbid"
    (job,) = yaml.safe_load((DEPLOY / "yacron.yaml").read_text(encoding="utf-8"))["jobs"]
    assert job["concurrencyPolicy"] == "Forbid"


def test_schedulers_that_know_exit_codes_try_none_again_that_a_person_must_see_to():
    """And the same ones as README says; all try three times."""
    readme = (ROOT / "Q3b" / "README.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| ([\d, ]+) \| wrong settings", readme, re.MULTILINE)
    codes = [int(code) for code in row.split(",")]
    assert codes == [UserError.exit_code, GateError.exit_code]
    job = manifests()["CronJob"]["spec"]["jobTemplate"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", codes)
    dag = (DEPLOY / "airflow_dag.py").read_text(encoding="utf-8")
    without = re.search(r"WITHOUT_RETRY = \{.*?^\}", dag, re.DOTALL | re.MULTILINE)[0]
    assert [int(code) for code in re.findall(r"^    (\d+):", without, re.MULTILINE)] == codes
    (of_yacron,) = yaml.safe_load((DEPLOY / "yacron.yaml").read_text(encoding="utf-8"))["jobs"]
    tries = of_yacron["onFailure"]["retry"]["maximumRetries"], job["backoffLimit"]
    assert tries == (3, 3) and '"retries": 3' in dag


@pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="yacron does not start on 3.14; its container has 3.13"
)
def test_yacron_takes_its_file():
    finished = tool("yacron", "--config", DEPLOY / "yacron.yaml", "--validate-config")
    assert finished.returncode == 0, finished.stderr


def test_every_scheduler_starts_the_job_at_the_same_time():
    crontab = (DEPLOY / "crontab").read_text(encoding="utf-8")
    dag = (DEPLOY / "airflow_dag.py").read_text(encoding="utf-8")
    (job,) = yaml.safe_load((DEPLOY / "yacron.yaml").read_text(encoding="utf-8"))["jobs"]
    schedule = manifests()["CronJob"]["spec"]["schedule"]
    assert job["schedule"] == schedule
    assert f"\n{schedule} cd " in crontab
    assert f'schedule="{schedule}"' in dag
