"""Near-duplicate articles share a group; different ones do not."""

from articles.duplicates import duplicate_groups

STORY = "發展商宣布新盤首批單位價單，折實平均呎價較市場預期為低，周六正式開售。" * 3


def test_a_story_in_two_editions_is_one_group():
    texts = [STORY, "總統今日在白宮發表講話。", STORY + "完。", STORY.replace("周六", "周日", 1)]
    groups = duplicate_groups(texts)
    assert groups[0] == groups[2] == groups[3]
    assert groups[0] != groups[1]


def test_short_texts_are_duplicates_only_if_equal():
    groups = duplicate_groups(["好", "好", "不好", ""])
    assert groups[0] == groups[1]
    assert len(set(groups)) == 3


def test_no_texts_no_groups():
    assert len(duplicate_groups([])) == 0
