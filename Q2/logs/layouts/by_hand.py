"""What the user says about the layout of logs: the types of the options, and what fits together.

This module loads no library, so that wrong arguments cost nothing.
"""

from common.command import UserError

import click

from logs.fields import SKIP, LayoutOptions
from logs.layouts import COMPILED, FORMATS, GOACCESS
from logs.layouts.columns import MEANINGS, check
from logs.layouts.table import SEPARATOR_NAMES
from logs.layouts.template import compiled

TABLES = (None, "tsv", "csv")


def log_format(text: str) -> str:
    """Return the name of a log format, or a format string. Raises click.BadParameter."""
    if text in FORMATS or text.lower() in GOACCESS or text.startswith(COMPILED):
        return text
    known = ", ".join([*FORMATS, *(f"{kind}FORMAT" for kind in COMPILED)])
    raise click.BadParameter(f"{text!r} is not one of {known}")


def field_names(text: str) -> tuple[str, ...]:
    """Return the meanings of a table's fields in their order, - for none.

    Raises click.BadParameter.
    """
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name != "-" and (name not in MEANINGS or names.count(name) > 1):
            known = ", ".join(MEANINGS)
            raise click.BadParameter(f"{name!r} must be - or one of {known}, and each only once")
    roles = [MEANINGS.get(name, SKIP) for name in names]
    try:
        check(
            [*roles, *({MEANINGS["datetime"]} if "date" in names or "time" in names else ())],
            names,
            "the fields",
        )
    except UserError as error:
        raise click.BadParameter(error.message) from None
    return names


def delimiter(text: str) -> str:
    """Return what separates fields: one character, or the word tab or space.

    Raises click.BadParameter.
    """
    mark = SEPARATOR_NAMES.get(text, text)
    if len(mark) != 1 or mark.isalnum() or not mark.isascii() or mark in '\r\n\0"':
        raise click.BadParameter(f"{text!r} is not one character, nor the word tab or space")
    return mark


def columns(text: str) -> tuple[tuple[str, str], ...]:
    """Return the meanings and names of `url=NAME,size=NAME`. Raises click.BadParameter."""
    pairs = [part.partition("=") for part in text.split(",")]
    found = tuple((meaning.strip().lower(), name.strip()) for meaning, _, name in pairs)
    for meaning, name in found:
        if meaning not in MEANINGS or not name or sum(meaning == it for it, _ in found) > 1:
            known = ", ".join(MEANINGS)
            raise click.BadParameter(
                f"{text!r} must be like url=NAME,size=NAME; the words before = are {known}, each "
                "only once"
            )
    return found


def layout_options(
    name: str | None,
    fields: tuple[str, ...] | None,
    separator: str | None,
    named: tuple[tuple[str, str], ...] | None,
) -> LayoutOptions:
    """Return what the options say together. Raises click.UsageError and UserError."""
    if (fields or separator) and name not in TABLES:
        raise click.UsageError("--fields and --delimiter describe tables: leave out --log-format")
    if fields and named:
        raise click.UsageError("--fields and --columns say the same: leave out one of them")
    options = LayoutOptions(name, fields or (), separator, named or ())
    if name and name.startswith(COMPILED) and name.lower() not in GOACCESS:
        compiled(name, options)  # wrong ones are refused before any log is opened
    return options
