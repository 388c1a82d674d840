"""Articles with several tags: one decision for each tag, checked on words that tell the tags."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from tagger.multi_label import best_threshold
from tagger.saved import load
from tagging_prediction import main

TOLD_BY = {"政治": "總統", "體育": "籃球", "樓市": "新盤", "罕見": "火星"}
FILLER = list("今日本港消息指出有關人士表示將會繼續留意事態發展並且作出適當安排市民可以放心")


def drawn(articles: int, seed: int, tags=("政治", "體育", "樓市"), noise: float = 0.0):
    """Articles with one to three tags, each told by its word; `noise` is the share of lost words.

    The tags' order in the field is at random, and so is a space after the separator.
    """
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(articles):
        own = generator.permutation(tags)[: generator.integers(1, len(tags) + 1)]
        told = [TOLD_BY[tag] for tag in own if generator.random() >= noise]
        words = generator.permutation([*told, *generator.choice(FILLER, 20)])
        joined = generator.choice(["|", "| "]).join(own)
        rows.append((f"{number}", joined, "，".join(words)))
    return pd.DataFrame(rows, columns=["id", "tag", "text"])


def sets(fields) -> list[set[str]]:
    return [{part.strip() for part in field.split("|")} - {""} for field in fields]


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A run on noisy articles, its report, its file of tags and its tagger."""
    folder = tmp_path_factory.mktemp("multi")
    train, test = drawn(120, 1, noise=0.1), drawn(60, 2, noise=0.1)
    test.loc[0, "tag"] = "政治|新來"  # a tag that is never learnt
    test.loc[1, "tag"] = ""
    train.to_csv(folder / "train.csv", index=False)
    test.to_csv(folder / "test.csv", index=False)
    output = folder / "report.json"
    with output.open("w", encoding="utf-8") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", file)
        assert main(arguments(folder, "--save", folder / "t.skops", "--format", "json")) == 0
    return folder, train, test, json.loads(output.read_text(encoding="utf-8"))


def arguments(folder, *more) -> list[str]:
    files = ("--train", folder / "train.csv", "--test", folder / "test.csv")
    output = ("--output", folder / "tags.csv")
    return [str(word) for word in (*files, *output, "--multi-label", "|", *more)]


def table_of(path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_sets_are_found_again_by_words_that_tell_the_tags(tmp_path, capsys):
    drawn(90, 3).to_csv(tmp_path / "train.csv", index=False)
    new = drawn(50, 4)
    new.to_csv(tmp_path / "test.csv", index=False)
    assert main(arguments(tmp_path, "--format", "json")) == 0
    found = json.loads(capsys.readouterr().out)
    written = table_of(tmp_path / "tags.csv")
    assert sets(written["predicted_tag"]) == sets(new["tag"])
    assert found["test"]["subset_accuracy"] == found["test"]["micro_f1"] == 1
    assert found["subset_accuracy"] > 0.95
    words = {(it["tag"], it["word"]) for it in found["top_words"]}
    assert set(list(TOLD_BY.items())[:3]) <= words


def test_figures_of_a_test_file_are_those_of_the_tags_that_were_written(learnt):
    folder, _, test, report = learnt
    written = table_of(folder / "tags.csv")
    has_tag = (test["tag"] != "").to_numpy()
    true, predicted = sets(test["tag"][has_tag]), sets(written["predicted_tag"][has_tag])
    binarizer = MultiLabelBinarizer().fit(true + predicted)
    true, predicted = map(binarizer.transform, (true, predicted))
    found = report["test"]
    assert found["articles"] == len(test) - 1
    assert found["subset_accuracy"] == pytest.approx(accuracy_score(true, predicted))
    assert 0.5 < found["subset_accuracy"] < 1
    for average in ("micro", "macro"):
        figure = f1_score(true, predicted, average=average, zero_division=0)
        assert found[f"{average}_f1"] == pytest.approx(figure)
    assert found["coverage"] == pytest.approx(predicted.any(axis=1).mean())
    unknown = next(it for it in found["tags"] if it["tag"] == "新來")
    assert (unknown["articles"], unknown["recall"], unknown["threshold"]) == (1, 0, None)
    wrong = (true != predicted).any(axis=1)
    assert [it["id"] for it in found["misclassified"]] == test["id"][has_tag][wrong].tolist()


def test_confidences_are_joined_as_the_tags_are_and_pass_the_thresholds(learnt):
    folder, _, _, report = learnt
    thresholds = {it["tag"]: it["threshold"] for it in report["tags"]}
    written = table_of(folder / "tags.csv")
    assert (written["predicted_tag"].str.count(r"\|") > 0).any()
    for tags, confidences in zip(written["predicted_tag"], written["confidence"], strict=True):
        values = [float(it) for it in confidences.split("|") if it]
        names = [it for it in tags.split("|") if it]
        assert len(names) == len(values)
        assert values == sorted(values, reverse=True)
        assert all(
            value >= thresholds[name] - 5e-5 for name, value in zip(names, values, strict=True)
        )


def test_held_out_figures_are_close_to_those_of_new_articles(learnt):
    """They would be far above if an article helped to set the threshold that judges it."""
    report = learnt[3]
    assert report["articles"] == 120
    assert report["micro_f1"] == pytest.approx(report["test"]["micro_f1"], abs=0.08)


def test_a_saved_tagger_gives_the_same_tags_and_takes_limits(learnt, tmp_path, capsys):
    folder, _, _, report = learnt
    saved = ("--predict", "--model-file", folder / "t.skops", "--test", folder / "test.csv")
    words = [*map(str, saved), "--output", str(tmp_path / "tags.csv")]
    assert main(words) == 0
    assert (tmp_path / "tags.csv").read_bytes() == (folder / "tags.csv").read_bytes()
    assert f"Micro F1: {report['test']['micro_f1']:.4f}" in capsys.readouterr().out

    assert main([*words, "--min-confidence", "體育=1", "--top-k", "4"]) == 0
    written, all_tags = table_of(tmp_path / "tags.csv"), table_of(folder / "tags.csv")
    expected = [tags - {"體育"} for tags in sets(all_tags["predicted_tag"])]
    assert sets(written["predicted_tag"]) == expected
    assert {len({*row}) for row in written[["tag_1", "tag_2", "tag_3"]].to_numpy()} == {3}
    assert set(written["tag_4"]) == {""}

    found = load(folder / "t.skops").predict(["籃球，總統", ""])
    assert sets(found["predicted_tag"]) == [{"政治", "體育"}, set()]


def test_a_rare_tag_is_taken_out_of_its_sets_and_reported(tmp_path, capsys):
    train = drawn(60, 5)
    train.loc[0, "tag"] += "|罕見"
    train.loc[1, "tag"] = "罕見"
    train.to_csv(tmp_path / "train.csv", index=False)
    words = ["--train", str(tmp_path / "train.csv"), "--multi-label", "|", "--format", "csv"]
    assert main(words) == 2
    assert "罕見 (2)" in capsys.readouterr().err
    assert main([*words, "--drop-rare", "5"]) == 0
    out, err = capsys.readouterr()
    table = pd.read_csv(io.StringIO(out))
    assert list(table) == ["tag", "articles", "precision", "recall", "f1", "threshold"]
    assert set(table["tag"]) == {"政治", "體育", "樓市"}
    counts = pd.Series([tag for tags in sets(train["tag"]) for tag in tags]).value_counts()
    assert table.set_index("tag")["articles"].to_dict() == counts.drop("罕見").to_dict()
    assert "--drop-rare 5 leaves out 1 article: 罕見 (2)" in err


@pytest.mark.filterwarnings("error:The least populated class:UserWarning")
def test_fields_without_a_tag_are_rejected_and_a_tag_of_all_is_refused(tmp_path, capsys):
    train = drawn(40, 6)
    train.loc[3, "tag"] = " | "
    train.to_csv(tmp_path / "train.csv", index=False)
    words = ["--train", str(tmp_path / "train.csv"), "--multi-label", "｜"]
    assert main([*words, "--on-bad-row", "stop"]) == 2
    assert "train.csv:5: no tag" in capsys.readouterr().err
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert "1 row rejected" in err and "Articles with other tags than theirs" in out
    train["tag"] += "|新聞"
    train.to_csv(tmp_path / "train.csv", index=False)
    assert main(words) == 2
    assert "without 新聞" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    "more",
    [
        ("--plot", "x.png"),
        ("--candidates", "x.csv"),
        ("--model", "linear"),
        ("--search", "none"),
        ("--objective", "accuracy"),
        ("--out-of-core", "--train", "train.csv"),
        ("--multi-label", ""),
        ("--multi-label", "和a"),
        ("--multi-label", "."),
        ("--predict", "--model-file", "train.csv", "--test", "train.csv"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(more, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    drawn(3, 7).to_csv("train.csv", index=False)
    assert main(["--multi-label", "|", *more]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--multi-label" in line


def test_the_threshold_is_that_of_the_best_f1():
    generator = np.random.default_rng(0)
    for _ in range(20):
        confidence = generator.random(40).round(1)  # with ties
        has_tag = generator.random(40) < confidence**2
        best = best_threshold(has_tag, confidence)
        f1 = [f1_score(has_tag, confidence >= least) for least in np.unique(confidence)]
        assert f1_score(has_tag, confidence >= best) == pytest.approx(max(f1))
    assert best_threshold(np.array([0, 0, 1]), np.array([0.1, 0.2, 0.8])) == pytest.approx(0.5)
    assert best_threshold(np.zeros(3), np.array([0.1, 0.2, 0.8])) == 1
