"""The whole way by one command: the sample, the job, the store, the API and its answer."""

import re

from conftest import assert_one_line_error, run_script


def test_one_command_goes_the_whole_way(tmp_path):
    finished = run_script(
        *("Q3b/run_production.py", "--limit", "3"),
        RECOMMENDER_STORE="redis://a-store-in-use",
        RECOMMENDER_API_KEY="of another installation",
        TMPDIR=str(tmp_path),
    )
    assert finished.returncode == 0, finished.stderr
    job, store, request, *artists = finished.stdout.splitlines()
    assert re.match(r"Job: artists for 3,001 users \(neighbours 3,000, ", job)
    assert re.match(r"Store: [\d,]+ items in SQLite, published", store)
    assert re.fullmatch(r"API: GET /users/[0-9a-f]{40}/recommendations\?limit=3", request)
    assert len(artists) == 3
    assert all("because the user plays" in line for line in artists)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_limit_is_one_line():
    assert_one_line_error(run_script("Q3b/run_production.py", "--limit", "0"), 2, "--limit")
