"""The tagger on real articles (REAL_DATA_DIR): hk01-2021-silver.csv, 685 of three tags."""

import json

from conftest import run_script

SCRIPT = "Q3a/tagging_prediction.py"


def test_hong_kong_articles(real_data, tmp_path):
    articles = real_data / "q3a" / "hk01-2021-silver.csv"
    finished = run_script(
        SCRIPT, "--train", articles, "--search", "none", "--model", "linear", "--format", "json"
    )
    assert finished.returncode == 0, finished.stderr
    figures = json.loads(finished.stdout)
    assert figures["articles"] == 685
    assert figures["accuracy_mean"] >= 0.995
