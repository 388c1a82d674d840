"""What PostgreSQL refuses that users will meet, and what they can do about it."""

from common.command import OutsideError, UserError

import click
import psycopg2
from psycopg2 import errors

STANDBY = (
    "files and rollups are written into tables: name the primary server, or count files with "
    "--embedded"
)
# By kind of error and a part of its text: whether it is the user's to settle, and how.
REMEDIES = (
    (errors.FeatureNotSupported, "during recovery", UserError, STANDBY),
    (errors.ReadOnlySqlTransaction, "", UserError, STANDBY),
    (
        errors.InsufficientPrivilege,
        "temporary tables",
        UserError,
        "files are loaded into TEMP tables: count them with --embedded",
    ),
    (
        errors.InsufficientPrivilege,
        "for schema",
        UserError,
        "ask its owner for the right (GRANT USAGE ON SCHEMA ... TO ...)",
    ),
    (
        errors.InsufficientPrivilege,
        "",
        UserError,
        "ask its owner for the right (GRANT SELECT ON ... TO ...)",
    ),
    (
        errors.QueryCanceled,
        "statement timeout",
        OutsideError,
        "raise it (PGOPTIONS='-c statement_timeout=1h') or ask about fewer days (--from, --to)",
    ),
    (
        psycopg2.OperationalError,
        "conflict with recovery",
        OutsideError,
        "the standby had to replay changes: run it again, or ask another server",
    ),
)


def with_remedy(error: psycopg2.Error, ended: bool) -> click.ClickException:
    """An error of PostgreSQL as one of ours; `ended` if the connection is gone with it."""
    end = "the server ended the connection: " if ended else ""
    for kind, sign, exception, remedy in REMEDIES:
        if isinstance(error, kind) and sign in str(error):
            return exception(f"PostgreSQL: {end}{error.diag.message_primary or error}; {remedy}")
    return OutsideError(f"PostgreSQL: {end}{error}")
