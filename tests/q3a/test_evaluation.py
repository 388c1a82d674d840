"""Nested evaluation: every article is judged by a model that has not seen it or its double."""

from common.command import UserError

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterGrid, cross_val_score

from tagger import search
from tagger.calibration import INVERSES, best_inverse, losses
from tagger.evaluation import evaluate
from tagger.families import REFERENCE_GRID, families, first_candidate, forest
from tagger.folds import FOLDS, check_tags, splits
from tagger.out_of_core import tagged
from tagger.search import choose
from tagger.terms import counted
from tests.q3a.conftest import corpus, counted_corpus, one_candidate, tagger_of


def test_what_can_be_told_is_told():
    evaluation = evaluate(counted_corpus(), families("linear", "none", seed=0), seed=0)
    assert evaluation.correct.all()
    assert sorted(set(evaluation.fold)) == list(range(FOLDS))
    assert evaluation.confidence.mean() > 0.8


def test_what_cannot_be_told_scores_no_better_than_chance():
    """Choosing the best of many candidates on the same folds would look better than it is."""
    articles = counted_corpus(per_tag=30, informative=False)
    evaluation = evaluate(articles, families("linear", "quick", seed=0), seed=0)
    assert evaluation.correct.mean() < 1 / 3 + 3 * np.sqrt(2 / 9 / len(articles))


def test_doubles_stay_in_one_fold():
    articles = corpus()
    articles["group"] = articles.index // 2
    for train, test in splits(articles, FOLDS, seed=0):
        assert not set(articles["group"][train]) & set(articles["group"][test])
        assert articles["tag"][test].nunique() == 3


def test_one_search_compares_whole_families():
    choice = choose(counted_corpus(per_tag=8), families("all", "quick", seed=0), folds=3, seed=0)
    assert choice.candidates["family"].nunique() == 5
    assert choice.candidates["macro_f1"].is_monotonic_decreasing
    rows = choice.candidates.query("family == @choice.family")
    assert choice.parameters == rows["parameters"].iloc[0]


def test_the_candidate_is_that_of_the_chosen_family():
    """The first family learns little: a stump cannot tell three tags apart."""
    articles, learners = counted_corpus(), families("linear", "quick", seed=0)
    stump = forest("stump", 0, {"model__max_depth": [1], "model__n_estimators": [1]})
    choice = choose(articles, [stump, *learners[1:]], folds=3, seed=0)
    assert choice.family == "linear on words and characters"
    pipeline = choice.candidate.pipeline(articles.terms.columns())
    assert choice.parameters["C"] == pipeline["model"].C
    assert choice.candidate.kinds == ("words", "characters")


def test_chance_does_not_choose_among_families():
    """The standard error of 0.9 in 900 articles is 0.01: 0.891 is as good as 0.9, 0.889 is not."""
    table = pd.DataFrame(
        {"family": ["c", "b", "b", "a"], "accuracy": [0.9, 0.895, 0.891, 0.889]}, index=[3, 1, 2, 0]
    ).assign(accuracy_variance=0.0)

    def preferred(table: pd.DataFrame, families: list[str], articles: int) -> pd.Series:
        return search.preferred(table, families, articles, "accuracy", folds=3)

    assert preferred(table, ["a", "b", "c"], articles=900).name == 1
    assert preferred(table, ["c", "b", "a"], articles=900).name == 3
    assert preferred(table, ["a", "b", "c"], articles=90).name == 0
    table["accuracy"] = [1.0, 1.0, 0.999, 0.99]
    assert preferred(table, ["a", "b", "c"], articles=900).name == 1
    assert preferred(table, ["a", "b", "c"], articles=90).name == 0


@pytest.mark.parametrize("family", families("all", "quick", seed=0), ids=lambda family: family.name)
def test_calibration_leaves_the_model_its_tags(family):
    """Sigmoids of each tag by itself, the usual way, would change some."""
    articles = counted_corpus(informative=False)
    tagger = tagger_of(first_candidate(family), articles)
    unseen = corpus(seed=1, informative=False)
    model = tagger["model"].model_
    predicted, confidence = tagged(tagger, unseen)
    places = np.searchsorted(
        model.classes_, model.predict(tagger["terms"].transform(unseen))
    )  # it may know tags as numbers
    assert predicted.tolist() == tagger.classes_[places].tolist()
    assert len(set(predicted)) > 1
    assert confidence.max() < 1


def test_no_confidence_is_more_than_so_many_articles_can_show():
    """Without a held-out error the temperature alone would make every confidence 1."""
    articles = corpus()
    tagger = tagger_of(one_candidate("linear"), counted(articles))
    predicted, confidence = tagged(tagger, articles)
    assert (predicted == articles["tag"]).all()
    assert confidence.mean() == pytest.approx((len(articles) + 1) / (len(articles) + 2))
    assert confidence.max() < 1


def test_one_seed_gives_one_result():
    articles, (candidate,) = corpus(per_tag=8, seed=1), families("forest", "none", seed=3)
    counts = counted(articles)
    first, second = (tagged(tagger_of(candidate, counts, seed=3), articles)[1] for _ in range(2))
    assert np.array_equal(first, second)


def test_the_reference_grid_is_the_classic_one():
    (reference,) = families("reference", "quick", seed=0)
    assert len(ParameterGrid(reference.grid)) == len(ParameterGrid(REFERENCE_GRID)) == 54


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["甲"] * 9, "only one tag, 甲"),
        (["甲"] * 9 + ["乙"] * 4, r"fewer than 5 .* 乙 \(4\)"),
        (list("abcdefgh"), r"of a \(1\), .* f \(1\) and 2 other tags: add some"),
    ],
)
def test_too_few_tags_or_articles(tags, message):
    with pytest.raises(UserError, match=message):
        check_tags(pd.DataFrame({"tag": tags, "group": range(len(tags))}))


def test_doubles_count_once():
    articles = pd.DataFrame(
        {"tag": ["甲"] * 5 + ["乙"] * 5, "group": [0, 1, 2, 3, 4, 5, 5, 5, 6, 7]}
    )
    with pytest.raises(UserError, match=r"different articles of 乙 \(3\)"):
        check_tags(articles)


def test_a_candidate_that_cannot_be_fitted_loses():
    """No word of short texts is in nine of ten articles; alone, it is one clear error."""
    floors = {"features__min_df": [0.9, 1]}
    choice = choose(counted_corpus(), [forest("both", 0, floors)], folds=2, seed=0)
    assert choice.parameters == {"min_df": 1}
    floor = [forest("floor", 0, {"features__min_df": [0.9]})]
    with pytest.raises(UserError, match="no candidate can learn"):
        choose(counted_corpus(), floor, 2, seed=0)
    nowhere = pd.DataFrame({"family": ["floor"], "macro_f1": [np.nan]})
    with pytest.raises(UserError, match="in every fold"):
        search.preferred(nowhere, ["floor"], 60, "macro_f1", folds=3)


def test_families_that_do_worse_than_one_before_them_are_judged_in_one_fold():
    found = pd.DataFrame(
        {"accuracy": [0.8, np.nan, 0.7, 0.9, 0.8, 0.9]},
        pd.MultiIndex.from_tuples(
            [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("d", 1), ("e", 0)], names=["family", "number"]
        ),
    )
    order = [forest(name, 0, {}) for name in "abcde"]
    assert [it.name for it in search.finalists(found, order, "accuracy")] == ["a", "d", "e"]
    assert [it.name for it in search.finalists(found, order[::-1], "accuracy")] == ["e", "d"]

    stump = forest("stump", 0, {"model__max_depth": [1], "model__n_estimators": [1]})
    choice = choose(counted_corpus(), [one_candidate("linear"), stump], folds=3, seed=0)
    assert choice.candidates.set_index("family")["folds"].tolist() == [3, 1]


def test_candidates_that_are_as_good_stand_in_the_order_of_their_families():
    folds = pd.MultiIndex.from_product(
        [["b", "a"], [0], [0, 1]], names=["family", "number", "fold"]
    )
    found = pd.DataFrame({"accuracy": 0.5}, folds)
    table = search.candidate_table(found, [forest(name, 0, {}) for name in "ba"], "accuracy")
    assert table["family"].tolist() == ["b", "a"]


def test_figures_of_a_search_are_means_over_its_folds():
    articles, family = counted_corpus(informative=False), one_candidate("linear")
    row = choose(articles, [family], folds=3, seed=0).candidates.iloc[0]
    model = family.pipeline(articles.terms.columns())
    cv = splits(articles.articles, 3, seed=0)
    by_hand = cross_val_score(model, articles.counts, articles.tags, cv=cv, scoring="f1_macro")
    assert row["macro_f1"] == pytest.approx(by_hand.mean())
    assert row["spread"] == pytest.approx(by_hand.std())


def test_the_temperature_is_that_of_the_least_log_loss():
    """An optimiser finds it by scikit-learn's log loss; ours interpolates between temperatures."""
    generator = np.random.default_rng(0)
    tags = generator.integers(0, 3, 500)
    for sharpness in (0.3, 1, 20):
        held_out = (np.eye(3)[tags] + generator.normal(0, 0.6, (500, 3))) / sharpness
        found = best_inverse(losses(held_out, np.arange(3), tags))
        theirs = minimize_scalar(
            lambda log, held_out=held_out: log_loss(tags, softmax(np.exp(log) * held_out, axis=1)),
            bounds=(-5, 7),
        )
        assert found == pytest.approx(np.exp(theirs.x), rel=0.02)


def test_a_temperature_is_found_without_errors_and_without_any_of_the_tags():
    scores, classes = np.eye(3) / 100, np.arange(3)
    assert best_inverse(losses(scores, classes, classes)) == pytest.approx(INVERSES[-1])
    assert best_inverse(losses(scores[::-1], classes, classes)) == pytest.approx(INVERSES[0])
    assert losses(scores, classes, classes + 7).tolist() == [0] * len(INVERSES)
