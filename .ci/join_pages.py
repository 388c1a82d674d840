"""Join pages that `--html` wrote into one: python .ci/join_pages.py ALL.html PAGE.html..."""

import sys
from pathlib import Path


def joined(pages: list[str]) -> str:
    """Return the first page with the answers of all."""
    begin, rest = pages[0].split("<main>")
    end = rest.split("</main>")[1]
    answers = [page.split("<main>")[1].split("</main>")[0] for page in pages]
    return f"{begin}<main>{''.join(answers)}</main>{end}"


if __name__ == "__main__":
    target, *sources = map(Path, sys.argv[1:])
    text = joined([source.read_text(encoding="utf-8") for source in sources])
    target.write_text(text, encoding="utf-8", newline="\n")
    print(f"All answers on one page: {target.resolve()}")
