"""Features of users: known values by hand."""

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from recommender.features import normalised_plays, scaled_age


def test_shares_of_plays_sum_to_one_and_empty_rows_stay_empty():
    shares = normalised_plays(csr_array([[1.0, 3.0], [0.0, 0.0], [0.0, 9.0]]))
    assert shares.toarray().tolist() == [[0.25, 0.75], [0, 0], [0, 1]]


def test_missing_and_impossible_ages_stand_at_the_mean_of_the_valid_ones():
    ages = pd.Series([20, 40, np.nan, -1337, 1002, 60])
    assert scaled_age(ages).tolist() == [0, 0.5, 0.5, 0.5, 0.5, 1]


def test_ages_0_and_100_are_valid():
    assert scaled_age(pd.Series([0.0, 100, 101])).tolist() == [0, 1, 0.5]


def test_ages_that_are_all_equal_or_all_missing_tell_nothing():
    assert scaled_age(pd.Series([30.0, 30.0])).tolist() == [0, 0]
    assert scaled_age(pd.Series([np.nan, -1])).tolist() == [0, 0]
