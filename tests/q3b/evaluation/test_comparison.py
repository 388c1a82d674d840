"""evaluate.py as a user runs it."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

import evaluate
from evaluation.models import DEFAULT, MODELS, MOST_PLAYS, TUNED
from evaluation.settings import write_chosen

REFERENCE = "user-user euclidean"


def lines(rows: list[tuple], separator: str) -> str:
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


@pytest.fixture(scope="module")
def ratings() -> list[tuple[int, int, int]]:
    """(user, item, plays) of 30 users of two tastes among 24 items."""
    random = np.random.default_rng(8)
    return [
        (user, int(2 * item + user % 2), int(random.integers(1, 6)))
        for user in range(1, 31)
        for item in random.choice(12, 9, replace=False)
    ]


@pytest.fixture(scope="module")
def hetrec(tmp_path_factory, ratings) -> Path:
    folder = tmp_path_factory.mktemp("hetrec")
    plays = "userID\tartistID\tweight\n" + lines(ratings, "\t")
    (folder / "user_artists.dat").write_text(plays, encoding="utf-8")
    names = [(item, f'Band "{item}', "url", "picture") for item in range(24)]
    artists = "id\tname\turl\tpictureURL\n" + lines(names, "\t")
    (folder / "artists.dat").write_text(artists, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ml_100k(tmp_path_factory, ratings) -> Path:
    folder = tmp_path_factory.mktemp("ml-100k")
    rated = [(*row, 880_000_000) for row in ratings]
    (folder / "u.data").write_text(lines(rated, "\t"), encoding="utf-8")
    people = [(user, 20 + user, "MF"[user % 2], "writer", "00000") for user in range(1, 31)]
    (folder / "u.user").write_text(lines(people, "|"), encoding="utf-8")
    films = [(item, f"Café {item}", "", 0) for item in range(24)]
    (folder / "u.item").write_text(lines(films, "|"), encoding="latin-1")
    return folder


def test_json_has_a_row_for_each_model_on_each_data_set(
    hetrec, ml_100k, capsys, tmp_path, monkeypatch, implicit
):
    few = {TUNED: {"neighbours": 5}, "BPR": {"iterations": 3, "factors": 4}}
    write_chosen({"hetrec": few, "ml-100k": few}, tmp_path / "chosen.json")
    monkeypatch.setattr(evaluate, "CHOSEN", tmp_path / "chosen.json")
    data = ["--data", "hetrec", str(hetrec), "--data", "ml-100k", str(ml_100k)]
    assert evaluate.main([*data, "--splits", "2", "--top", "3", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    for name in ("hetrec", "ml-100k"):
        models = [row["model"] for row in rows if row["data"] == name]
        assert models == [model for model in MODELS if "country" not in model]
    for row in rows:
        assert 0 <= row["recall@3"] <= 1
        assert row["recall@3_interval"] >= 0
        assert 0 <= row["ndcg@3"] <= 1
        assert row["seconds"] >= 0
        assert ("antihubs" in row) == row["model"].startswith("user-user")


def test_a_row_longer_than_the_header_is_one_line(hetrec, tmp_path, capsys):
    """pandas would take the first column for an index, and the artists for users."""
    folder = shutil.copytree(hetrec, tmp_path / "hetrec")
    path = folder / "user_artists.dat"
    header, rows = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"{header}\n1\t2\t3\t4\n{rows}", encoding="utf-8")
    assert evaluate.main(["--data", "hetrec", str(folder), "--models", "popularity"]) == 2
    assert "user_artists.dat: the first row has more columns" in capsys.readouterr().err


def test_of_two_tastes_the_neighbours_find_more_than_popularity(hetrec, capsys):
    models = ["popularity", REFERENCE, DEFAULT]
    data = ["--data", "hetrec", str(hetrec), "--models", *models]
    assert evaluate.main([*data, "--top", "2", "--format", "json"]) == 0
    rows = {row["model"]: row["recall@2"] for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == models
    assert rows[DEFAULT] > rows["popularity"] + 0.2
    assert rows[REFERENCE] > rows["popularity"]


def test_text_csv_and_plot_of_the_sample(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("evaluation.data.SAMPLE_USERS", 150)
    models = ["--models", "popularity", "top artists of the country", DEFAULT, "--splits", "2"]
    plot = tmp_path / "comparison.png"
    assert evaluate.main([*models, "--plot", str(plot)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("sample: mean of 2 splits ± 95 % confidence")
    assert [line.split("  ")[0] for line in text.splitlines()[2:5]] == models[1:4]
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert evaluate.main([*models, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["model"] for row in rows] == models[1:4]
    assert json.loads(rows[0]["settings"]) == {}


def test_tune_keeps_its_choice_and_uses_it(hetrec, tmp_path, capsys, monkeypatch, implicit):
    path = tmp_path / "chosen.json"
    monkeypatch.setattr(evaluate, "CHOSEN", path)
    data = ["--data", "hetrec", str(hetrec), "--models", "item-item", "--splits", "1"]
    assert evaluate.main([*data, "--tune", "--trials", "3", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert json.loads(path.read_text(encoding="utf-8"))["hetrec"]["item-item"] == row["settings"]


def test_a_model_that_cannot_be_run_on_so_much_is_named_not_tried(hetrec, capsys, monkeypatch):
    monkeypatch.setitem(MOST_PLAYS, "popularity", 269)
    models = ["--data", "hetrec", str(hetrec), "--splits", "1", "--format", "json", "--models"]
    assert evaluate.main([*models, "popularity", REFERENCE]) == 0
    output = capsys.readouterr()
    assert [row["model"] for row in json.loads(output.out)] == [REFERENCE]
    assert "hetrec: without popularity: 270 pairs would take hours" in output.err
    assert evaluate.main([*models, "popularity", "top artists of the country"]) == 2
    output = capsys.readouterr()
    assert "hetrec: without top artists of the country: the data have no countries" in output.err
    assert output.err.splitlines()[-1].endswith("none of the models asked for can be run")


def damaged(folder: Path, tmp_path: Path, name: str, text: str) -> Path:
    """Copy a data set's folder with one file changed."""
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "user_artists.dat: not a table"),
        ("userID\tartistID\n1\t2\n", "expected the columns user, artist, plays"),
        ("userID\tartistID\tweight\n1\t2\t3\n1\t3\t-4\n", ".dat:3: plays '-4' is not above 0"),
        ("userID\tartistID\tweight\n1\t2\tmany\n", ".dat:2: plays 'many' is not above 0"),
        ("userID\tartistID\tweight\n1\t2\t3\n", "fewer than two users with five artists"),
    ],
)
def test_a_damaged_file_is_one_line(hetrec, tmp_path, capsys, text, part):
    folder = damaged(hetrec, tmp_path, "user_artists.dat", text)
    assert evaluate.main(["--data", "hetrec", str(folder)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("evaluate.py: error: ")
    assert part in error


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--data", "hetrec"], "--data hetrec needs the folder of its files"),
        (["--data", "spotify"], "no data set named 'spotify': choose from hetrec"),
        (["--data", "hetrec", "a", "b"], "takes one folder, not 2"),
        (["--data", "ml-100k", "nowhere"], "nowhere/u.data"),
        (["--splits", "0"], "--splits: '0' is no whole number from 1"),
        (["--top", "-1"], "--top: '-1' is no whole number from 1"),
        (["--tune", "--trials", "0"], "--trials: '0' is no whole number from 1"),
        (["--models", "magic"], "invalid choice: 'magic'"),
    ],
)
def test_a_wrong_argument_is_one_line(capsys, arguments, part):
    assert evaluate.main(arguments) == 2
    assert part in capsys.readouterr().err.replace("\\", "/").splitlines()[-1]


def test_a_library_that_cannot_be_loaded_is_one_line(hetrec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.als", None)  # importing it raises ImportError
    assert evaluate.main(["--data", "hetrec", str(hetrec), "--models", "popularity", "ALS"]) == 1
    output = capsys.readouterr()
    assert output.err.startswith("evaluate.py: error: ALS needs the library implicit")
    assert output.err.count("\n") == 1
    assert not output.out
    assert evaluate.main(["--data", "hetrec", "--models", "ALS"]) == 2
    assert "needs the folder of its files" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "folder", "recall", "ndcg"),
    [("hetrec", "hetrec2011-lastfm-2k", 0.31, 0.305), ("ml-100k", "ml-100k", 0.345, 0.425)],
)
def test_real_listeners_are_served_better_than_by_the_classic_way(
    real_data, capsys, name, folder, recall, ndcg
):
    data = ["--data", name, str(real_data / "q3b" / folder)]
    models = ["--models", REFERENCE, DEFAULT, "--splits", "2"]
    assert evaluate.main([*data, *models, "--format", "json"]) == 0
    classic, ours = json.loads(capsys.readouterr().out)
    assert classic["recall@20"] == pytest.approx(0.2, abs=0.01)
    assert ours["recall@20"] > recall
    assert ours["ndcg@20"] > ndcg
