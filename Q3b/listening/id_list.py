"""Files of ids, one a line."""

from common.command import UserError

from pathlib import Path


def read_ids(path: Path) -> list[str]:
    """Return the ids of a file in UTF-8, exactly as they are; empty lines are none.

    Raises UserError for a file that is missing or not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not text in UTF-8") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    return [line for line in text.split("\n") if line]  # read_text turns all line ends into \n
