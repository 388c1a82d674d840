"""A saved tagger tags alike in another process and on another Python; foreign types are refused."""

from common.command import UserError

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd
import pytest
import skops.io

from articles.preparation import fit_to_learn_from, prepared
from articles.sample import sample_articles
from tagger.predictions import OTHERS, Wanted, predictions
from tagger.saved import load, save_tagger
from tagger.terms import counted
from tests.conftest import ROOT, run_script
from tests.q3a.conftest import one_candidate, tagger_of

OTHER_PYTHONS = os.environ.get("OTHER_PYTHONS", "")  # paths, with the requirements installed


@pytest.fixture(scope="module", params=["forest", "linear", "vote"])
def saved(request, tmp_path_factory):
    """A tagger's file, the file of articles to tag, and the tags it gives in this process."""
    folder = tmp_path_factory.mktemp(request.param)
    training, new = sample_articles(seed=1)
    articles = fit_to_learn_from(prepared(training[:150]))
    tagger = tagger_of(one_candidate(request.param), counted(articles))
    save_tagger(tagger, None, folder / "tagger.skops")
    new.to_csv(folder / "new.csv", index=False)
    return folder, predictions(tagger, prepared(new))


def arguments(folder: Path) -> tuple:
    files = ("--test", folder / "new.csv", "--output", folder / "tagged.csv")
    return ("--predict", "--model-file", folder / "tagger.skops", *files)


def assert_tagged(folder: Path, expected: pd.DataFrame) -> None:
    found = pd.read_csv(folder / "tagged.csv", keep_default_na=False)
    assert found["predicted_tag"].tolist() == expected["predicted_tag"].tolist()
    assert found["confidence"].tolist() == pytest.approx(expected["confidence"].tolist(), abs=1e-4)


def test_another_process_tags_alike(saved):
    folder, expected = saved
    finished = run_script("Q3a/tagging_prediction.py", *arguments(folder))
    assert finished.returncode == 0, finished.stderr
    assert_tagged(folder, expected)


@pytest.mark.skipif(not OTHER_PYTHONS, reason="OTHER_PYTHONS names no other interpreter")
@pytest.mark.parametrize("python", OTHER_PYTHONS.split(os.pathsep))
def test_another_python_tags_alike(saved, python):
    folder, expected = saved
    command = [python, "Q3a/tagging_prediction.py", *map(str, arguments(folder))]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert_tagged(folder, expected)


def test_below_the_least_confidence_there_is_no_tag(saved):
    _, expected = saved
    least = expected["confidence"].median()
    tagger = load(saved[0] / "tagger.skops").tagger
    new = prepared(sample_articles(seed=1)[1])
    found = predictions(tagger, new, Wanted({OTHERS: least}))
    assert ((found["predicted_tag"] == "") == (found["confidence"] < least)).mean() > 0.95
    assert found["confidence"].tolist() == expected["confidence"].tolist()


def test_an_article_without_words_gets_no_tag(saved):
    tagger = load(saved[0] / "tagger.skops").tagger
    found = predictions(tagger, prepared(pd.DataFrame({"id": ["1"], "text": ["🏀！"]})))
    assert found.to_dict("records") == [
        {"id": "1", "text": "🏀！", "predicted_tag": "", "confidence": 0}
    ]


class Foreign:
    """A type that no tagger holds."""


def test_python_and_command_tag_alike_also_in_threads(saved):
    folder, expected = saved
    tagger = load(folder / "tagger.skops")
    texts = expected["text"].tolist()
    columns = ["predicted_tag", "confidence"]
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(lambda _: tagger.predict(texts), range(8)):
            pd.testing.assert_frame_equal(found, expected[columns])
    least = expected["confidence"].median()
    found = tagger.predict(texts, min_confidence=least + 0.001, top_k=1)
    assert list(found) == [*columns, "tag_1", "confidence_1"]
    sure = expected["confidence"] >= least + 0.001
    assert (found["predicted_tag"] != "").tolist() == sure.tolist()
    assert found["tag_1"].tolist() == expected["predicted_tag"].tolist()


def test_what_is_no_list_of_texts_is_refused_and_none_is_an_empty_frame(saved):
    tagger = load(saved[0] / "tagger.skops")
    with pytest.raises(TypeError, match="list of texts"):
        tagger.predict("湖人")
    with pytest.raises(UserError, match="no tag 'MLB'"):
        tagger.predict(["湖人"], min_confidence={"MLB": 0.5})
    assert tagger.predict(["\ud83d"])["predicted_tag"].tolist() == [""]
    assert tagger.predict([]).to_dict("list") == {"predicted_tag": [], "confidence": []}


def test_a_foreign_type_is_refused(tmp_path):
    path = tmp_path / "foreign.skops"
    skops.io.dump({"tagger": Foreign()}, path)
    with pytest.raises(UserError, match=r"types not ours: .*Foreign"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_tagger_is_one_error(tmp_path, content):
    path = tmp_path / "tagger.skops"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a tagger saved with --save"):
        load(path)


def test_another_version_is_said(saved, monkeypatch, capsys):
    monkeypatch.setattr("tagger.saved.segmenter_name", lambda: "another segmenter")
    load(saved[0] / "tagger.skops")
    assert "here is another segmenter: tags may differ" in capsys.readouterr().err
