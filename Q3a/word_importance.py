"""What a fitted tagger has learnt: the words that weigh most in its decisions."""

import numpy as np
import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline


def fitted_pipeline(tagger: CalibratedClassifierCV) -> Pipeline:
    """Return the one pipeline under the calibration."""
    return tagger.calibrated_classifiers_[0].estimator


def top_words(tagger: CalibratedClassifierCV, count: int) -> pd.DataFrame:
    """Return the `count` weightiest words, best first, with columns word, tag, importance.

    A forest's importance is the mean decrease in impurity, of no one tag; a linear model's is the
    coefficient for the tag that the word speaks for most.
    """
    pipeline = fitted_pipeline(tagger)
    words = [name.split("__", 1)[1] for name in pipeline["features"].get_feature_names_out()]
    model = pipeline["model"]
    if hasattr(model, "feature_importances_"):
        table = pd.DataFrame({"word": words, "tag": "", "importance": model.feature_importances_})
    else:
        weights = tag_coefficients(model)
        tags = model.classes_[weights.argmax(axis=0)]
        table = pd.DataFrame({"word": words, "tag": tags, "importance": weights.max(axis=0)})
    return table.nlargest(count, "importance", keep="first").reset_index(drop=True)


def tag_coefficients(model) -> np.ndarray:
    """Return coefficients of shape (tags, features); of two tags scikit-learn keeps one row."""
    return model.coef_ if len(model.classes_) > 2 else np.vstack([-model.coef_, model.coef_])
