"""What every command of this folder shares: arguments, one-line errors, exit codes, whole files.

The same file stands in each question's folder, so that each folder stands alone; a test keeps
the copies equal.
"""

from common.command import WRONG_FILE, OutsideError, UserError

import argparse
import functools
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from common.output import PICTURES


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help that shows every default there is and keeps the line breaks of the examples."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.nargs == 0 or action.default in (None, ""):  # a switch, or nothing to show
            return action.help
        return super()._get_help_string(action)


class ArgumentParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line, raised as `UserError`."""

    def __init__(self, **settings):
        super().__init__(formatter_class=HelpFormatter, allow_abbrev=False, **settings)

    def parse_known_args(self, args=None, namespace=None):
        for argument in sys.argv[1:] if args is None else args:
            if not is_writable(argument):
                self.error(f"{argument!r} holds what no file name can")
            if argument.startswith("--") and argument.partition("=")[2] == "--":
                self.error(f"{argument!r} has no value")  # Python 3.11 would make a list of it
        return super().parse_known_args(args, namespace)

    def error(self, message: str):
        raise UserError(f"{message} (see --help)")


def is_writable(text: str) -> bool:
    """Whether the operating system can take the text, as a file's name say."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    """A type of argparse: whole numbers from `lowest`, 0 or more, to `highest`."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) < 20 and lowest <= int(text) <= highest:
            return int(text)
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {lowest} to {highest}")

    return read


random_seed = whole_number(0, 2**32 - 1)  # what every generator of random numbers takes


def share(text: str) -> float:
    """A type of argparse: a number above 0 and at most 1."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0 and at most 1")
    return number


def picture(text: str) -> Path:
    """A type of argparse: a file to draw into, told from its end; its folder is there."""
    path = Path(text)
    if path.suffix.lower() not in PICTURES:
        raise argparse.ArgumentTypeError(f"{text!r} is no picture: end it in {', '.join(PICTURES)}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {str(path.parent)!r}")
    if not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"nothing can be written into {str(path.parent)!r}")
    return path


def command(function: Callable[[Sequence[str] | None], None]) -> Callable[..., int]:
    """Turn `function(argv)` into a `main(argv=None)` that returns an exit code and never raises.

    0: done; 1: a failure outside; 2: the user's mistake; 130: interrupted. A failure is one line
    on standard error that begins with the script's name.
    """
    script = Path(function.__code__.co_filename).name

    @functools.wraps(function)
    def main(argv: Sequence[str] | None = None) -> int:
        if sys.stderr is None:  # closed by `2>&-`
            sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        try:
            if sys.stdout is None:  # closed by `>&-`
                raise OutsideError("standard output is closed: there is nowhere to answer")
            status = exit_code(function, argv)
            sys.stdout.flush()
            return status
        except BrokenPipeError:  # the reader, such as `head`, has gone: docs.python.org, SIGPIPE
            let_output_go()
            return 1
        except KeyboardInterrupt:
            print(f"{script}: interrupted", file=sys.stderr)
            return 130
        except UserError as error:
            message, status = str(error), 2
        except OutsideError as error:
            message, status = str(error), 1
        except OSError as error:
            place = error.filename or (let_output_go() and "standard output")
            message = f"{place}: " * bool(place) + (error.strerror or str(error))
            status = 2 if error.errno in WRONG_FILE else 1
        except MemoryError:
            message, status = "not enough memory", 1
        print(f"{script}: error: {' '.join(message.split())}", file=sys.stderr)
        return status

    return main


def exit_code(function: Callable[[Sequence[str] | None], None], argv) -> int:
    """What `function(argv)` ends with: 0, or the code of its SystemExit, such as of --help."""
    try:
        function(argv)
        return 0
    except SystemExit as stop:
        return int(stop.code or 0)


def let_output_go() -> bool:
    """Whether standard output cannot be written, as on a full disk; Python then tries no more."""
    try:
        sys.stdout.flush()
        return False
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
