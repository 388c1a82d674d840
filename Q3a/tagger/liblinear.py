"""scikit-learn's liblinear, one fit at a time, so that a seed is all that decides its result.

Its random numbers come from one generator of the whole process, which each fit seeds: `mt_rand` in
scikit-learn's svm/src/newrand/newrand.h. Fits side by side in threads would take each other's
numbers, and end a little elsewhere in each run. Processes, as a cluster's, have one each.
"""

from threading import Lock

from sklearn.svm import LinearSVC

ONE_AT_A_TIME = Lock()


class RepeatableSVC(LinearSVC):
    """LinearSVC, the fit of which is repeatable in threads too."""

    def fit(self, X, y, sample_weight=None) -> "RepeatableSVC":
        with ONE_AT_A_TIME:
            return super().fit(X, y, sample_weight)
