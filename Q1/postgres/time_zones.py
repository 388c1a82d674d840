"""Which time zones a server knows."""

from common.command import UserError

from psycopg2.extensions import connection as Connection

from postgres.embedded import installed_binaries


def check_time_zone(connection: Connection, name: str) -> None:
    """Raise `UserError` for a time zone that a server does not know.

    All know UTC. To look a name up takes them 45 ms, as they read the files of all zones for it.
    """
    if name == "UTC":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_timezone_names WHERE name = %s", [name])
        if not cursor.rowcount:
            raise unknown(name)


def check_embedded_time_zone(name: str) -> None:
    """Raise `UserError` for a time zone that the embedded server has no file of, unlike others."""
    files = installed_binaries().parent / "share" / "timezone"
    if files.is_dir() and not (files / name).is_file():
        raise unknown(name)


def unknown(name: str) -> UserError:
    """The error for a time zone that is not known."""
    return UserError(f"--time-zone {name}: there is no such zone; write it like Asia/Hong_Kong")
