#!/usr/bin/env python3
"""How many bytes did the CDN send? Reads its logs and reports what became of every row."""

from common.command import Command

import sys
from dataclasses import replace
from datetime import date, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.cluster import cluster_option, connected
from common.output import FORMATS, new_file
from logs.layouts import by_hand
from logs.sources import Source, find_sources
from logs.start import load_kernel
from traffic import question

if TYPE_CHECKING:
    from distributed import Client

    from logs.ledger import Ledger

TOP_TEXTS = 20  # groups shown, where there may be very many
LEFT_OUT = 3  # exit code: answered, but files were left out
EXAMPLES = """\b
examples:
  python Q2/raw_data_analytics.py
  python Q2/raw_data_analytics.py LOG... --extension css
  python Q2/raw_data_analytics.py logs/ --from 2017-08-24 --to 2017-08-25 --format json
  python Q2/raw_data_analytics.py logs/ --by date --by cache --html traffic.html
  python Q2/raw_data_analytics.py 's3://bucket/cdn/*.gz' --by url --order misses --order bytes
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@click.option(
    "--extension",
    "extensions",
    type=question.extension,
    multiple=True,
    metavar="EXT",
    show_default="jpg; all with --by, --cache, --url, --exclude, --host or --measure",
    help="Count URLs whose path ends in .EXT, in upper or lower case, with any query string; `all` "
    "counts every URL. Give the option again for each extension.",
)
@click.option(
    "--from",
    "first",
    type=question.day,
    metavar="DAY",
    show_default="first day of the logs; 2017-08-24 of the sample",
    help="First day that counts, included, like 2017-08-24.",
)
@click.option(
    "--to",
    "last",
    type=question.day,
    metavar="DAY",
    show_default="last day of the logs; 2017-08-25 of the sample",
    help="Last day that counts, included, like 2017-08-25.",
)
@click.option(
    "--time-zone",
    type=question.time_zone,
    default="UTC",
    metavar="NAME",
    help="Time zone in which days and hours begin, like Asia/Hong_Kong.",
)
@click.option(
    "--cache",
    "caches",
    type=question.cache_result,
    multiple=True,
    metavar="RESULT",
    help="Count requests with this cache result, like miss or hit; the log must have the field. "
    "Give the option again for each result.",
)
@click.option(
    "--url",
    "urls",
    type=question.pattern,
    multiple=True,
    metavar="GLOB",
    help="Count URLs that match as a whole, without query string, like '/videos/*': * stands for "
    "any characters, ? for one. Give the option again for each pattern; any of them will do.",
)
@click.option(
    "--exclude",
    "excluded",
    type=question.pattern,
    multiple=True,
    metavar="GLOB",
    help="Leave out URLs that match, like '*/health'. Give the option again for each pattern.",
)
@click.option(
    "--host",
    "hosts",
    type=question.host,
    multiple=True,
    metavar="NAME",
    help="Count requests for this host, like cdn.example.com or '*.example.com'; the log must have "
    "the field. Give the option again for each host.",
)
@click.option(
    "--by",
    type=click.Choice(question.GROUPINGS),
    multiple=True,
    help="Group the requests that count; `url` and `referrer` leave query strings out. Give the "
    "option again to group by several, like --by date --by extension.",
)
@click.option(
    "--measure",
    "measures",
    type=click.Choice(question.MEASURES),
    multiple=True,
    help="Report of each group also `hits`, those and the misses of the cache with the hit ratio "
    "of requests and of bytes, or `percentiles`, the size that 50, 95 and 99 % of the requests do "
    "not exceed, within 0.4 %. Give the option again for both.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 10**9),
    metavar="N",
    show_default=f"{TOP_TEXTS} with --by {' or '.join(question.MANY)}, otherwise all",
    help="Show the first N groups.",
)
@click.option(
    "--order",
    "orders",
    type=click.Choice(question.ORDERS),
    multiple=True,
    show_default="bytes; requests with --cache",
    help="Rank groups by this, the largest first; hours and days are ranked with --top, and "
    "otherwise follow in time. Give the option again for a table in each order.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    help="Format of the result on standard output.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Draw a bar for each group, or without --by the bytes over time by extension, into a "
    ".png, .svg or .pdf file.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Write a page with the picture of --plot, its table and the text: one file of HTML that "
    "needs no network.",
)
@click.option(
    "--log-format",
    type=by_hand.log_format,
    metavar="NAME|apache:...|nginx:...|goaccess:...",
    show_default="recognised from the first lines of each log",
    help="Format of all logs: a name, or a format string as the server's configuration has it, "
    "like 'apache:%h %l %u %t \"%r\" %>s %b' or 'nginx:$remote_addr [$time_local] ...'. "
    f"Names: {', '.join(by_hand.FORMATS)}; `cloudfront` reads rows whose header was cut off.",
)
@click.option(
    "--fields",
    type=by_hand.field_names,
    metavar="date,time,-,size,url",
    help="Meanings of the fields of a table without a header, in their order, - for a field that "
    f"is not needed: {', '.join(by_hand.MEANINGS)}.",
)
@click.option(
    "--delimiter",
    type=by_hand.delimiter,
    metavar="CHARACTER",
    show_default="found in the first lines",
    help="What separates the fields of a table: one character, or the word tab or space.",
)
@click.option(
    "--columns",
    type=by_hand.columns,
    metavar="url=NAME,size=NAME",
    help="Names by which logs call what is needed, where they are not the usual ones.",
)
@click.option(
    "--show-layout",
    is_flag=True,
    help="Show, instead of an answer, each layout found: its files, what each field was taken for, "
    "and three rows as they are read.",
)
@click.option(
    "--on-bad-row",
    type=click.Choice(["stop", "skip"]),
    default="skip",
    help="`stop` ends at the first row that cannot be read; `skip` leaves such rows out and "
    "reports them by reason, because real logs have damaged lines.",
)
@click.option(
    "--strict", "on_bad_row", flag_value="stop", help="Another name for --on-bad-row stop."
)
@click.option(
    "--on-bad-file",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    help="`stop` ends at the first file that cannot be read, such as a truncated .gz or a file "
    f"that is not a log; `skip` leaves such files out, lists them, and exits with {LEFT_OUT}.",
)
@click.option(
    "--ledger",
    "ledger_file",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Remember in FILE, by their digests, the files that were counted, and count only files "
    "that it does not have, each content once. Each question needs a ledger of its own.",
)
@click.option(
    "--on-changed-file",
    type=click.Choice(["stop", "count", "skip"]),
    default="stop",
    help="`stop` ends at a file that has other content than when the ledger's run counted it; "
    "`count` counts all of it again, `skip` leaves it out.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    metavar="N",
    help="Seed of the sample log.",
)
@cluster_option
def main(
    logs: tuple[str, ...],
    extensions: tuple[str, ...],
    first: date | None,
    last: date | None,
    time_zone: tzinfo,
    caches: tuple[str, ...],
    urls: tuple[str, ...],
    excluded: tuple[str, ...],
    hosts: tuple[str, ...],
    by: tuple[str, ...],
    measures: tuple[str, ...],
    top: int | None,
    orders: tuple[str, ...],
    output_format: str,
    plot: Path | None,
    html: Path | None,
    log_format: str | None,
    fields: tuple[str, ...] | None,
    delimiter: str | None,
    columns: tuple[tuple[str, str], ...] | None,
    show_layout: bool,
    on_bad_row: str,
    on_bad_file: str,
    ledger_file: Path | None,
    on_changed_file: str,
    seed: int,
    cluster: str | None,
) -> int:
    """Add up the bytes that a CDN or a web server sent, from its logs.

    A LOG is a file, a folder, a quoted glob, s3://... or another address that fsspec knows, or -
    for standard input. Without any LOG the command reads a sample log.

    Logs are W3C extended (CloudFront, IIS, Tomcat, Akamai), JSON lines (CloudFront, Cloudflare,
    Fastly, Azure, Google Cloud, Caddy, Traefik, Docker), Parquet, tables (TSV, CSV), common or
    combined (Apache, nginx), or those of S3, AWS load balancers and Squid; gzip, zstd, bzip2, xz,
    and the members of tar and zip archives are read too. Format and compression are recognised from
    the content. Every row is counted, outside the question, or rejected for a reason that the
    report names.
    """
    if (top or orders) and not by:
        raise click.UsageError("--top and --order rank groups: add --by")
    layout = by_hand.layout_options(log_format, fields, delimiter, columns)
    skip_bad_files = on_bad_file == "skip"
    sources = find_sources(logs, skip_bad_files)
    if not logs:
        first, last = first or question.SAMPLE_DAYS[0], last or question.SAMPLE_DAYS[1]
    if ledger_file and not logs:
        raise click.UsageError("--ledger remembers files: name a LOG")
    asked = question.ask(
        over_time=bool(plot or html),
        measures=measures,
        orders=orders,
        first_day=first,
        last_day=last,
        extensions=extensions,
        caches=caches,
        by=by,
        time_zone=time_zone,
        urls=urls,
        excluded=excluded,
        hosts=hosts,
    )

    from traffic.answer import answer
    from traffic.report import as_text, print_report

    if not logs:
        from logs.sample import ROWS, sample_source

        click.echo(f"no log is named: {ROWS:,} sample rows, seed {seed}", err=True)
        sources = [sample_source(seed)]
    if show_layout:
        load_kernel()
        from logs.preview import previews, report

        click.echo(report(previews(sources, layout), output_format))
        return 0
    ledger = None
    if ledger_file:
        from logs.ledger import read_ledger

        ledger = read_ledger(ledger_file, asked.in_words(by), on_changed_file)
    with connected(cluster) as client:
        sources = new_sources(sources, ledger, client)
        found = answer(
            sources,
            asked,
            orders=question.each_once(orders) or ("requests" if caches else "bytes",),
            top=top or (TOP_TEXTS if {*question.MANY} & {*by} else None),
            layout=layout,
            strict=on_bad_row == "stop",
            skip_bad_files=skip_bad_files,
            client=client,
            prepare=partial(load_kernel, tables=bool(by or measures)),
        )
    found.account.require_accepted_rows()
    if ledger:
        ledger.check_unchanged(sources)
        found = replace(found, counted_before=ledger.left_out)
    if plot:
        from traffic.plot import save_plot

        save_plot(found, plot)
    shown = found if by else found.without_groups()
    if html:
        from traffic.page import save_page

        save_page(found, as_text(shown), html)
    print_report(shown, output_format)
    if ledger:
        sys.stdout.flush()  # only what was answered is remembered
        ledger.write(found.account.left_out)
    return LEFT_OUT if found.account.left_out else 0


def new_sources(
    sources: list[Source], ledger: "Ledger | None", client: "Client | None"
) -> list[Source]:
    """The sources that the ledger does not have; without one, report those that are there twice."""
    from logs.digests import same_content

    if ledger:
        run = map if client is None else lambda *work: client.gather(client.map(*work, pure=False))
        return ledger.new_sources(sources, run)
    for name, other in same_content(sources)[:1]:
        click.echo(
            f"warning: {name} has the same content as {other}, and both count; --ledger counts "
            "each content once",
            err=True,
        )
    return sources


if __name__ == "__main__":
    sys.exit(main())
