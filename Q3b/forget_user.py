#!/usr/bin/env python3
"""Remove users from all sets of a store and from exports, and keep them out of later sets."""

from common.command import Command, UserError

import sys
from pathlib import Path

import click

from common.output import FORMATS, new_file
from listening import id_list
from store.url import DEFAULT_STORE

EXAMPLES = """\b
examples:
  python Q3b/forget_user.py 00000c289a1829a808ac09c00daf10bc3c4e223b --receipt receipt.json
  python Q3b/forget_user.py --ids leaving.txt --export recommendations.parquet \\
      --store 'dynamodb://recommendations?region=eu-west-1' --receipt receipt.json
"""


def check_exports(
    ctx: click.Context, param: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Check, before any work, that each export has a known suffix and is named once."""
    for path in paths:
        if path.suffix not in (".jsonl", ".parquet"):
            raise click.BadParameter(f"{str(path)!r} must end in .jsonl or .parquet")
        new_file(ctx, param, path)
    if len({path.resolve() for path in paths}) < len(paths):
        raise click.BadParameter("a file is named twice")
    return paths


def check_ids(
    ctx: click.Context, param: click.Parameter, user_ids: tuple[str, ...]
) -> tuple[str, ...]:
    """Check that ids are text: bytes of the command line that are not become half characters."""
    for user_id in user_ids:
        try:
            user_id.encode("utf-8")
        except UnicodeEncodeError:
            raise click.BadParameter(f"{user_id!a} is not text in UTF-8") from None
    return user_ids


def read_ids(ctx: click.Context, param: click.Parameter, path: Path | None) -> list[str]:
    """Read a file of ids, one a line."""
    if path is None:
        return []
    try:
        return id_list.read_ids(path)
    except UserError as error:
        raise click.BadParameter(error.message) from None


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("user_ids", nargs=-1, metavar="[ID]...", callback=check_ids)
@click.option(
    "--ids",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=read_ids,
    metavar="FILE",
    help="File of further ids, one a line, in UTF-8: ids of the command line are seen by others "
    "in the list of processes.",
)
@click.option(
    "--store",
    metavar="URL",
    default=DEFAULT_STORE,
    envvar="RECOMMENDER_STORE",
    show_envvar=True,
    help="Store to remove them from: sqlite:///FILE, where a relative FILE is in the current "
    "folder, or dynamodb://TABLE?region=REGION.",
)
@click.option(
    "--index",
    metavar="PLACE",
    default="",
    show_default="next to an SQLite file: FILE.index",
    envvar="RECOMMENDER_INDEX",
    show_envvar=True,
    help="Folder or bucket with the indexes of the sets, all of which are removed: "
    "their sums hold what each user played. The next run of the daily job writes a new one.",
)
@click.option(
    "--export",
    "exports",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=check_exports,
    multiple=True,
    metavar="FILE",
    help="Export to remove them from, .jsonl or .parquet with a column user_id; may be repeated.",
)
@click.option(
    "--receipt",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=new_file,
    required=True,
    metavar="FILE",
    help="File to write the receipt to, as JSON: what was removed and when. It holds no ids.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    help="Format of the result on standard output.",
)
def main(
    user_ids: tuple[str, ...],
    ids: list[str],
    store: str,
    index: str,
    exports: tuple[Path, ...],
    receipt: Path,
    output_format: str,
):
    """Remove users from every set that a store keeps, and from exports of it.

    Later sets leave them out, whatever the input holds: the store keeps a mark of each, made with
    the secret RECOMMENDER_ERASURE_KEY of the environment, at least 16 characters. The daily job
    needs the same key from then on. An id that no set holds is kept out all the same.

    The index of every set is removed, since its sums hold what each user played; until the next
    run the API answers from the sets alone.

    Either all files are changed or none. Backups, and the data that the job reads, are not touched.

    \b
    Exit codes:
      0    done
      1    a failure outside: run it again
      2    wrong settings or data
      75   a run holds the store: retry later
      130  stopped by SIGINT
    """
    wanted = list(dict.fromkeys([*user_ids, *ids]))
    if not wanted:
        raise click.UsageError("name at least one ID, or --ids with a file of them")
    if receipt.resolve() in {path.resolve() for path in exports}:
        raise click.UsageError("--receipt names an --export: name another file")
    from job.erasure import erase, formatted_receipt

    click.echo(formatted_receipt(output_format, erase(store, wanted, exports, receipt, index)))


if __name__ == "__main__":
    sys.exit(main())
