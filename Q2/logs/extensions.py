"""Extensions of URLs in SQL."""

from logs.names import LONGEST_NAME

PATH = "^[^?#]*"
# What follows the last dot of a path's last segment; a host alone is not a file with a name.
NAME = rf"\.([A-Za-z0-9-]{{1,{LONGEST_NAME}}})$"
HOST_ALONE = "^[^?#]*://[^/?#]*(?:[?#]|$)"


def extension_of(url: str) -> str:
    """The extension of a URL in SQL, an empty string for none; most URLs are a path."""
    path = f"regexp_extract({url}, '{PATH}')"
    host_alone = f"contains({url}, '://') AND regexp_matches({url}, '{HOST_ALONE}')"
    return (
        f"CASE WHEN NOT ({has_more(url)}) THEN {extension_of_path(url)} "
        f"WHEN {host_alone} THEN '' ELSE {extension_of_path(path)} END"
    )


def extension_of_path(path: str) -> str:
    """The extension of a path in SQL, whose end a pattern finds at once."""
    return f"lower(regexp_extract({path}, '{NAME}', 1))"


def has_extension(url: str, extensions: tuple[str, ...]) -> str:
    """Whether a URL has one of these extensions, in SQL; patterns are tried where they must be."""
    wanted = ", ".join(f"'{extension}'" for extension in extensions)
    return (
        f"CASE WHEN NOT ({has_within(url, extensions)}) THEN false "
        f"WHEN ({ends_with(url, extensions)}) AND NOT ({has_more(url)}) THEN true "
        f"ELSE {extension_of(url)} IN ({wanted}) END"
    )


def ends_as_named(url: str, extensions: tuple[str, ...]) -> str:
    """A condition under which a URL has one of these extensions if, and only if, it ends so."""
    ends, within = ends_with(url, extensions), has_within(url, extensions)
    return f"({ends}) AND NOT ({has_more(url)}) OR NOT ({within})"


def ends_with(url: str, extensions: tuple[str, ...]) -> str:
    """Whether a URL ends with one of these extensions, in SQL: DuckDB asks so while it reads."""
    return " OR ".join(f"ends_with({url}, '.{extension}')" for extension in extensions)


def has_within(url: str, extensions: tuple[str, ...]) -> str:
    """Whether one of these extensions is anywhere in a URL, in SQL."""
    return " OR ".join(f"contains(lower({url}), '.{extension}')" for extension in extensions)


def has_more(url: str) -> str:
    """Whether there may be more to a URL than a path, in SQL."""
    return " OR ".join(f"contains({url}, '{sign}')" for sign in ("?", "#", "://"))
