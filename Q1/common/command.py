"""How every command ends: 0 done, 1 a failure outside, 2 the user's mistake, 130 interrupted."""

import os
import signal
import sys


def leave(*_) -> None:
    """End at once, in one line: while modules load there is nothing to clean up."""
    os.write(2, f"{os.path.basename(sys.argv[0])}: interrupted\n".encode())
    os._exit(130)


if os.path.realpath(f"{sys.argv[0]}/../common") == os.path.realpath(f"{__file__}/.."):
    signal.signal(signal.SIGINT, leave)  # a script of this folder, not a test

from errno import EACCES, EEXIST, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM
from pathlib import Path

import click

WRONG_FILE = {EACCES, EEXIST, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM}  # by the user


class UserError(click.ClickException):
    """The user's mistake: the message names the place and the fix."""

    exit_code = 2


class OutsideError(click.ClickException):
    """A failure outside this program, such as a server that is down."""


class Command(click.Command):
    """A click command that fails in one line; `main` returns 0 or what the callback returns."""

    def __init__(self, name: str | None, other_words: dict[str, str] | None = None, **settings):
        super().__init__(name, **settings)
        self.other_words = other_words or {}  # of other tools, with the options' names
        self.context_settings = {"max_content_width": 100, "show_default": True}
        click.version_option("2.0", message="%(prog)s %(version)s")(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if meant := self.other_words.get(error.option_name.lstrip("-")):
                error.possibilities = [f"--{meant}"]  # instead of those spelt alike
            raise

    def invoke(self, ctx: click.Context) -> int | None:
        ours = signal.getsignal(signal.SIGINT) is leave
        try:
            if ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            status = super().invoke(ctx)
            sys.stdout.flush()
            if ours:  # all is done: an interrupt of Python's own end would be its death
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            return status
        except KeyboardInterrupt:  # before click, which would print an empty line
            click.echo(f"{ctx.info_name}: interrupted", err=True)
            return 130

    def main(self, args: list[str] | None = None) -> int:
        script = Path(self.callback.__code__.co_filename).name
        sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # closed by `2>&-`
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # neither closed nor of a test
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            if sys.stdout is None:  # closed by `>&-`
                raise OutsideError("standard output is closed: there is nowhere to answer")
            return super().main(args, script, standalone_mode=False) or 0
        except SystemExit as stop:
            return int(stop.code or 0)
        except click.ClickException as error:
            hint = " (see --help)" * isinstance(error, click.UsageError)
            message, status = error.format_message() + hint, error.exit_code
        except OSError as error:
            place, status = error.filename, 2 if error.errno in WRONG_FILE else 1
            try:
                sys.stdout.flush()
            except OSError:  # a full disk: Python is to write no more
                place = "standard output"
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            message = f"{place}: " * bool(place) + (error.strerror or str(error))
        except MemoryError:
            message, status = "not enough memory", 1
        click.echo(f"{script}: error: {' '.join(message.split())}", err=True)
        return status
