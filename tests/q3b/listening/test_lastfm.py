"""Reading the Last.fm 360K files: every oddity is kept or counted, and profiles join by user id."""

from common.command import UserError

import numpy as np
import pytest

from listening.lastfm import (
    PLAYS_FILE,
    PROFILE_FILE,
    read_lastfm,
    read_plays,
    read_profiles,
    read_spellings,
)
from listening.source import read_listening
from tests.conftest import ROOT

QUIRKS = ROOT / "tests" / "fixtures" / "q3b" / "quirks"
ANNA, BORIS, CLEO, DORA = "a" * 40, "b" * 40, "c" * 40, "d" * 40
LARKS = "11111111-1111-4111-8111-111111111111"


@pytest.fixture(scope="module")
def quirks():
    return read_lastfm(QUIRKS)


def plays_of(play_counts, user: str) -> dict[str, float]:
    row = play_counts.users.tolist().index(user)
    line = play_counts.matrix[[row]]
    return dict(zip(play_counts.artist_names[line.indices], line.data.tolist(), strict=True))


def test_every_row_left_out_is_counted_by_reason(quirks):
    assert quirks[1] == {
        "plays: not 4 columns": 1,
        "plays: user id is not a sha1": 1,
        "plays: neither MBID nor name": 1,
        "plays: count is not a number": 1,
        "plays: count is not above zero": 2,
        "plays: count is not a whole number": 0,
        "profile: not 5 columns": 1,
        "profile: user id is not a sha1": 1,
        "profile: user id repeated": 1,
    }


def test_the_first_row_of_each_reason_is_told_by_its_line():
    """The profiles have a header; both files have rows of another number of columns."""
    plays, profiles = QUIRKS / PLAYS_FILE, QUIRKS / PROFILE_FILE
    assert read_listening(plays, profiles).first_rejected == {
        "plays: not 4 columns": f"{plays}:13",
        "plays: user id is not a sha1": f"{plays}:8",
        "plays: neither MBID nor name": f"{plays}:12",
        "plays: count is not a number": f"{plays}:11",
        "plays: count is not above zero": f"{plays}:9",
        "profile: not 5 columns": f"{profiles}:7",
        "profile: user id is not a sha1": f"{profiles}:6",
        "profile: user id repeated": f"{profiles}:5",
    }


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_are_counted_with_header_ragged_rows_and_empty_lines(tmp_path, line_end):
    good, bad = f"{ANNA}\t\tlarks\t3", f"{ANNA}\t\tlarks\tmany"
    lines = ["user\tmbid\tname\tplays", good, "", " ", "too\tfew", good, "", bad, "few", bad]
    path = tmp_path / PLAYS_FILE
    path.write_text(line_end.join([*lines, good]), encoding="utf-8", newline="")
    _, rejected = read_plays(path)
    assert rejected.counts["plays: not 4 columns"] == 3
    assert rejected.first == {"plays: not 4 columns": 4, "plays: count is not a number": 8}


def test_a_file_without_bad_rows_is_not_read_again(tmp_path, monkeypatch):
    def again(*_):
        raise AssertionError("the file was read again")

    monkeypatch.setattr("listening.lastfm.lines_of_rows", again)
    path = tmp_path / PLAYS_FILE
    path.write_text(f"{ANNA}\t\tlarks\t3\n", encoding="utf-8")
    assert read_plays(path, on_bad_row="stop")[0].matrix.sum() == 3


def test_reading_stops_at_the_first_bad_row_of_the_file_if_asked_to(tmp_path):
    advice = "; fix the row or pass --on-bad-row skip"
    profiles, plays = QUIRKS / PROFILE_FILE, QUIRKS / PLAYS_FILE
    with pytest.raises(UserError) as error:
        read_lastfm(QUIRKS, on_bad_row="stop")
    assert str(error.value) == f"{profiles}:5: user id repeated{advice}"
    for read in (read_plays, lambda path, how: read_listening(path, profiles, on_bad_row=how)):
        with pytest.raises(UserError) as error:
            read(plays, "stop")
        assert str(error.value) == f"{plays}:8: user id is not a sha1{advice}"
    copy = tmp_path / PLAYS_FILE
    copy.write_text("1 of\t2\n" + plays.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(UserError, match=r"\.tsv:1: not 4 columns; fix the row"):
        read_plays(copy, on_bad_row="stop")


def test_of_a_file_of_bad_rows_alone_the_first_is_told_if_it_stops(tmp_path):
    path = tmp_path / PLAYS_FILE
    path.write_text("nobody\t\tlarks\t3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r":1: user id is not a sha1; fix the row or pass"):
        read_plays(path, on_bad_row="stop")


def test_quotes_are_plain_characters_and_names_that_read_as_missing_stay(quirks):
    assert plays_of(quirks[0], BORIS) == {"the larks": 35, "NA": 7, '"unbalanced': 3}
    assert plays_of(quirks[0], ANNA) == {"the larks": 10, 'seven" single': 4, "null": 1}


def test_artists_are_keyed_by_mbid_and_by_name_without_one(quirks):
    larks = quirks[0].artists.tolist().index(LARKS)
    assert quirks[0].artist_names[larks] == "the larks", "the most frequent spelling is shown"
    assert {"NA", "null", '"unbalanced'} < set(quirks[0].artists)


def test_an_mbid_in_the_place_of_the_name_is_the_same_artist(tmp_path):
    path = tmp_path / PLAYS_FILE
    path.write_text(f"{ANNA}\t{LARKS}\t\t3\n{BORIS}\t\t{LARKS}\t4\n", encoding="utf-8")
    play_counts, _ = read_plays(path)
    assert play_counts.matrix.toarray().tolist() == [[3], [4]]
    assert play_counts.artist_names.tolist() == [LARKS], "an artist without any name shows its key"


def test_spellings_of_one_mbid_are_told():
    spellings = read_spellings(QUIRKS / PLAYS_FILE)
    larks = spellings[spellings["mbid"] == LARKS].set_index("name")["rows"]
    assert larks.to_dict() == {"the larks": 4, "larks": 1}
    assert "" not in set(spellings["mbid"])


def test_repeated_pairs_are_added_up(quirks):
    assert quirks[0].matrix.has_canonical_format
    assert plays_of(quirks[0], BORIS)["the larks"] == 30 + 5


def test_profiles_are_joined_by_user_id_not_by_position(quirks):
    profiles = quirks[0].profiles
    assert profiles.index.tolist() == quirks[0].users.tolist() == [ANNA, BORIS, CLEO]
    assert profiles["country"].tolist() == ["Germany", "Poland", ""]
    assert profiles["gender"].tolist() == ["f", "m", ""]
    assert profiles["age"].tolist()[:2] == [22, -1337]
    assert np.isnan(profiles["age"].iloc[2])


def test_first_of_two_profiles_counts_and_the_header_is_no_profile():
    profiles, _ = read_profiles(QUIRKS / PROFILE_FILE)
    assert profiles.index.tolist() == [ANNA, DORA, BORIS]
    assert str(profiles.loc[ANNA, "signup"].date()) == "2007-02-01"


def test_a_header_of_the_plays_is_skipped_and_not_counted(tmp_path):
    path = tmp_path / PLAYS_FILE
    path.write_text(f"user\tmbid\tname\tplays\n{ANNA}\t\tlarks\t3\n", encoding="utf-8")
    play_counts, dropped = read_plays(path)
    assert play_counts.matrix.toarray().tolist() == [[3]]
    assert not any(dropped.counts.values())
    assert not dropped.first


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_of_either_kind_are_read(tmp_path, line_end):
    path = tmp_path / PLAYS_FILE
    path.write_text(f"{ANNA}\t\tlarks\t3{line_end}", encoding="utf-8", newline="")
    assert read_plays(path)[0].matrix.sum() == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the file is empty"),
        (f"{ANNA}\t\tlarks\t3\n{ANNA}\t\t".encode() + b"\xff\t3\n", ":2: is not UTF-8"),
        (b"\x1f\x8b\x08\x00\n", ":1: is not UTF-8"),
        (b"no,tabs,in,here\n", "no row has the columns user, mbid, name, plays"),
        (b"nobody\t\tlarks\t3\n", "no row holds a user id (sha1)"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_line(tmp_path, content, complaint):
    path = tmp_path / PLAYS_FILE
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_plays(path)
    assert complaint in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("read", "name"), [(read_plays, PLAYS_FILE), (read_profiles, PROFILE_FILE)]
)
def test_a_missing_file_is_named(tmp_path, read, name):
    with pytest.raises(FileNotFoundError) as error:
        read(tmp_path / name)
    assert str(error.value.filename) == str(tmp_path / name)


def test_real_excerpt_loses_no_row(real_data):
    folder = real_data / "q3b" / "lastfm-360k-excerpt"
    plays, dropped_plays = read_plays(folder / "usersha1-artmbid-artname-plays-28-rows.tsv")
    profiles, dropped = read_profiles(folder / "usersha1-profile-first-1000.tsv")
    assert plays.matrix.nnz == 28
    assert len(profiles) == 1000
    assert not any((dropped_plays.counts | dropped.counts).values())
    assert profiles["signup"].notna().all()
    assert profiles["age"].isna().sum() == 222
    assert (profiles["gender"] == "m").sum() == 677
    assert set(plays.users) <= set(profiles.index)
