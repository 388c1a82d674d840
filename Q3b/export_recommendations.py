#!/usr/bin/env python3
"""Write the published recommendations of all users to one file."""

from common.command import Command

import sys
from pathlib import Path

import click

from common.output import new_file
from store.url import DEFAULT_STORE

SUFFIXES = (".jsonl", ".parquet")
EXAMPLES = """\b
examples:
  python Q3b/export_recommendations.py --output recommendations.parquet
  python Q3b/export_recommendations.py --store 'dynamodb://recommendations?region=eu-west-1' \\
      --output recommendations.jsonl
"""


def check_output(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    """Check, before any work, that the file has a known suffix and can be written."""
    if path.suffix not in SUFFIXES:
        raise click.BadParameter(f"{str(path)!r} must end in {' or '.join(SUFFIXES)}")
    return new_file(ctx, param, path)


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--store",
    metavar="URL",
    default=DEFAULT_STORE,
    envvar="RECOMMENDER_STORE",
    show_envvar=True,
    help="Store to read: sqlite:///FILE, where a relative FILE is in the current folder, or "
    "dynamodb://TABLE?region=REGION.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=check_output,
    required=True,
    metavar="FILE",
    help="File to write; the suffix selects .jsonl, a line of JSON a user, or .parquet.",
)
def main(store: str, output: Path):
    """Write the published recommendations of all users to one file, a row a user.

    A row is what the API answers for the user: user_id, rule, version, generated_at and items,
    with scores and reasons. Of DynamoDB the whole table is read, which is charged for.
    """
    from store.export import export_set
    from store.url import open_store

    run, users = export_set(open_store(store), output)
    click.echo(f"{output}: {users:,} user{'s' * (users != 1)} of version {run.version}")


if __name__ == "__main__":
    sys.exit(main())
