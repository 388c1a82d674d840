"""evaluate.py as a user runs it."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evaluate
from evaluation import comparison
from evaluation.data import read_data_sets, read_ml_100k
from evaluation.models import MODELS, MOST_PLAYS
from evaluation.names import BY_USER, CUT, DEFAULT, NAMES, REFERENCE
from evaluation.settings import SHIPPED, write_chosen
from listening.sample.files import write_listeners
from tests.pictures import svg_texts


def each(option: str, values: list[str]) -> list[str]:
    """The option given again for each value."""
    return [word for value in values for word in (option, value)]


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


@pytest.mark.slow
def test_json_has_a_row_for_each_model_on_each_data_set(
    hetrec, ml_100k, capsys, tmp_path, implicit
):
    few = {"BPR": {"iterations": 3, "factors": 4}}
    write_chosen({"hetrec": few, "ml-100k": few}, tmp_path / "chosen.json")
    data = ["--data", "hetrec", str(hetrec), "--data", "ml-100k", str(ml_100k)]
    data += ["--settings", str(tmp_path / "chosen.json")]
    data += ["--trials", "1", "--splits", "1", "--top", "3", "--format", "json"]
    assert evaluate.main(data) == 0
    rows = json.loads(capsys.readouterr().out)["models"]
    for name in ("hetrec", "ml-100k"):
        models = [row["model"] for row in rows if row["data"] == name]
        assert models == [model for model in MODELS if "country" not in model]
    for row in rows:
        assert 0 <= row["recall@3"] <= 1
        assert row["recall@3_interval"] >= 0
        assert 0 <= row["ndcg@3"] <= 1
        assert row["seconds"] >= 0
        assert row["rejected"] == {}
        assert ("antihubs" in row) == (row["model"] == REFERENCE)


BAD_ROWS = "1\t2\t3\t4\n\n1\t2\n1\t3\t-4\n1\t3\tmany\n1\t3\t1e39\n"  # in lines 2 to 7


@pytest.fixture
def with_bad_rows(hetrec, tmp_path) -> Path:
    folder = shutil.copytree(hetrec, tmp_path / "hetrec")
    path = folder / "user_artists.dat"
    header, rows = path.read_text(encoding="utf-8").split("\n", 1)
    path.write_text(f"{header}\n{BAD_ROWS}{rows}", encoding="utf-8")
    return folder


def test_a_bad_row_ends_the_run_in_one_line(with_bad_rows, capsys):
    data = ["--data", "hetrec", str(with_bad_rows), "--models", "popularity"]
    assert evaluate.main(data) == 2
    path = with_bad_rows / "user_artists.dat"
    line = f"{path}:2: not 3 columns; fix the row or pass --on-bad-row skip"
    assert capsys.readouterr().err == f"evaluate.py: error: {line}\n"


def test_bad_rows_are_skipped_and_reported_if_asked_to(with_bad_rows, hetrec, capsys):
    arguments = ["--models", "popularity", "--splits", "1", "--format", "json"]
    assert evaluate.main(["--data", "hetrec", str(hetrec), *arguments]) == 0
    (expected,) = json.loads(capsys.readouterr().out)["models"]
    data = ["--data", "hetrec", str(with_bad_rows), "--on-bad-row", "skip"]
    assert evaluate.main([*data, *arguments]) == 0
    output = capsys.readouterr()
    (found,) = json.loads(output.out)["models"]
    path = with_bad_rows / "user_artists.dat"
    assert found["recall@20"] == expected["recall@20"]
    assert found["rejected"] == {
        "plays: not 3 columns": {"rows": 2, "first": f"{path}:2"},
        "plays: count is not a number above zero": {"rows": 3, "first": f"{path}:5"},
    }
    assert output.err.splitlines()[:2] == [
        f"2 rows rejected, first {path}:2: plays: not 3 columns",
        f"3 rows rejected, first {path}:5: plays: count is not a number above zero",
    ]


def test_bad_rows_of_the_lastfm_files_stop_a_comparison_too(tmp_path, capsys):
    plays, _ = write_listeners(tmp_path, users=60, artists=50)
    data = ["--data", "lastfm-360k", str(tmp_path), "--models", "popularity", "--splits", "1"]
    assert evaluate.main(data) == 2
    assert f"{plays}:" in capsys.readouterr().err
    assert evaluate.main([*data, "--on-bad-row", "skip"]) == 0
    output = capsys.readouterr()
    assert output.out.startswith("lastfm-360k: 1 split (random), means over ")
    assert f"1 row rejected, first {plays}:" in output.err


def test_profiles_of_films_are_joined_by_user(ml_100k):
    plays = read_ml_100k(ml_100k).plays
    users = plays.users.astype(int)
    assert plays.profiles["age"].tolist() == (20 + users).tolist()
    assert plays.profiles["gender"].tolist() == ["mf"[user % 2] for user in users]
    assert plays.artist_names.tolist() == [f"Café {film}" for film in plays.artists]


def test_of_two_tastes_the_neighbours_find_more_than_popularity(hetrec, capsys):
    models = ["popularity", REFERENCE, DEFAULT]
    data = ["--data", "hetrec", str(hetrec), *each("--models", models)]
    assert evaluate.main([*data, "--top", "2", "--format", "json"]) == 0
    rows = {row["model"]: row["recall@2"] for row in json.loads(capsys.readouterr().out)["models"]}
    assert list(rows) == models
    assert rows[DEFAULT] > rows["popularity"] + 0.2
    assert rows[REFERENCE] > rows["popularity"]


def test_text_csv_and_plot_of_the_sample(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("evaluation.data.SAMPLE_USERS", 150)
    names = ["popularity", "top artists of the country", DEFAULT]
    models = [*each("--models", names), "--splits", "2"]
    plot = tmp_path / "comparison.svg"
    assert evaluate.main([*models, "--plot", str(plot)]) == 0
    text = capsys.readouterr().out
    assert text.startswith("sample: 2 splits (random), means over ")
    tables = text.partition("\nmodel")[2].splitlines()
    assert [line.split("  ")[0] for line in tables[1:4]] == names
    assert {*names, "recall@20", "nDCG@20", "fewest"} <= set(svg_texts(plot))
    assert evaluate.main([*models, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["model"] for row in rows] == names
    assert json.loads(rows[0]["settings"]) == {}


def test_differences_and_quarters_are_under_the_table_and_in_csv(hetrec, capsys):
    models = ["popularity", REFERENCE, DEFAULT]
    data = ["--data", "hetrec", str(hetrec), *each("--models", models), "--splits", "2"]
    assert evaluate.main([*data, "--top", "2"]) == 0
    text = capsys.readouterr().out
    assert f"{DEFAULT:<27}better than popularity " in text
    assert "ndcg@2 by quarters of the users" in text
    assert evaluate.main([*data, "--top", "2", "--format", "csv", "--table", "differences"]) == 0
    pairs = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [pair["measure"] for pair in pairs] == ["recall@2"] * 3 + ["ndcg@2"] * 3
    for pair in pairs:
        apart = abs(float(pair["difference"])) > float(pair["half_width"])
        assert apart == (pair["verdict"] != "level") == (float(pair["p"]) <= 0.05)
    assert evaluate.main([*data, "--against", DEFAULT, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["differences"]) == 4
    assert all(DEFAULT in (pair["model"], pair["other"]) for pair in found["differences"])
    for row in found["models"]:
        of_quarters = [row[f"ndcg@20_quarter_{number}"] for number in range(1, 5)]
        assert row["users"] == 30
        assert np.average(of_quarters, weights=[8, 7, 8, 7]) == pytest.approx(row["ndcg@20"], 1e-3)


def test_a_table_of_one_s_own_is_compared_under_the_name_of_its_file(ratings, tmp_path, capsys):
    for name in ("mine.csv", "ratings.csv"):
        (tmp_path / name).write_text("u,i,r\n" + lines(ratings, ","), encoding="utf-8")
    data = ["--data", "csv", str(tmp_path / "mine.csv"), "--columns", "user=u,item=i,plays=r"]
    data += ["--data", "filmtrust", str(tmp_path), *each("--models", ["popularity", REFERENCE])]
    assert evaluate.main([*data, "--splits", "1", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["models"]
    assert [row["data"] for row in found] == ["mine.csv"] * 2 + ["filmtrust"] * 2
    assert [row["ndcg@20"] for row in found[:2]] == [row["ndcg@20"] for row in found[2:]]


def test_tables_of_ratings_are_read_as_they_are(ratings, tmp_path):
    halves = [(user, item, plays / 2) for user, item, plays in ratings]
    (tmp_path / "ratings.csv").write_text("u,i,r\n" + lines(halves, ","), encoding="utf-8")
    (found,) = read_data_sets([("filmtrust", tmp_path)], 1)
    plays = found.plays
    pairs = zip(*plays.matrix.nonzero(), plays.matrix.data, strict=True)
    read = {(int(plays.users[user]), int(plays.artists[item]), n) for user, item, n in pairs}
    assert read == set(halves)


@pytest.mark.parametrize("kind", [BY_USER, CUT])
def test_a_split_by_time_holds_out_the_latest_plays(ml_100k, ratings, tmp_path, capsys, kind):
    """What is held out and scored, counted by pandas; a second play of a film tells nothing new."""
    times = np.random.default_rng(1).permutation(len(ratings)) + 880_000_000
    rated = pd.DataFrame(ratings, columns=["user", "film", "plays"]).assign(time=times)
    rows = [*rated.itertuples(index=False), *rated.assign(time=times + 10_000).iloc[::7].values]
    folder = damaged(ml_100k, tmp_path, "u.data", lines(rows, "\t"))
    data = ["--data", "ml-100k", str(folder), "--models", "popularity", "--split", kind]
    assert evaluate.main([*data, "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["models"]

    late = rated["time"] >= rated["time"].sort_values().iloc[round(0.8 * len(rated))]
    if kind == BY_USER:  # of nine artists two
        late = rated["time"].groupby(rated["user"]).rank(ascending=False) <= 2
    train, test = rated[~late], rated[late]
    test = test[test["user"].isin(train["user"])]
    there = test["film"].isin(train["film"])
    assert (found["held_out"], found["absent"]) == (there.sum(), (~there).sum())
    assert found["users"] == test[there]["user"].nunique()


def test_data_without_times_are_not_split_by_time(hetrec, capsys):
    assert evaluate.main(["--data", "hetrec", str(hetrec), "--split", "last"]) == 2
    assert "hetrec has no times of plays" in capsys.readouterr().err
    assert evaluate.main(["--split", "cut", "--splits", "2"]) == 2
    assert "2: a split by time is one" in capsys.readouterr().err


def test_tune_keeps_its_choice_and_uses_it(hetrec, tmp_path, capsys, monkeypatch, implicit):
    """By default in the current folder, over what comes with the project."""
    monkeypatch.chdir(tmp_path)
    shipped = SHIPPED.read_bytes()
    data = ["--data", "hetrec", str(hetrec), "--models", "item-item", "--splits", "1"]
    assert evaluate.main([*data, "--tune", "--trials", "3", "--format", "json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["models"]
    chosen = json.loads((tmp_path / "chosen_settings.json").read_text(encoding="utf-8"))
    assert chosen["hetrec"]["item-item"] == row["settings"]
    assert chosen["ml-100k"] == json.loads(shipped)["ml-100k"]
    assert SHIPPED.read_bytes() == shipped
    assert evaluate.main([*data, "--format", "json"]) == 0
    (again,) = json.loads(capsys.readouterr().out)["models"]
    assert again["settings"] == row["settings"], "a file in the current folder is read"


def test_tune_writes_the_file_of_settings_that_is_named(hetrec, tmp_path, capsys, implicit):
    path = tmp_path / "mine.json"
    data = ["--data", "hetrec", str(hetrec), "--models", "item-item", "--splits", "1"]
    data += ["--settings", str(path)]
    assert evaluate.main(data) == 2
    assert "mine.json: No such file" in capsys.readouterr().err
    assert evaluate.main([*data, "--tune", "--trials", "1"]) == 0
    assert "item-item" in json.loads(path.read_text(encoding="utf-8"))["hetrec"]


def test_settings_that_cannot_be_written_end_a_tuning_before_it_begins(tmp_path, capsys):
    path = tmp_path / "missing" / "mine.json"
    assert evaluate.main(["--tune", "--settings", str(path)]) == 2
    assert "cannot be written; name another file by --settings" in capsys.readouterr().err


def test_the_names_are_those_of_the_models():
    assert list(MODELS) == [name for name in NAMES if name in MODELS]
    assert set(NAMES[:-2]) <= set(MODELS), "the last two need requirements-models.txt"


def test_a_model_without_its_libraries_is_one_line(monkeypatch, capsys):
    monkeypatch.delitem(MODELS, "Mult-VAE", raising=False)
    assert evaluate.main(["--models", "Mult-VAE"]) == 2
    expected = "Mult-VAE needs cornac and torch: pip install -r requirements-models.txt"
    assert expected in capsys.readouterr().err


def test_an_interrupt_is_one_line(hetrec, capsys, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "measure_split", interrupted)
    assert evaluate.main(["--data", "hetrec", str(hetrec), "--models", "popularity"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "evaluate.py: interrupted"


def test_a_model_that_cannot_be_run_on_so_much_is_named_not_tried(hetrec, capsys, monkeypatch):
    monkeypatch.setitem(MOST_PLAYS, "popularity", 269)
    data = ["--data", "hetrec", str(hetrec), "--splits", "1", "--format", "json"]
    assert evaluate.main([*data, *each("--models", ["popularity", REFERENCE])]) == 0
    output = capsys.readouterr()
    assert [row["model"] for row in json.loads(output.out)["models"]] == [REFERENCE]
    assert "hetrec: without popularity: 270 pairs would take hours" in output.err
    names = ["popularity", "top artists of the country"]
    assert evaluate.main([*data, *each("--models", names)]) == 2
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
        ("", "user_artists.dat: the file is empty"),
        ("userID\tartistID\n1\t2\n", "expected the columns user, artist, plays"),
        ("userID\tartistID\tweight\n", "user_artists.dat: no row can be used"),
        ("userID\tartistID\tweight\n1\t2\t3\n1\t3\t-4\n", ".dat:3: count is not a number above"),
        ("userID\tartistID\tweight\n1\t2\tmany\n", ".dat:2: count is not a number above zero"),
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
        (["--data", "hetrec"], "Option '--data' requires 2 arguments"),
        (["--data", "spotify", "."], "'spotify' is not one of 'hetrec', 'ml-100k'"),
        (["--data", "hetrec", ".", "--data", "hetrec", "."], "hetrec is given twice"),
        (["--data", "ml-100k", "nowhere"], "nowhere/u.data: No such file or directory"),
        (["--splits", "0"], "0 is not in the range 1<=x<=10000"),
        (["--top", "-1"], "-1 is not in the range 1<=x<=10000"),
        (["--tune", "--trials", "0"], "0 is not in the range 1<=x<=10000"),
        (["--models", "magic"], "'magic' is not one of 'popularity'"),
        (["--plot", "plot.txt"], "end it in .png"),
        (["--columns", "user=u,item=i"], "names the columns of --data csv FILE"),
        (["--data", "csv", "a.csv", "--columns", "u"], "write user=TITLE,item=TITLE"),
        (["--data", "csv", "nowhere.csv"], "nowhere.csv: there is no such file"),
    ],
)
def test_a_wrong_argument_is_one_line(capsys, arguments, part):
    assert evaluate.main(arguments) == 2
    assert part in capsys.readouterr().err.replace("\\", "/").splitlines()[-1]


def test_a_library_that_cannot_be_loaded_is_one_line(hetrec, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.als", None)  # importing it raises ImportError
    models = each("--models", ["popularity", "ALS"])
    assert evaluate.main(["--data", "hetrec", str(hetrec), *models]) == 1
    output = capsys.readouterr()
    assert output.err.startswith("evaluate.py: error: ALS needs the library implicit")
    assert output.err.count("\n") == 1
    assert not output.out
    assert evaluate.main(["--data", "hetrec", ".", "--models", "ALS"]) == 2
    assert "user_artists.dat: No such file" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "folder", "recall", "ndcg"),
    [("hetrec", "hetrec2011-lastfm-2k", 0.31, 0.305), ("ml-100k", "ml-100k", 0.345, 0.425)],
)
def test_real_listeners_are_served_better_than_by_the_classic_way(
    real_data, capsys, name, folder, recall, ndcg
):
    data = ["--data", name, str(real_data / "q3b" / folder)]
    models = [*each("--models", [REFERENCE, DEFAULT]), "--splits", "2"]
    assert evaluate.main([*data, *models, "--format", "json"]) == 0
    classic, ours = json.loads(capsys.readouterr().out)["models"]
    assert classic["recall@20"] == pytest.approx(0.2, abs=0.01)
    assert ours["recall@20"] > recall
    assert ours["ndcg@20"] > ndcg
