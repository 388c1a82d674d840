#!/usr/bin/env python3
"""How many bytes did the CDN send? Reads its logs and reports what became of every row."""

from common.command import Command

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from common.cluster import cluster_option, connected
from common.output import FORMATS, new_file
from logs.layouts import by_hand
from logs.options import LEFT_OUT, OTHER_WORDS, log_options
from logs.sources import Source, find_sources
from logs.start import load_kernel
from traffic import question
from traffic.options import question_options

if TYPE_CHECKING:
    from distributed import Client

    from logs.ledger import Ledger

EXAMPLES = """\b
examples:
  python Q2/raw_data_analytics.py
  python Q2/raw_data_analytics.py LOG... --extension css
  python Q2/raw_data_analytics.py logs/ --from 2017-08-24 --to 2017-08-25 --format json
  python Q2/raw_data_analytics.py logs/ --by date --by cache --html traffic.html
  python Q2/raw_data_analytics.py 's3://bucket/cdn/*.gz' --by url --order misses --order bytes
"""


@click.command(cls=Command, epilog=EXAMPLES, other_words=OTHER_WORDS)
@click.argument("logs", nargs=-1, metavar="[LOG]...")
@question_options
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
    help="Draw a bar for each group, with --by date or hour a chart over time, and without --by "
    "the bytes over time by extension, into a .png, .svg or .pdf file.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    metavar="FILE",
    help="Write a page with the picture of --plot, its table and the text: one file of HTML that "
    "needs no network.",
)
@log_options
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
    **narrowed: object,
) -> int:
    """Add up the bytes that a CDN or a web server sent, from its logs.

    A LOG is a file, a folder, a quoted glob, s3://... or another address that fsspec knows, or -
    for standard input. Without any LOG the command reads a sample log.

    Logs are W3C extended (CloudFront, IIS, Tomcat, Akamai), JSON lines (CloudFront, Cloudflare,
    Fastly, Azure, Google Cloud, Caddy, Traefik, Docker), Parquet, tables (TSV, CSV), common or
    combined (Apache, nginx), or those of S3, AWS load balancers, Squid and Bunny; gzip, zstd,
    bzip2, xz, and the members of tar and zip archives are read too. Format and compression are
    recognised from the content. Every row is counted, outside the question, or rejected for a
    reason that the report names.
    """
    if (top or orders) and not by:
        raise click.UsageError("--top and --order rank groups: add --by")
    layout = by_hand.layout_options(log_format, fields, delimiter, columns)
    skip_bad_files = on_bad_file == "skip"
    sources = find_sources(logs, skip_bad_files)
    if not logs:
        for name, day in zip(("first_day", "last_day"), question.SAMPLE_DAYS, strict=True):
            narrowed[name] = narrowed[name] or day
    if ledger_file and not logs:
        raise click.UsageError("--ledger remembers files: name a LOG")
    asked = question.ask(bool(plot or html), measures, orders, by=by, **narrowed)

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
            orders=question.each_once(orders) or (asked.usual_order,),
            top=top or (question.TOP_TEXTS if {*question.MANY} & {*by} else None),
            layout=layout,
            strict=on_bad_row == "stop",
            skip_bad_files=skip_bad_files,
            client=client,
            prepare=partial(load_kernel, tables=bool(by or measures)),
        )
    found.account.require_accepted_rows()
    if ledger:
        ledger.check_unchanged(sources)
        found = replace(found, counted_before=ledger.left_out, grown=ledger.grown)
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
