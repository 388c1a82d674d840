"""Review, correct, learn again: planted mistakes come first, and figures are found again."""

import io
import json
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from articles.corrections import corrected, read_corrections
from articles.preparation import prepared
from articles.sample import sample_articles
from quality.review import COLUMNS, chance_of_no_topic
from tagging_prediction import main

FAST = ("--search", "none", "--model", "linear", "--format", "json")
LEARNT, PLANTED = 200, 8
TAGS = ("拜登", "NBA", "新盤市況")


def answer(*arguments) -> dict:
    """Return what the command prints as JSON."""
    with redirect_stdout(io.StringIO()) as out:
        assert main([str(it) for it in (*arguments, *FAST)]) == 0
    return json.loads(out.getvalue())


def read(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Articles with planted mistakes, learnt from, reviewed, corrected and learnt from again."""
    folder = tmp_path_factory.mktemp("loop")
    truth = sample_articles(seed=6)[0].set_index("id", drop=False)
    train, new = truth[:LEARNT].copy(), truth[LEARNT:].drop(columns="tag")
    planted = train["id"].sample(PLANTED, random_state=0)
    train.loc[planted, "tag"] = [TAGS[TAGS.index(tag) - 1] for tag in train.loc[planted, "tag"]]
    train.to_csv(folder / "train.csv", index=False)
    new.to_csv(folder / "new.csv", index=False)
    files = ("--train", folder / "train.csv", "--test", folder / "new.csv")
    before = answer(*files, "--review", folder / "review.csv", "--output", folder / "before.csv")
    review = read(folder / "review.csv")
    filled = review[:20].assign(tag=truth.loc[review["id"][:20], "tag"].tolist())
    rest = review[20:].assign(tag="")  # an editor who had no time for more
    pd.concat([filled, rest]).to_csv(folder / "corrections.csv", index=False)
    corrections = ("--corrections", folder / "corrections.csv")
    after = answer(*files, *corrections, "--output", folder / "after.csv")
    return folder, truth, train, set(planted), review, filled, before, after


def predicted(found: dict, tags: pd.Series) -> pd.Series:
    """Return the tags of the outer folds, from the list of those that are not as given."""
    tags = tags.copy()
    for row in found["misclassified"]:
        tags[row["id"]] = row["predicted_tag"]
    return tags


def test_planted_mistakes_come_first_with_the_words_of_the_right_tag(loop):
    _, truth, _, planted, review, *_ = loop
    assert len(planted & set(review["id"][:PLANTED])) >= PLANTED - 1
    assert planted <= set(review["id"][: 2 * PLANTED])
    found = review[review["id"].isin(planted)]
    assert (found["predicted_tag"] == truth.loc[found["id"], "tag"].to_numpy()).all()
    assert (found["why"] == "suspected mislabel").all()
    doubt = review["doubt"].astype(float)
    assert doubt.is_monotonic_decreasing and doubt.between(0.05, 1).all()
    for row in prepared(review).itertuples():
        named = review.loc[row.Index, "words"].split()
        assert named and {it for it in named if it.isalnum()} <= set(row.words.split())
    assert review["text"].tolist() == truth.loc[review["id"], "text"].tolist()


def test_the_doubt_in_a_new_article_is_what_its_confidence_lacks(loop):
    folder, _, _, _, review, *_ = loop
    new = review[(review["tag"] == "") & (review["why"] == "unsure")].set_index("id")
    tags = read(folder / "before.csv").set_index("id").loc[new.index]
    assert len(new) > 5
    assert new["predicted_tag"].tolist() == tags["predicted_tag"].tolist()
    sums = new["doubt"].astype(float) + tags["confidence"].astype(float)
    assert sums.to_numpy() == pytest.approx(np.ones(len(new)), abs=2e-4)


def test_the_change_in_macro_f1_is_that_of_both_runs_by_the_corrected_tags(loop):
    _, _, train, _, _, filled, before, after = loop
    fixed = filled.set_index("id")["tag"]
    learnt = fixed[fixed.index.isin(train["id"])]
    added = fixed[~fixed.index.isin(train["id"])]
    change, tags = after["corrections"], train["tag"].copy()
    tags[learnt.index] = learnt
    assert change["replaced"] == (tags != train["tag"]).sum() >= PLANTED
    assert change["added"] == len(added) > 0
    assert after["articles"] == LEARNT + len(added)
    first, second = predicted(before, train["tag"]), predicted(after, pd.concat([tags, added]))
    figures = [f1_score(tags, it[tags.index], average="macro") for it in (first, second)]
    assert change["macro_f1"] == pytest.approx(figures)
    low, high = change["interval"]
    assert low < figures[1] - figures[0] < high


def test_the_predictions_that_flip_are_those_of_both_files_of_tags(loop):
    folder, _, _, _, _, filled, _, after = loop
    first, second = (read(folder / f"{name}.csv").set_index("id") for name in ("before", "after"))
    unseen = first.index[~first.index.isin(filled["id"])]
    flips = unseen[(first["predicted_tag"] != second["predicted_tag"])[unseen]]
    change = after["corrections"]
    assert change["new"] == len(unseen)
    assert [row["id"] for row in change["flipped"]] == flips.tolist()
    for row in change["flipped"]:
        assert row["before"] == first.loc[row["id"], "predicted_tag"]
        assert row["after"] == second.loc[row["id"], "predicted_tag"]


def test_near_duplicates_with_other_tags_and_articles_of_no_topic(tmp_path, capsys):
    """A saved tagger reviews new articles in the same way as the run that learnt it."""
    truth = sample_articles(seed=7)[0]
    train = truth[truth["tag"] != "NBA"][:120].reset_index(drop=True)
    twin = train.iloc[[0]].assign(
        id="twin", tag=[tag for tag in TAGS[::2] if tag != train["tag"][0]]
    )
    pd.concat([train, twin]).to_csv(tmp_path / "train.csv", index=False)
    foreign = [f"Предложение номер {number}: совсем другая азбука." for number in range(30)]
    new = pd.DataFrame({"id": [f"f{number}" for number in range(30)], "text": foreign})
    known = truth[truth["tag"] != "NBA"][120:150].drop(columns="tag")
    pd.concat([new, known]).to_csv(tmp_path / "new.csv", index=False)
    files = ("--test", tmp_path / "new.csv", "--output", tmp_path / "tags.csv")
    learn = ("--train", tmp_path / "train.csv", "--save", tmp_path / "t.skops")
    answer(*learn, *files, "--review", tmp_path / "a.csv")
    err = capsys.readouterr().err
    assert "new.csv:2: 60 articles from here on are unlike those learnt from: " in err
    review = read(tmp_path / "a.csv").set_index("id")
    id_, tag = train.loc[0, ["id", "tag"]]
    assert review.loc["twin", "why"] == f"near-duplicate of {id_}, tagged {tag}"
    assert float(review.loc["twin", "doubt"]) >= 0.5
    novel = review[review["why"] == "novel"]["doubt"].astype(float)
    assert novel[new["id"]].min() > 0.9
    assert len(novel) <= len(new) + 2  # of 30 known ones
    use = ("--predict", "--model-file", tmp_path / "t.skops", "--review", tmp_path / "b.csv")
    assert main([str(it) for it in (*use, *files)]) == 0
    again = read(tmp_path / "b.csv").set_index("id")
    assert again.equals(review[review["tag"] == ""])
    (tmp_path / "none.csv").write_text("id,text\n", encoding="utf-8")
    assert main([str(it) for it in (*use, "--test", tmp_path / "none.csv", *files[2:])]) == 0
    assert list(read(tmp_path / "b.csv")) == COLUMNS and read(tmp_path / "b.csv").empty


def test_the_chance_of_no_topic_is_how_many_more_articles_are_so_novel():
    """Known ones are evenly spread from 0 to 1, and the others are at the upper end."""
    known, foreign = np.linspace(0, 0.99, 1_000), np.full(500, 0.999)
    assert chance_of_no_topic(0.001, known, known).max() < 0.02
    mixed = chance_of_no_topic(0.001, np.append(known, foreign), np.append(known, foreign))
    assert mixed[1_000:] == pytest.approx(np.ones(500), abs=0.01)
    assert mixed[:900].max() < 0.02


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ("sample-0001,NBA\nnone,NBA\n", ["c.csv:3: no article", "the id none"]),
        ("sample-0001,NBA\nsample-0001,拜登\n", ["c.csv:3: article sample-0001", "c.csv:2"]),
        ("sample-0001,\n", ["c.csv: no row has a tag"]),
        ("double,NBA\n", ["c.csv:2: articles with different texts", "double"]),
    ],
)
def test_a_correction_that_is_not_certain_is_refused_by_name(tmp_path, capsys, rows, parts):
    train = sample_articles(seed=6)[0][:40]
    train.loc[38:, "id"] = "double"
    train.to_csv(tmp_path / "train.csv", index=False)
    (tmp_path / "c.csv").write_text("id,tag\n" + rows, encoding="utf-8")
    files = ("--train", tmp_path / "train.csv", "--corrections", tmp_path / "c.csv")
    assert main([str(it) for it in (*files, *FAST)]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert all(part in line for part in parts), line


def test_a_later_file_corrects_an_earlier_one_and_ids_stay_text(tmp_path):
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text("id,tag\n007,ＮＢＡ\n8,拜登\n", encoding="utf-8")
    second.write_text("tag,id\nMLB,8\n", encoding="utf-8")
    found = read_corrections([first, second], {}, None)
    assert {id_: it.tag for id_, it in found.items()} == {"007": "NBA", "8": "MLB"}
    rows = [("007", "拜登", "甲"), ("7", "拜登", "乙")]
    articles = pd.DataFrame(rows, columns=["id", "tag", "plain"])
    new = pd.DataFrame([("8", "丙"), ("8", "丙"), ("9", "丁")], columns=["id", "plain"])
    table = corrected(articles, new, found)
    assert table[["id", "tag", "given", "plain"]].to_numpy().tolist() == [
        ["007", "NBA", "拜登", "甲"],
        ["7", "拜登", "拜登", "乙"],
        ["8", "MLB", "", "丙"],
    ]
