"""Confidence from a model's scores: one temperature for all tags, never surer than the articles.

One temperature never changes the model's tag (Guo and others 2017, arxiv.org/abs/1706.04599). It
is found from held-out errors, and where there are none it would make every confidence 1.
"""

from common.command import OutsideError

import numpy as np
import sklearn
from scipy.optimize import brentq
from sklearn.calibration import CalibratedClassifierCV

FLATTEST = 1e-9  # inverse temperature at which all tags are as likely


def bounded(tagger: CalibratedClassifierCV, articles) -> CalibratedClassifierCV:
    """Raise the temperature to where the mean confidence on `articles` is what they can show.

    tagger: fitted with `method="temperature"` and one calibrator; it is changed and returned.
    articles: n rows, as the model reads them, that it learnt or was calibrated from. Had all of
    them been tagged rightly without having been seen, the next would be with probability
    (n + 1) / (n + 2): Laplace's rule of succession.
    """
    estimator, calibrator = estimator_and_temperature(tagger)
    has_scores = hasattr(estimator, "decision_function")
    score = estimator.decision_function if has_scores else estimator.predict_proba
    scores = score(articles)
    most = (len(scores) + 1) / (len(scores) + 2)

    def excess(log_inverse: float) -> float:
        calibrator.beta_ = np.exp(log_inverse)
        return calibrator.predict(scores).max(axis=1).mean() - most

    log_inverse = np.log(calibrator.beta_)
    if excess(log_inverse) > 0:
        log_inverse = brentq(excess, np.log(FLATTEST), log_inverse)
    calibrator.beta_ = np.exp(log_inverse)
    return tagger


def estimator_and_temperature(tagger: CalibratedClassifierCV) -> tuple:
    """Return the fitted model, and scikit-learn's calibrator of it, whose `beta_` can be set.

    `beta_` is the inverse temperature. No public interface of scikit-learn sets it; tested with
    scikit-learn 1.9.1. Raises OutsideError where the names are others.
    """
    try:
        (fitted,) = tagger.calibrated_classifiers_
        (calibrator,) = fitted.calibrators
        _ = fitted.estimator, calibrator.beta_, calibrator.predict
    except (AttributeError, ValueError) as error:
        raise OutsideError(
            f"scikit-learn {sklearn.__version__}: the temperature cannot be bounded ({error});"
            " this was tested with scikit-learn 1.9.1: install that"
        ) from None
    return fitted.estimator, calibrator
