"""The script as a user runs it: report, predictions, and one line for each mistake."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from quality.report import MOST_LINES
from tagger.families import families
from tagging_prediction import main
from tests.conftest import ROOT, run_script, take_interrupts

SCRIPT = "Q3a/tagging_prediction.py"
FIXTURES = ROOT / "tests" / "fixtures" / "q3a"
ARTICLES = FIXTURES / "articles.csv"
NEW = FIXTURES / "new.csv"
FAST = ("--search", "none", "--model", "linear")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    output = tmp_path_factory.mktemp("q3a") / "tagged.csv"
    arguments = (
        "--train",
        ARTICLES,
        "--test",
        NEW,
        "--output",
        output,
        "--format",
        "json",
    )
    finished = run_script(SCRIPT, *arguments, *FAST)
    assert finished.returncode == 0, finished.stderr
    return finished, output


def test_csv_has_the_figures_of_each_tag(finished):
    told = json.loads(finished[0].stdout)["tags"]
    csv = run_script(SCRIPT, "--train", ARTICLES, "--format", "csv", *FAST).stdout
    table = pd.read_csv(io.StringIO(csv))
    assert list(table) == ["tag", "articles", "precision", "recall", "f1"]
    assert table["articles"].tolist() == [tag["articles"] for tag in told]
    assert table["f1"].to_numpy() == pytest.approx([tag["f1"] for tag in told])


def test_the_report_holds_the_figures(finished):
    figures = json.loads(finished[0].stdout)
    assert len(figures["accuracy_folds"]) == 5
    assert figures["accuracy_mean"] == pytest.approx(sum(figures["accuracy_folds"]) / 5)
    assert 0.6 < figures["accuracy_mean"] <= 1
    assert 0.6 < figures["macro_f1"] <= 1
    assert figures["best_parameters"]
    assert len(figures["top_words"]) == 50
    hits = sum(row[place] for place, row in enumerate(figures["confusion"]))
    assert len(figures["misclassified"]) == figures["articles"] - hits


@pytest.mark.parametrize("separator", [None, "|"])
def test_a_text_has_the_surest_mistakes_and_the_number_of_the_others(tmp_path, capsys, separator):
    """The tags are drawn, so that about half of them are missed."""
    draw = random.Random(1)  # noqa: S311
    words = ["白宮", "球隊", "樓盤", "天氣", "颱風", "電影"]
    rows = [
        f"{row},{draw.choice('甲乙')},{''.join(draw.choices(words, k=9))}" for row in range(150)
    ]
    train = tmp_path / "train.csv"
    train.write_text("\n".join(["id,tag,text", *rows]) + "\n", encoding="utf-8")
    asked = ["--train", str(train), *FAST]
    if separator:
        asked = ["--train", str(train), "--multi-label", separator]
    found = {}
    for form in ("text", "json"):
        assert main([*asked, "--format", form]) == 0
        found[form] = capsys.readouterr().out
    wrong = [row["id"] for row in json.loads(found["json"])["misclassified"]]
    assert len(wrong) > MOST_LINES
    lines = [line for line in found["text"].splitlines() if ", in truth " in line]
    assert [line.split(":")[0].strip() for line in lines] == wrong[:MOST_LINES]
    assert f"  and {len(wrong) - MOST_LINES} more: --format json has all\n" in found["text"]


def test_every_new_article_gets_a_tag_and_keeps_its_id(finished):
    new = pd.read_csv(NEW, dtype=str, keep_default_na=False)
    predictions = pd.read_csv(finished[1], dtype=str, keep_default_na=False)
    assert predictions.columns.tolist() == ["id", "text", "predicted_tag", "confidence", "novelty"]
    assert predictions["id"].tolist() == new["id"].tolist()
    assert predictions["text"].tolist() == new["text"].tolist()
    assert set(predictions["predicted_tag"]) <= {"拜登", "NBA", "新盤市況"}
    assert predictions["confidence"].astype(float).between(1 / 3, 1).all()


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--train", "missing.csv"), ["--train", "'missing.csv' does not exist"]),
        (("--train", "no/*.csv"), ["--train", "'no/*.csv' does not exist"]),
        (
            ("--train", ARTICLES, NEW),
            ["unexpected", "new.csv", "repeat --train"],
        ),
        (("--train", ARTICLES, "--on-bad-row", "mend"), ["--on-bad-row", "'stop', 'skip'"]),
        (("--test", NEW), ["--test needs --train"]),
        (("--train", NEW), ["new.csv:1: ", "'tag'"]),
        (("--train", ARTICLES, "--columns", "label=x"), ["label", "tag=NAME"]),
        (("--train", ARTICLES, "--columns", "id=id,id=tag"), ["id=id,id=tag", "twice"]),
        (("--model", "oracle"), ["--model", "oracle"]),
        (("--seed", "-1"), ["--seed", "-1 is not in the range"]),
        (("--min-confidence", "1.5"), ["--min-confidence", "1.5 is not in the range 0<=x<=1"]),
        (("--min-confidence", "NBA=1.5"), ["--min-confidence", "1.5 is not in the range"]),
        (("--min-confidence", "NBA=.1,NBA=.2"), ["--min-confidence", "two limits for NBA"]),
        (
            ("--train", ARTICLES, "--min-confidence", "MLB=.5", *FAST),
            ["--min-confidence", "no tag 'MLB' among NBA"],
        ),
        (("--encoding", "utf-8", "--encoding", "gbk"), ["--encoding", "two encodings"]),
        (("--train", ARTICLES, "--encoding", "x.csv=gbk"), ["--encoding x.csv", "names this file"]),
        (("--output", "x.parquet"), ["--output x.parquet", "CSV"]),
        (("--output", "x.xlsx", "--output-encoding", "utf-8-sig"), ["--output-encoding", "CSV"]),
        (("--min-confidence", "nan"), ["--min-confidence", "from 0 to 1"]),
        (("--importance", "permutation"), ["is for forests", "--model forest"]),
        (("--predict", "--test", NEW), ["--predict needs --model-file"]),
        (("--predict", "--test", NEW, "--model-file", "none.skops"), ["none.skops"]),
        (("--predict", "--test", NEW, "--model-file", NEW), ["new.csv", "not a tagger"]),
        (
            ("--train", ARTICLES, "--save", "nowhere/x.skops"),
            ["'nowhere/x.skops' is not a file in a folder"],
        ),
        (("--train", ARTICLES, "--out-of-core"), ["fewer than 100 articles"]),
        (("--train", ARTICLES, "--out-of-core", "--model", "linear"), ["one model of its own"]),
        (("--train", ARTICLES, "--out-of-core", "--search", "none"), ["one model of its own"]),
        (("--train", ARTICLES, "--test", NEW, "--output", ARTICLES), ["--output", "the same file"]),
        (("--train", ARTICLES, "--save", ARTICLES), ["--save", "another option names"]),
        (("--train", ARTICLES, "--save", "x.csv", "--candidates", "./x.csv"), ["the same file"]),
        (("--train", ARTICLES, "--save", FIXTURES), ["--save", "is a directory"]),
        (
            ("--train", ARTICLES, "--plot", "x.png", "--font", NEW),
            ["--font", "not a font's file"],
        ),
        (("--train", ARTICLES, "--review", "x.jsonl"), ["--review x.jsonl", "CSV"]),
        (("--train", ARTICLES, "--review", ARTICLES), ["--review", "the same file"]),
        (("--train", ARTICLES, "--multi-label", "/", "--reasons"), ["--reasons", "one tag"]),
        (("--train", ARTICLES, "--corrections", "no.csv"), ["--corrections", "'no.csv'"]),
        (
            ("--predict", "--test", NEW, "--model-file", NEW, "--corrections", ARTICLES),
            ["--predict learns nothing"],
        ),
        (("--train", ARTICLES, "--encoding", "utf-16"), ["name another with --encoding"]),
    ],
)
def test_a_mistake_is_one_line(arguments, parts, capsys):
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    line = err.strip().splitlines()[-1]
    assert line.startswith("tagging_prediction.py: error: ")
    assert all(part in line for part in parts), line
    assert not out


def test_files_have_their_own_encodings_which_are_reported(tmp_path, capsys):
    train, new = tmp_path / "train.csv", tmp_path / "new.csv"
    train.write_text(ARTICLES.read_text(encoding="utf-8"), encoding="gb18030")
    new.write_text(NEW.read_text(encoding="utf-8"), encoding="big5hkscs", errors="replace")
    asked = ("--train", train, "--test", new, "--output", tmp_path / "tags.csv", *FAST)
    assert main([*map(str, asked), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    read = json.loads(out)["read"]
    assert read["train"]["encodings"] == {str(train): "gb18030"}
    assert read["test"]["encodings"] == {str(new): "big5hkscs"}
    for path, encoding in ((train, "gb18030"), (new, "big5hkscs")):
        assert f"{path}: read as {encoding}\n" in err
    tags = pd.read_csv(tmp_path / "tags.csv", dtype=str, keep_default_na=False)
    assert tags["id"].tolist() == pd.read_csv(NEW, dtype=str, keep_default_na=False)["id"].tolist()


@pytest.mark.parametrize("name", ["tags.csv", "tags.xlsx"])
def test_a_header_without_articles_gives_a_header_without_tags(tmp_path, capsys, name):
    empty, output = tmp_path / "empty.csv", tmp_path / name
    empty.write_text("id,text\n", encoding="utf-8")
    answer(capsys, "--train", ARTICLES, "--test", empty, "--output", output, *FAST)
    read = pd.read_csv if name.endswith("csv") else pd.read_excel
    assert list(read(output)) == ["id", "text", "predicted_tag", "confidence", "novelty"]
    assert read(output).empty


def test_a_rare_tag_is_one_line_and_writes_nothing(tmp_path, capsys):
    path, output = tmp_path / "rare.csv", tmp_path / "tagged.csv"
    path.write_text(ARTICLES.read_text(encoding="utf-8") + "999,財經,股市上升\n", encoding="utf-8")
    arguments = ("--train", path, "--test", NEW, "--output", output, *FAST)
    assert main([str(argument) for argument in arguments]) == 2
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "財經 (1)" in line and "fewer than 5" in line
    assert not output.exists()


def test_files_are_named_again_and_again_or_by_a_pattern(tmp_path, capsys):
    header, *rows = ARTICLES.read_text(encoding="utf-8").splitlines(keepends=True)
    for number in range(2):
        part = tmp_path / f"{number}.csv"
        part.write_text(header + "".join(rows[number::2]), encoding="utf-8")
    named = ("--train", tmp_path / "0.csv", "--train", tmp_path / "1.csv")
    found = [
        json.loads(answer(capsys, *train, "--format", "json", *FAST))["articles"]
        for train in (named, ("--train", tmp_path / "*.csv"))
    ]
    assert found == [len(rows), len(rows)]


def answer(capsys, *arguments) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_bad_rows_are_in_the_report_or_stop_the_run(tmp_path, capsys):
    articles, new = tmp_path / "articles.csv", tmp_path / "new.csv"
    content = ARTICLES.read_text(encoding="utf-8")
    lines = content.count("\n")
    articles.write_text(content + "900,NBA,！！\n901,,湖人\n", encoding="utf-8")
    new.write_text("id,text\n1,湖人擊敗勇士\n2\n", encoding="utf-8")
    asked = ("--train", articles, "--test", new, "--output", tmp_path / "tags.csv", *FAST)
    assert main([*map(str, asked), "--format", "json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["rejected"] == {
        "train": {
            "no tag": {"rows": 1, "first": f"{articles}:{lines + 2}"},
            "no words": {"rows": 1, "first": f"{articles}:{lines + 1}"},
        },
        "test": {"wrong number of fields": {"rows": 1, "first": f"{new}:3"}},
    }
    assert f"1 row rejected, first {new}:3: wrong number of fields\n" in err
    assert f"1 row rejected, first {articles}:{lines + 1}: no words\n" in err
    assert main([*map(str, asked), "--on-bad-row", "stop"]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"{new}:3: wrong number of fields; fix the row or pass --on-bad-row skip" in line


def test_tags_go_to_the_current_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    answer(capsys, "--train", ARTICLES, "--test", NEW, *FAST)
    assert [path.name for path in tmp_path.iterdir()] == ["prediction.csv"]


def test_every_model_and_search_of_the_command_is_known():
    choices = {param.name: param.type for param in main.params}
    for model in choices["model"].choices:
        for search in choices["search"].choices:
            assert families(model, search, seed=0)


def loaded(folder, arguments: list[str]) -> set[str]:
    """Return the names of all modules that a run of the command loads, in another process."""
    code = (
        "import sys; from tagging_prediction import main; status = main(sys.argv[1:]);"
        " print(*sys.modules, file=sys.stderr); sys.exit(status)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT / "Q3a"), "XDG_CACHE_HOME": str(folder)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert finished.returncode == 0, finished.stderr
    return set(finished.stderr.splitlines()[-1].split())


def test_help_loads_nothing_that_computes(tmp_path):
    heavy = {"numpy", "pandas", "sklearn", "scipy", "joblib", "tqdm", "skops", "rustling", "dask"}
    assert not loaded(tmp_path, ["--help"]) & heavy


@pytest.mark.slow
def test_a_saved_tagger_needs_no_corpus_report_or_plot(tmp_path):
    tagger, title = tmp_path / "tagger.skops", tmp_path / "title.csv"
    title.write_text("id,text\n1,湖人擊敗勇士\n", encoding="utf-8")
    learn = ("--train", ARTICLES, "--save", tagger, *FAST)
    assert run_script(SCRIPT, *learn, XDG_CACHE_HOME=str(tmp_path)).returncode == 0
    files = ["--model-file", tagger, "--test", title, "--output", tmp_path / "tagged.csv"]
    heavy = {"pycantonese", "quality", "matplotlib", "datasketch", "opencc", "openpyxl"}
    assert not loaded(tmp_path, ["--predict", *map(str, files)]) & heavy


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to interrupt")
@pytest.mark.parametrize(
    "seconds", [2, *(pytest.param(it, marks=pytest.mark.slow) for it in (0.7, 6))]
)
def test_an_interrupt_is_one_line_also_of_the_workers(seconds, tmp_path):
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "--output", tmp_path / "tags.csv", "--search", "full"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        preexec_fn=take_interrupts,
    )
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    said = [line for line in err.splitlines() if not line.startswith("no --train")]
    assert said == ["tagging_prediction.py: interrupted"]
    assert not out and not list(tmp_path.iterdir())
