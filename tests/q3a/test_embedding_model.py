"""An embedding model in ONNX: vectors are those of the arithmetic that the model was built with.

The models are made here: each token has a row of a table. onnxruntime, tokenizers and onnx are
those of requirements-models.txt.
"""

from common.command import UserError

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from articles.preparation import prepared
from articles.vectors.embedding import EmbeddingModel
from tagger.saved import load
from tagging_prediction import main
from tests.q3a.conftest import corpus

onnx = pytest.importorskip("onnx", reason="needs requirements-models.txt")
pytest.importorskip("onnxruntime", reason="needs requirements-models.txt")
tokenizers = pytest.importorskip("tokenizers", reason="needs requirements-models.txt")

CHARACTERS = "甲乙丙詞字:q0123456789 "
TABLE = np.random.default_rng(0).normal(size=(len(CHARACTERS) + 1, 6)).astype(np.float32)
NO_PROMPT = {"default_prompt_name": "x"}  # which is not there
INPUTS = ("input_ids", "attention_mask")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("articles.vectors.cache.user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "retention-traffic-tags-artists"


def write_tokenizer(folder: Path) -> None:
    """One token for each character; the last one of the table is for all others."""
    vocabulary = {character: place for place, character in enumerate(CHARACTERS)}
    model = tokenizers.models.WordLevel(vocabulary | {"?": len(CHARACTERS)}, unk_token="?")  # noqa: S106
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))


def write_model(path: Path, output: str = "last_hidden_state", inputs=INPUTS, table=TABLE) -> None:
    """A model that gives each token its row of the table; with sentence_embedding the largest."""
    helper, kind = onnx.helper, onnx.TensorProto
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    shape = [1, "tokens", table.shape[1]]
    if output == "sentence_embedding":
        attributes = {"axes": [1], "keepdims": 0}
        nodes.append(helper.make_node("ReduceMax", ["last_hidden_state"], [output], **attributes))
        shape = [1, table.shape[1]]
    elif output != "last_hidden_state":
        nodes.append(helper.make_node("Identity", ["last_hidden_state"], [output]))
    graph = helper.make_graph(
        nodes,
        "tokens",
        [helper.make_tensor_value_info(name, kind.INT64, [1, "tokens"]) for name in inputs],
        [helper.make_tensor_value_info(output, kind.FLOAT, shape)],
        [onnx.numpy_helper.from_array(table, "table")],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def write_settings(folder: Path, **files: dict) -> None:
    for name, content in files.items():
        path = folder / f"{name}.json".replace("pooling", "1_Pooling/config")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def folder(tmp_path) -> Path:
    found = tmp_path / "model"
    write_model(found / "model.onnx")
    write_tokenizer(found)
    return found


def rows(text: str) -> np.ndarray:
    return np.array([TABLE[CHARACTERS.find(character)] for character in text])


def vectors(folder: Path, *texts: str) -> np.ndarray:
    return EmbeddingModel(folder).of(pd.DataFrame({"plain": texts}))


def test_the_vector_is_the_mean_of_the_tokens_whatever_the_other_texts(folder):
    texts = ["甲字 乙", "丙", "甲字 乙" * 40, "丙"]
    expected = [rows(text).mean(axis=0) for text in texts]
    assert vectors(folder, *texts) == pytest.approx(np.array(expected), abs=1e-6)
    assert vectors(folder, "？詞")[0] == pytest.approx(
        (TABLE[-1] + TABLE[CHARACTERS.index("詞")]) / 2, abs=1e-6
    )


def test_settings_next_to_the_model_decide(folder):
    write_settings(
        folder,
        pooling={"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
        sentence_bert_config={"max_seq_length": 3},
        config_sentence_transformers={"prompts": {"query": "q:"}, "default_prompt_name": "query"},
    )
    assert vectors(folder, "甲乙")[0] == pytest.approx(rows("q")[0])
    write_settings(folder, pooling={"pooling_mode_mean_tokens": True})
    assert vectors(folder, "甲乙")[0] == pytest.approx(rows("q:甲").mean(axis=0), abs=1e-6)
    write_model(folder / "model.onnx", "sentence_embedding")
    assert vectors(folder, "甲乙")[0] == pytest.approx(rows("q:甲").max(axis=0))


def test_the_model_may_be_in_a_folder_of_its_own_or_quantised(folder):
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model_quantized.onnx")
    assert vectors(folder, "甲")[0] == pytest.approx(rows("甲")[0])


def test_each_text_costs_once_until_model_or_settings_change(folder, cache_folder, monkeypatch):
    cost = []
    own = EmbeddingModel.vector
    monkeypatch.setattr(
        EmbeddingModel, "vector", lambda it, text: cost.append(text) or own(it, text)
    )
    first = vectors(folder, "甲", "乙", "甲")
    assert cost == ["甲", "乙"]
    assert (vectors(folder, "乙", "甲") == first[[1, 0]]).all() and len(cost) == 2
    write_settings(folder, sentence_bert_config={"max_seq_length": 9})
    vectors(folder, "甲")
    assert len(cost) == 3
    (folder / "weights.bin").write_bytes(b"x")
    vectors(folder, "甲")
    assert len(cost) == 4
    (folder / "README.md").write_text("x", encoding="utf-8")
    vectors(folder, "甲")
    assert len(cost) == 4
    (cache_folder / "vectors.sqlite").write_bytes(b"damaged" * 1000)
    for expected in (5, 5):  # the damaged file begins anew
        assert vectors(folder, "甲") == pytest.approx(first[:1])
        assert len(cost) == expected


def test_learnt_with_a_model_a_tagger_needs_that_model(folder, tmp_path, capsys):
    """The tag is in the text, as a character that the vectors tell well."""
    articles = corpus(20, informative=False).rename(columns={"plain": "text"})
    articles["text"] = articles["tag"] * 30 + " " + articles["text"]
    articles[["id", "tag", "text"]].to_csv(tmp_path / "train.csv", index=False)
    files = ("--output", tmp_path / "tags.csv", "--embedding-model", folder)
    learn = ("--train", tmp_path / "train.csv", "--save", tmp_path / "t.skops", "--search", "none")
    assert main([str(it) for it in (*learn, *files)]) == 0
    use = ("--predict", "--model-file", tmp_path / "t.skops", "--test", tmp_path / "train.csv")
    assert main([str(it) for it in (*use, "--reasons", *files)]) == 0
    tags = pd.read_csv(tmp_path / "tags.csv")
    assert (tags["predicted_tag"] == articles["tag"]).all()
    assert tags["reasons"].str.contains("[vector]", regex=False).all()
    model, saved = EmbeddingModel(folder), load(tmp_path / "t.skops")
    called = saved.predict(articles["text"].tolist(), vectors=model)
    assert called["confidence"].tolist() == pytest.approx(tags["confidence"].tolist(), abs=1e-4)
    write_model(folder / "model.onnx", table=TABLE + 1)
    np.save(tmp_path / "v.npy", np.zeros((1, 6)))
    (tmp_path / "v.ids").write_text("1\n", encoding="utf-8")
    capsys.readouterr()
    needs = f"needs --embedding-model FOLDER with the model of hash {model.identity[:12]}"
    for given, problem in (
        (files, f"a model of hash {EmbeddingModel(folder).identity[:12]}; the tagger {needs}"),
        (("--vectors", tmp_path / "v.npy"), f"vectors of an unknown model; the tagger {needs}"),
        ((), "the tagger reads vectors: give --embedding-model FOLDER"),
    ):
        assert main([str(it) for it in (*use, *given)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert problem in line


def spoil_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda it: (it / "model.onnx").unlink(), "wants one model, model.onnx; there is none"),
        (lambda it: (it / "model.onnx").write_bytes(b"x"), "onnxruntime cannot load it"),
        (lambda it: (it / "tokenizer.json").unlink(), "tokenizer.json: is missing"),
        (spoil_tokenizer, "tokenizer.json: tokenizers cannot load it"),
        (lambda it: write_model(it / "model.onnx", inputs=(*INPUTS, "pixels")), "wants pixels"),
        (lambda it: write_model(it / "model.onnx", table=TABLE[:3]), "model.onnx: cannot be run"),
        (lambda it: write_model(it / "model.onnx", table=TABLE * np.nan), "NaN or infinity"),
        (lambda it: write_settings(it, sentence_bert_config={"max_seq_length": "x"}), "is 'x'"),
        (lambda it: write_settings(it, sentence_bert_config=[]), "is not an object"),
        (
            lambda it: write_settings(it, pooling={"pooling_mode_max_tokens": True}),
            "pooling_mode_max_tokens is not known",
        ),
        (
            lambda it: write_settings(
                it, config_sentence_transformers={"default_prompt_name": "x"}
            ),
            "prompts has no 'x'",
        ),
        (lambda it: (it / "2_Dense").mkdir(), "2_Dense: a layer after pooling"),
    ],
)
def test_what_cannot_be_used_is_one_error(folder, spoil, problem):
    spoil(folder)
    with pytest.raises(UserError) as error:
        prepared(pd.DataFrame({"id": ["1"], "text": ["甲字"]}), vectors=EmbeddingModel(folder))
    assert problem in str(error.value)
    assert str(folder) in str(error.value)


def test_nothing_fails_where_vectors_cannot_be_kept(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "articles.vectors.cache.user_cache_path", lambda name: Path(folder / "model.onnx")
    )
    assert vectors(folder, "甲")[0] == pytest.approx(rows("甲")[0])
