"""Whether a batch of articles is unlike those that a tagger has learnt from.

Two things are compared with the articles of the outer folds, each judged by a tagger that did not
see it: the share of the characters, and pairs of them, that are unseen, and how the predicted tags
are distributed. A difference counts if it is large and no chance: chance is measured by how much
single held-out articles differ.
"""

import numpy as np
from scipy.stats import chi2_contingency
from sklearn.base import BaseEstimator

LEAST_ARTICLES = 20  # of a batch that is compared
LARGE = {"unseen": 0.3, "tags": 0.1}  # standard deviations of articles; total variation
ERRORS = 4.0  # standard errors of the mean share of unseen terms
UNLIKELY = 1e-4  # probability of such tags, or others as rare, among training articles
NAMED = 3  # tags


class Drift(BaseEstimator):
    """What is usual of held-out articles.

    Fitted: the number of `articles_`, the `mean_` and `deviation_` of their shares of unseen terms,
    the predicted `tags_`, sorted, and the `counts_` of each.
    """

    def fit(self, known_share: np.ndarray, predicted: np.ndarray) -> "Drift":
        """Learn from the held-out articles' shares of known terms, and their predicted tags."""
        self.articles_ = len(known_share)
        self.mean_, self.deviation_ = float(1 - known_share.mean()), float(known_share.std())
        self.tags_, self.counts_ = np.unique(predicted, return_counts=True)
        return self

    def differences(self, known_share: np.ndarray, predicted: np.ndarray) -> list[str]:
        """Return how a batch differs, in a phrase each; none if it is alike, or too small."""
        if len(known_share) < LEAST_ARTICLES:
            return []
        unseen, found = 1 - known_share, []
        tags = np.union1d(self.tags_, predicted)
        usual = np.zeros(len(tags))
        usual[np.searchsorted(tags, self.tags_)] = self.counts_
        now = np.array([(predicted == tag).sum() for tag in tags])
        if self.is_less_known(unseen):
            found.append(
                f"{unseen.mean():.1%} of the characters and pairs of them are unseen, usually"
                f" {self.mean_:.1%}"
            )
        if is_other_distribution(usual, now):
            usual, now = usual / usual.sum(), now / now.sum()
            most = np.argsort(-abs(now - usual), kind="stable")[:NAMED]
            shares = (f"{tags[it]} {now[it]:.0%} (usually {usual[it]:.0%})" for it in most)
            found.append(f"of the tags {', '.join(shares)}")
        return found

    def is_less_known(self, unseen: np.ndarray) -> bool:
        """Whether the articles have more unseen terms than others would by chance."""
        rise = unseen.mean() - self.mean_
        error = self.deviation_ * np.sqrt(1 / len(unseen) + 1 / self.articles_)
        return bool(rise > ERRORS * error and rise > LARGE["unseen"] * self.deviation_)


def is_other_distribution(usual: np.ndarray, now: np.ndarray) -> bool:
    """Whether counts by tag are distributed otherwise than by chance, and by much."""
    variation = abs(usual / usual.sum() - now / now.sum()).sum() / 2
    return bool(variation > LARGE["tags"] and chi2_contingency([usual, now]).pvalue < UNLIKELY)
