"""Alerts fire when they should, by promtool; alerts and panels ask for figures that the API has."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from store.url import open_store
from tests.conftest import ROOT
from tests.q3b.store.conftest import publish
from web.app import create_app

DEPLOY = ROOT / "Q3b" / "deploy"
ALERTS = DEPLOY / "monitoring" / "alerts.yaml"
DASHBOARD = DEPLOY / "monitoring" / "dashboard.json"
RULES = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"][0]["rules"]
SET, UP = "recommender_set_generated_timestamp_seconds", 'up{job="recommendations"}'
REQUESTS = 'recommender_request_seconds_count{route="/",status="%d"}'
SLOW = 'recommender_request_seconds_bucket{route="/users/<path:user_id>/recommendations",le="%s"}'
WELL = {SET: "60+60x180", UP: "1x180", "recommender_set_recall": "0.2x180"}
# What differs from a day on which all is well, one value a minute, "start+step x times"; and what
# fires after two hours. Time begins at 0.
CASES = {
    "all is well": ({}, []),
    "no instance is up": ({UP: "0x180"}, ["RecommenderStoreDown"]),
    "the store is down": ({SET: "0x180"}, ["RecommenderStoreDown"]),
    "recall fell": ({"recommender_set_recall": "0.2x80 0.1x100"}, ["RecommenderRecallFell"]),
    "recall fell a little": ({"recommender_set_recall": "0.2x80 0.19x100"}, []),
    "requests fail": (
        {REQUESTS % 200: "0+98x180", REQUESTS % 503: "0+2x180"},
        ["RecommenderAnswersFail"],
    ),
    "few requests fail": ({REQUESTS % 200: "0+998x180", REQUESTS % 503: "0+2x180"}, []),
    "answers are slow": (
        {SLOW % "0.25": "0+97x180", SLOW % "0.5": "0+100x180", SLOW % "+Inf": "0+100x180"},
        ["RecommenderAnswersSlow"],
    ),
    "a job failed": (
        {'kube_job_status_failed{job_name="recommend-daily-1"}': "1x180"},
        ["RecommenderJobFailed"],
    ),
}


def promtool(*arguments: str | Path) -> str:
    """Run promtool and return what it prints; fail if it finds a fault."""
    program = shutil.which("promtool")
    if not program:
        pytest.skip("promtool is missing: it comes with Prometheus")
    finished = subprocess.run([program, *arguments], capture_output=True, encoding="utf-8")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def rule_test(series: dict[str, str], minute: int, alerts: list[str]) -> dict:
    """A test of promtool: exactly these alerts fire at a minute."""
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{minute}m",
                "alertname": rule["alert"],
                "exp_alerts": [
                    {"exp_labels": rule["labels"], "exp_annotations": rule["annotations"]}
                ]
                * (rule["alert"] in alerts),
            }
            for rule in RULES
        ],
    }


def test_an_alert_fires_in_its_case_and_in_no_other(tmp_path):
    tests = [rule_test(WELL | series, 120, alerts) for series, alerts in CASES.values()]
    old = {SET: "60x3000", UP: "1x3000"}  # a set of the first minute
    tests += [rule_test(old, 36 * 60, []), rule_test(old, 37 * 60, ["RecommenderSetStale"])]
    text = {"rule_files": [str(ALERTS)], "evaluation_interval": "1m", "tests": tests}
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump(text), encoding="utf-8")
    assert "SUCCESS" in promtool("test", "rules", path)


def test_every_alert_has_a_case():
    fired = {alert for _, alerts in CASES.values() for alert in alerts}
    assert fired | {"RecommenderSetStale"} == {rule["alert"] for rule in RULES}


def panel_expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def test_the_panels_expressions_are_those_of_prometheus(tmp_path):
    records = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(panel_expressions())
    ]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": records}]}), "utf-8")
    assert f"{len(records)} rules found" in promtool("check", "rules", path)


def test_the_figures_that_are_asked_for_are_served(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    publish(open_store(url, create=True), ["a"])
    client = create_app({"STORE": url}).test_client()
    assert client.get("/users/a/recommendations").status_code == 200
    served = set(re.findall(r"^(recommender_\w+)", client.get("/metrics").text, re.MULTILINE))
    asked = " ".join([*panel_expressions(), *(rule["expr"] for rule in RULES)])
    assert set(re.findall(r"recommender_\w+", asked)) <= served


def test_a_set_shows_its_users_and_recall(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(url, create=True)
    run = publish(store, ["a"])
    client = create_app({"STORE": url}).test_client()
    text = client.get("/metrics").text
    assert f"recommender_set_users {float(run.users)}" in text
    (tmp_path / "store.db").unlink()
    gone = client.get("/metrics").text
    assert "recommender_set_generated_timestamp_seconds 0.0" in gone


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_names_a_section_of_the_runbook(rule):
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    titles = re.findall(r"^## (.+)$", (DEPLOY / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {title.lower().replace(" ", "-") for title in titles}


def test_links_within_the_runbook_lead_somewhere():
    text = (DEPLOY / "RUNBOOK.md").read_text(encoding="utf-8")
    titles = {title.lower().replace(" ", "-") for title in re.findall(r"^## (.+)$", text, re.M)}
    assert set(re.findall(r"\(#([a-z-]+)\)", text)) <= titles
