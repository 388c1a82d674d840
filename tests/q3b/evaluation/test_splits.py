"""What is held out, and what is left out, by construction."""

import numpy as np
from scipy.sparse import csr_array

from evaluation.splits import after_cut, folds, last_of_users, split, usable
from listening.play_counts import play_counts_of
from listening.sample.listeners import generated_play_counts


def test_rare_artists_go_first_and_users_with_too_few_left_after():
    users = ["a"] * 6 + ["b"] * 5 + ["c"] * 5
    artists = [*"uvwxyz", *"uvwxy", *"uvwx", "only c's"]
    data = usable(play_counts_of(users, artists, [1.0] * 16))
    assert data.users.tolist() == ["a", "b"]
    assert data.artists.tolist() == ["u", "v", "w", "x", "y"]
    assert data.matrix.toarray().tolist() == [[1] * 5] * 2


def test_profiles_stay_with_their_users():
    data = generated_play_counts(users=60, artists=50, seed=4)
    left = usable(data)
    assert left.profiles.index.tolist() == left.users.tolist()


def test_a_fifth_of_each_user_s_artists_is_held_out_and_nothing_is_lost():
    plays = generated_play_counts(users=200, artists=300, seed=4).matrix
    parts = split(plays, seed=1, number=1)
    assert parts.absent == 0
    assert (parts.train + parts.test != plays).nnz == 0
    assert parts.train.multiply(parts.test).nnz == 0
    counts = np.diff(plays.indptr)
    expected = np.maximum(np.rint(counts * 0.2), (counts >= 2).astype(int))
    assert np.diff(parts.test.indptr).tolist() == expected.tolist()


def test_one_artist_stays_and_of_two_one_is_held_out():
    parts = split(csr_array([[1.0, 0], [1, 2], [0, 0], [0, 3]]), seed=1, number=1)
    assert np.diff(parts.test.indptr).tolist() == [0, 1, 0, 0]


def test_a_split_repeats_by_seed_and_number_and_differs_by_either():
    plays = generated_play_counts(users=50, artists=80, seed=4).matrix
    one, same = split(plays, 1, 1), split(plays, 1, 1)
    assert (one.test != same.test).nnz == 0
    for seed, number in ((1, 2), (2, 1)):
        assert (one.test != split(plays, seed, number).test).nnz > 0


def test_every_artist_of_a_user_is_held_out_about_equally_often():
    plays = csr_array(np.ones((4000, 10)))
    held_out = split(plays, 1, 1).test.sum(axis=0)
    assert held_out.sum() == 8000
    assert np.abs(held_out - 800).max() < 5 * np.sqrt(800 * 0.8)


def test_every_play_is_in_the_test_part_of_one_fold():
    plays = generated_play_counts(users=100, artists=80, seed=4).matrix
    parts = folds(plays, seed=1, number=10)
    assert (sum(part.test for part in parts) != plays).nnz == sum(part.absent for part in parts)
    assert all((part.train + part.test != plays).nnz == part.absent for part in parts)
    sizes = [part.test.nnz for part in parts]
    assert max(sizes) - min(sizes) <= 1
    of_users = np.array([np.diff(part.test.indptr) for part in parts])
    assert (np.ptp(of_users, axis=0) <= 1).all()


def test_folds_repeat_by_seed_and_differ_by_it():
    plays = generated_play_counts(users=50, artists=80, seed=4).matrix
    one, same, other = (folds(plays, seed, 5)[0].test for seed in (1, 1, 2))
    assert (one != same).nnz == 0
    assert (one != other).nnz > 0


def test_artists_absent_from_training_are_left_out_of_the_test_and_counted():
    plays = csr_array(np.hstack([np.ones((40, 4)), np.eye(40)]))
    parts = split(plays, seed=1, number=1)
    assert parts.test[:, 4:].nnz == 0
    assert 0 < parts.absent < 40
    assert parts.train.nnz + parts.test.nnz + parts.absent == plays.nnz
    assert parts.train[:, 4:].nnz == 40 - parts.absent


def test_the_last_fifth_of_each_user_is_held_out():
    random = np.random.default_rng(1)
    plays = csr_array(random.integers(1, 9, (30, 10)).astype(float))
    times = random.permutation(300).astype(float)
    parts = last_of_users(plays, times, seed=1)
    for user, of_user in enumerate(times.reshape(30, 10)):
        assert set(parts.test[[user]].indices) == set(np.argsort(of_user)[-2:])


def test_equal_times_are_held_out_at_random():
    plays = csr_array(np.ones((4000, 10)))
    held_out = last_of_users(plays, np.zeros(plays.nnz), seed=1).test.sum(axis=0)
    assert np.abs(held_out - 800).max() < 5 * np.sqrt(800 * 0.8)


def test_all_plays_after_one_moment_are_held_out():
    """User a is on both sides, b before it, c after it; artist 3 is played after it alone."""
    plays = csr_array([[1.0, 1, 1, 1], [1, 1, 1, 0], [0, 1, 0, 0]])
    times = np.array([1.0, 2, 9, 9, 3, 4, 5, 9])
    parts = after_cut(plays, times)
    assert parts.train.toarray().tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]]
    assert parts.test.toarray().tolist() == [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert parts.absent == 1


def test_a_cut_holds_out_the_latest_fifth_of_all_plays():
    plays = csr_array(np.ones((20, 50)))
    times = np.random.default_rng(1).permutation(1000).astype(float)
    parts = after_cut(plays, times)
    assert parts.train.nnz == 800
    held_out = parts.test.toarray().ravel() > 0
    assert times[held_out].min() == 800
