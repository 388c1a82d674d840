"""Vectors of articles take part in the search: useful ones are chosen, and random ones are not."""

from common.command import UserError

import csv
import io
import json
from contextlib import redirect_stdout
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet
from scipy import sparse

from articles.preparation import prepared
from articles.vectors.files import VectorFiles
from articles.vectors.source import GivenVectors
from tagger.contributions import contributions
from tagger.evaluation import trained
from tagger.families import families
from tagger.reasons import VECTOR, reasons
from tagger.saved import load
from tagger.search import choose
from tagger.terms import VECTORS, counted
from tagging_prediction import main
from tests.q3a.conftest import corpus
from tests.q3a.test_reasons import margin

SIZE = 12


def with_vectors(articles: pd.DataFrame, telling: bool, seed: int = 0) -> pd.DataFrame:
    """Return articles with random vectors, of which three numbers tell the tag, or none."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(size=(len(articles), SIZE)).astype(np.float32)
    if telling:
        vectors[np.arange(len(articles)), articles["tag"].map("甲乙丙".index)] += 8
    return articles.assign(vector=list(vectors))


@pytest.mark.parametrize("search", ["quick", "full"])
def test_vectors_are_chosen_if_they_tell_more_than_the_words(search):
    candidates = families("linear", search, 0, vectors=True)
    chosen = {}
    for telling in (False, True):
        articles = with_vectors(corpus(informative=not telling), telling)
        counts = counted(articles, candidates[1].kinds)
        chosen[telling] = choose(counts, candidates, 3, 0).family
    assert chosen == {False: "vote on words and characters", True: "vote with vectors"}


@pytest.mark.parametrize("seed", range(2))
def test_random_vectors_are_not_chosen_where_words_tell_little(seed):
    """Half of the articles lack the word that tells the tag: no family is right on these."""
    articles = with_vectors(corpus(40, seed), False, seed)
    mute = articles.index % 2 == 0
    articles.loc[mute, ["plain", "words"]] = corpus(40, seed, False).loc[mute, ["plain", "words"]]
    candidates = families("linear", "quick", seed, vectors=True)
    found = choose(counted(articles, candidates[1].kinds), candidates, 3, seed)
    assert VECTORS not in found.candidate.kinds


@pytest.mark.parametrize("tags", [2, 3])
def test_reasons_sum_to_what_the_words_and_the_vector_changed(tags):
    """They are compared with an article that has no words, and the mean of all vectors."""
    articles = with_vectors(corpus(20), True)
    articles = articles[articles["tag"].isin(["甲", "乙", "丙"][:tags])].reset_index(drop=True)
    family = families("linear", "none", 0, vectors=True)
    counts = counted(articles, family[0].kinds)
    tagger = trained(choose(counts, family, 3, 0), counts)
    order = np.argsort(-tagger.predict_proba(articles), axis=1)
    first, second = order[:, 0], order[:, 1]
    numbers = counts.terms.columns()[VECTORS]
    empty = np.zeros(counts.counts.shape)
    empty[:, numbers] = np.mean(articles["vector"].tolist(), axis=0)
    empty = sparse.csr_matrix(empty)
    change = margin(tagger, counts.counts, first, second) - margin(tagger, empty, first, second)
    found = contributions(tagger["model"], counts.counts, first, second)
    assert np.asarray(found.sum(axis=1)).ravel() == pytest.approx(change, abs=1e-3)
    table = reasons(tagger, articles, first, second)
    assert table.groupby("row")["value"].sum().to_numpy() == pytest.approx(change, abs=1e-3)
    own = table[table["word"] == VECTOR].set_index("row")["value"]
    assert own.to_numpy() == pytest.approx(np.asarray(found[:, numbers].sum(axis=1)).ravel())
    assert (own > 0).mean() > 0.8  # its numbers tell the tag


def save_npy(path, ids, vectors) -> None:
    np.save(path, vectors)
    path.with_suffix(".ids").write_text("".join(f"{it}\n" for it in ids), encoding="utf-8")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """Articles, the tag of which only the vectors tell, learnt from by the command."""
    folder = tmp_path_factory.mktemp("vectors")
    articles = with_vectors(corpus(30, informative=False), True).rename(columns={"words": "text"})
    train, new = articles[::2], articles[1::2]
    train[["id", "tag", "text"]].to_csv(folder / "train.csv", index=False)
    new[["id", "text"]].to_csv(folder / "new.csv", index=False)
    save_npy(folder / "train.npy", train["id"], np.stack(train["vector"]))
    table = pa.table({"ID": new["id"].tolist(), "Vector": [it.tolist() for it in new["vector"]]})
    parquet.write_table(table, folder / "new.parquet")
    wrong = pd.DataFrame({"id": train["id"][:2], "tag": ["丙", "丙"]})
    wrong.to_csv(folder / "corrections.csv", index=False)
    files = ("--train", folder / "train.csv", "--test", folder / "new.csv", "--output", "/dev/null")
    vectors = ("--vectors", folder / "train.npy", "--vectors", folder / "new.parquet")
    made = ("--save", folder / "t.skops", "--review", folder / "r.csv", "--format", "json")
    corrections = ("--corrections", folder / "corrections.csv", "--search", "none")
    with redirect_stdout(io.StringIO()) as out:
        assert main([str(it) for it in (*files, *vectors, *made, *corrections)]) == 0
    return folder, train, new, json.loads(out.getvalue())


def use(folder, *arguments) -> int:
    given = ("--predict", "--model-file", folder / "t.skops", "--test", folder / "new.csv")
    return main([str(it) for it in (*given, "--output", folder / "tags.csv", *arguments)])


def test_a_run_reads_reviews_and_corrects_with_vectors(learnt):
    folder, _, _, found = learnt
    assert found["best_family"] == "vote with vectors"
    assert found["macro_f1"] > 0.9
    assert found["corrections"]["replaced"] == 2
    with (folder / "r.csv").open(encoding="utf-8", newline="") as file:
        review = list(csv.DictReader(file))
    assert {row["id"] for row in review[:2]} == {"甲0", "甲2"}  # their corrections are wrong
    assert all(VECTOR in row["words"].split() for row in review[:2])


def test_a_saved_tagger_tags_by_vectors_of_new_articles(learnt):
    folder, _, new, _ = learnt
    assert use(folder, "--vectors", folder / "new.parquet", "--reasons") == 0
    tags = pd.read_csv(folder / "tags.csv")
    assert (tags["predicted_tag"] == new["tag"].to_numpy()).mean() > 0.9
    assert tags["reasons"].str.contains(VECTOR, regex=False).mean() > 0.8
    called = load(folder / "t.skops").predict(new["text"].tolist(), vectors=np.stack(new["vector"]))
    assert called["predicted_tag"].tolist() == tags["predicted_tag"].tolist()
    assert called["confidence"].tolist() == pytest.approx(tags["confidence"].tolist(), abs=2e-4)


def test_vectors_that_the_tagger_does_not_need_are_refused(learnt, capsys):
    folder, _, new, _ = learnt
    save_npy(folder / "short.npy", new["id"], np.ones((len(new), SIZE - 1)))
    for arguments, part in (
        ((), f"the tagger reads vectors: give --vectors FILE, {SIZE} numbers"),
        (("--vectors", folder / "short.npy"), f"short.npy: vectors of {SIZE - 1} numbers"),
        (("--vectors", folder / "train.npy"), "new.csv:2: "),
    ):
        assert use(folder, *arguments) == 2
        assert part in capsys.readouterr().err
    with pytest.raises(UserError, match="29 vectors for 30 texts"):
        load(folder / "t.skops").predict(["字"] * 30, vectors=np.ones((29, SIZE)))


@pytest.mark.parametrize(
    ("identity", "found"),
    [("", "vectors: vectors of an unknown model; "), ("b" * 64, "vectors: a model of hash bbbb")],
)
def test_an_error_names_the_model_of_the_vectors_if_it_is_known(learnt, identity, found):
    folder, _, new, _ = learnt
    saved = replace(load(folder / "t.skops"), embedding_model="a" * 64)
    source = GivenVectors(np.stack(new["vector"]), len(new))
    source.identity = identity
    with pytest.raises(UserError, match=f"^{found}.*with the model of hash aaaaaaaaaaaa$"):
        saved.vectors_of(source)


def test_a_tagger_without_vectors_reports_that_it_does_not_read_them(learnt, tmp_path, capsys):
    folder, train, *_ = learnt
    save_npy(tmp_path / "v.npy", train["id"], np.random.default_rng(0).normal(size=(45, SIZE)))
    told = train.assign(text=train["tag"] + "詞 " + train["text"])
    told[["id", "tag", "text"]].to_csv(tmp_path / "train.csv", index=False)
    given = ("--train", tmp_path / "train.csv", "--vectors", tmp_path / "v.npy")
    learn = ("--model", "linear", "--save", tmp_path / "t.skops")
    assert main([str(it) for it in (*given, *learn)]) == 0
    files = ("--model-file", tmp_path / "t.skops", "--output", tmp_path / "tags.csv")
    assert use(folder, *files, "--vectors", folder / "new.parquet") == 0
    assert "new.parquet: not read, this tagger does without vectors" in capsys.readouterr().err


def test_ids_are_text_in_both_kinds_of_files_and_lengths_do_not_matter(tmp_path):
    vectors = np.array([[3, 4], [0, 2], [0, 0]])
    save_npy(tmp_path / "a.npy", ["007", "7", "é"], vectors)
    (tmp_path / "b.ids").write_bytes("\ufeff007\r\n7\r\né".encode())
    np.save(tmp_path / "b.npy", np.asfortranarray(vectors, dtype=np.float16))
    of_list = pa.array(vectors.tolist(), pa.list_(pa.float64(), 2))
    parquet.write_table(pa.table({"id": ["007", "7", "é"], "vector": of_list}), tmp_path / "c")
    numbers = pa.table({"id": [7.0], "vector": pa.array([[0, 1]], pa.large_list(pa.int8()))})
    parquet.write_table(numbers, tmp_path / "d")
    articles = pd.DataFrame({"id": ["é", "7", "007", "e"], "text": ["字", "字", "字", "！"]})
    for name in ("a.npy", "b.npy", "c"):
        found = prepared(articles, vectors=VectorFiles([tmp_path / name]))["vector"].tolist()
        assert np.array(found[:3]) == pytest.approx(np.array([[0, 0], [0, 1], [0.6, 0.8]]))
        assert found[3] is None  # no word in it
    (seven,) = prepared(articles[1:2], vectors=VectorFiles([tmp_path / "d"]))["vector"]
    assert seven.tolist() == [0, 1]


def lists(*rows, kind=None) -> bytes:
    file = io.BytesIO()
    ids = [str(number) for number in range(len(rows))]
    parquet.write_table(pa.table({"id": ids, "vector": pa.array(rows, kind)}), file)
    return file.getvalue()


def npy(*rows, dtype=None) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(rows, dtype=dtype))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "ids", "problem"),
    [
        (npy([1, 2], [1, np.nan]), "0\n1\n", "v:2: NaN or infinity in the vector of article 1"),
        (npy([1, 1e300]), "0\n", "v:1: NaN or infinity"),
        (npy([1, 2]), "0\n1\n", "v.ids: 2 ids for the 1 vectors"),
        (npy([1, 2], [3, 4]), "0\n0\n", "v.ids:2: another vector of article 0"),
        (npy([1, 2]), None, "v.ids is missing"),
        (npy([1, 2]), b"\xff\n", "save it as UTF-8"),
        (npy(1, 2), "0\n1\n", "int64 of shape (2,) are not vectors"),
        (npy(["a"]), "0\n", "are not vectors"),
        (npy([{}], dtype=object), "0\n", "not a .npy file that can be read"),
        (npy([1.0] * 9)[:-8], "0\n", "not a .npy file that can be read"),
        (b"PK\x03\x04", "0\n", "neither a .npy file nor Parquet"),
        (lists([1.0, 2.0], [1.0]), None, "v:2: 1 numbers, in the first row 2"),
        (lists([1.0, 2.0], None), None, "v:2: 0 numbers, in the first row 2"),
        (lists([1.0, None]), None, "v:1: NaN or infinity"),
        (lists(1.0), None, "not Parquet with vectors"),
        (lists(["a"]), None, "not Parquet with vectors"),
        (lists([1.0])[:60], None, "not Parquet with vectors"),
    ],
)
def test_a_file_that_is_not_certain_is_one_error(tmp_path, content, ids, problem):
    (tmp_path / "v").write_bytes(content)
    if ids is not None:
        (tmp_path / "v.ids").write_bytes(ids if isinstance(ids, bytes) else ids.encode())
    with pytest.raises(UserError) as error:
        VectorFiles([tmp_path / "v"])
    assert problem in str(error.value).replace(str(tmp_path) + "/", "")


def test_a_vector_is_of_one_article(tmp_path):
    save_npy(tmp_path / "v.npy", ["1"], np.ones((1, 2)))
    save_npy(tmp_path / "w.npy", ["2"], np.ones((1, 3)))
    source = VectorFiles([tmp_path / "v.npy"] * 2)  # the same vector twice
    first, other = (pd.DataFrame({"id": ["1"], "text": [text]}) for text in ("字", "另"))
    prepared(first, vectors=source)
    prepared(first, vectors=source)
    with pytest.raises(UserError, match="different texts have the id 1"):
        prepared(other, vectors=source)
    with pytest.raises(UserError, match=r"w\.npy: vectors of 3 numbers, those of .*v\.npy: 2"):
        VectorFiles([tmp_path / "v.npy", tmp_path / "w.npy"])


@pytest.mark.parametrize("more", [["--model", "forest"], ["--multi-label", "/"], ["--out-of-core"]])
def test_models_that_do_not_read_vectors_refuse_them(tmp_path, capsys, more):
    save_npy(tmp_path / "v.npy", ["1"], np.ones((1, 2)))
    assert main(["--vectors", str(tmp_path / "v.npy"), *more]) == 2
    assert "are for --model all or linear" in capsys.readouterr().err


def test_an_embedding_model_without_its_packages_says_what_to_install(
    tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("articles.vectors.export.find_spec", lambda name: None)
    assert main(["--embedding-model", str(tmp_path)]) == 2
    line = capsys.readouterr().err
    assert "needs onnxruntime and tokenizers: pip install -r requirements-models.txt" in line
