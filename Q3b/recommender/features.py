"""What a user is compared by in the classic method: plays, age and country, side by side."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from sklearn.preprocessing import minmax_scale, normalize

from listening.age_groups import OLDEST


def normalised_plays(matrix: csr_array) -> csr_array:
    """The plays as shares: each row sums to 1 (L1 norm), a row without plays stays empty."""
    return normalize(matrix, norm="l1")


def valid_age(ages: pd.Series) -> pd.Series:
    """The ages in years, NaN for those that are missing or outside 0 to OLDEST."""
    return ages.where(ages.between(0, OLDEST))


def scaled_age(ages: pd.Series) -> np.ndarray:
    """(n,) ages scaled to 0 to 1; missing and invalid ones stand at the mean of the rest."""
    valid = valid_age(ages)
    filled = valid.fillna(valid.mean() if valid.notna().any() else 0)
    return minmax_scale(filled.to_numpy(dtype=float))
