"""Options of the command line: how logs are read, and which of their rows and files count."""

from collections.abc import Callable
from functools import reduce
from pathlib import Path

import click

from common.output import new_file
from logs.layouts import by_hand

LEFT_OUT = 3  # exit code: answered, but files were left out
Decorator = Callable[[Callable], Callable]
# Words by which other tools call options.
OTHER_WORDS = {
    **dict.fromkeys(("tz", "timezone"), "time-zone"),
    **dict.fromkeys(("since", "start"), "from"),
    **dict.fromkeys(("until", "end"), "to"),
    **dict.fromkeys(("group-by", "groupby"), "by"),
    **dict.fromkeys(("sort", "sort-by"), "order"),
    **dict.fromkeys(("output", "output-format"), "format"),
    **{"filter": "url", "limit": "top", "hit-ratio": "measure"},
}


def all_of(*options: Decorator) -> Decorator:
    """Return a decorator that adds options to a command, in this order."""
    return lambda command: reduce(lambda done, option: option(done), reversed(options), command)


log_options = all_of(
    click.option(
        "--log-format",
        type=by_hand.log_format,
        metavar="NAME|apache:...|nginx:...|goaccess:...",
        show_default="recognised from the first lines of each log",
        help="Format of all logs: a name, or a format string as the server's configuration has it, "
        "like 'apache:%h %l %u %t \"%r\" %>s %b' or 'nginx:$remote_addr [$time_local] ...'. "
        f"Names: {', '.join(by_hand.FORMATS)}; `cloudfront` reads rows whose header was cut off.",
    ),
    click.option(
        "--fields",
        type=by_hand.field_names,
        metavar="date,time,-,size,url",
        help="Meanings of the fields of a table without a header, in their order, - for a field "
        f"that is not needed: {', '.join(by_hand.MEANINGS)}.",
    ),
    click.option(
        "--delimiter",
        type=by_hand.delimiter,
        metavar="CHARACTER",
        show_default="found in the first lines",
        help="What separates the fields of a table: one character, or the word tab or space.",
    ),
    click.option(
        "--columns",
        type=by_hand.columns,
        metavar="url=NAME,size=NAME",
        help="Names by which logs call what is needed, where they are not the usual ones.",
    ),
    click.option(
        "--show-layout",
        is_flag=True,
        help="Show, instead of an answer, each layout found: its files, what each field was taken "
        "for, and three rows as they are read.",
    ),
    click.option(
        "--on-bad-row",
        type=click.Choice(["stop", "skip"]),
        default="skip",
        help="`stop` ends at the first row that cannot be read; `skip` leaves such rows out and "
        "reports them by reason, because real logs have damaged lines.",
    ),
    click.option(
        "--strict", "on_bad_row", flag_value="stop", help="Another name for --on-bad-row stop."
    ),
    click.option(
        "--on-bad-file",
        type=click.Choice(["stop", "skip"]),
        default="stop",
        help="`stop` ends at the first file that cannot be read, such as a truncated .gz or a file "
        f"that is not a log; `skip` leaves such files out, lists them, and exits with {LEFT_OUT}.",
    ),
    click.option(
        "--ledger",
        "ledger_file",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=new_file,
        metavar="FILE",
        help="Remember in FILE, by their digests, the files that were counted, and count only "
        "files that it does not have, each content once, and new lines of text files that have "
        "grown. Each question needs a ledger of its own.",
    ),
    click.option(
        "--on-changed-file",
        type=click.Choice(["stop", "count", "skip"]),
        default="stop",
        help="`stop` ends at a file that has other content than when the ledger's run counted it; "
        "`count` counts all of it again, `skip` leaves it out. A text file that has only grown is "
        "not such a file.",
    ),
)
