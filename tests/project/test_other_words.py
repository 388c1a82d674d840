"""Options by the names that other tools give them: the error says what they are called here."""

import click
import pytest

import raw_data_analytics
import sql
from logs.options import OTHER_WORDS as WORDS_OF_LOGS
from retention.options import OTHER_WORDS as WORDS_OF_EVENTS
from tests.conftest import assert_one_line_error, run_here

COMMANDS = [(sql.main, WORDS_OF_EVENTS), (raw_data_analytics.main, WORDS_OF_LOGS)]


@pytest.mark.parametrize(("main", "words"), COMMANDS, ids=["Q1", "Q2"])
def test_a_word_of_other_tools_is_answered_with_ours(main, words):
    ours = {option for it in main.params for option in it.opts}
    for word, meant in words.items():
        assert f"--{meant}" in ours
        assert f"--{word}" not in ours
        for arguments in ((f"--{word}", "x"), (f"--{word}=x",), (f"--{word}",)):
            assert_one_line_error(run_here(main, *arguments), 2, f"Did you mean '--{meant}'?")


@pytest.mark.parametrize("main", [main for main, _ in COMMANDS], ids=["Q1", "Q2"])
def test_a_misspelt_option_is_answered_with_the_one_that_is_spelt_alike(main):
    names = [it.opts[0] for it in main.params if isinstance(it, click.Option)]
    for name in (name for name in names if len(name) > 6):
        for misspelt in (name[:-1], f"{name[:4]}{name[5:]}", f"{name[:4]}{name[3:]}"):
            assert_one_line_error(run_here(main, misspelt), 2, name)
