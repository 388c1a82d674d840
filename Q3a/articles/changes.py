"""What reading changed, for the person who gave the files: nothing is changed in silence."""

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path

USUAL = ("utf-8", "utf-8-sig")  # encodings that are not reported
SHOWN = 6  # tags whose spellings are listed


class Changes:
    """Encodings by file, spellings by tag, and the tags of mark-up that were removed."""

    def __init__(self):
        self.encodings: dict[str, str] = {}
        self.spellings: defaultdict[str, set[str]] = defaultdict(set)
        self.markup: Counter[str] = Counter()  # articles and tags
        self.first_markup = ""  # place

    def decoded(self, path: Path, encoding: str) -> None:
        """Note the encoding in which a file is read."""
        self.encodings[str(path)] = encoding

    def tag_read(self, tag: str, as_written: str) -> None:
        """Note that `as_written` is read as `tag`."""
        self.spellings[tag].add(as_written)

    def tags_converted(self, to: Mapping[str, str]) -> None:
        """Note the tags that the tags which were read became."""
        for tag, converted in to.items():
            if converted != tag:
                self.spellings[converted] |= self.spellings.pop(tag, None) or {tag}

    def markup_removed(self, place: str, tags: int) -> None:
        """Note that so many tags of mark-up were removed from an article."""
        if tags:
            self.first_markup = self.first_markup or place
            self.markup.update(articles=1, tags=tags)

    def merged(self) -> dict[str, list[str]]:
        """Return the tags that were written in more than one way, with these ways."""
        found = {tag: sorted(ways) for tag, ways in self.spellings.items() if len(ways) > 1}
        return dict(sorted(found.items()))

    def lines(self) -> list[str]:
        """Return a line for each kind of change, and one for each file that is not in UTF-8."""
        found = [
            f"{path}: read as {encoding}"
            for path, encoding in self.encodings.items()
            if encoding not in USUAL
        ]
        if merged := self.merged():
            ways = [f"{tag} ({', '.join(map(repr, merged[tag]))})" for tag in list(merged)[:SHOWN]]
            more = " ..." * (len(merged) > SHOWN)
            found.append(
                f"{len(merged)} tags were written in several ways: {', '.join(ways)}{more}"
            )
        if self.markup:
            found.append(
                f"mark-up removed from {self.markup['articles']:,} of the articles:"
                f" {self.markup['tags']:,} tags, first {self.first_markup}"
            )
        return found

    def report(self) -> None:
        """Print the lines on standard error."""
        for line in self.lines():
            print(line, file=sys.stderr)

    def record(self) -> dict:
        """Return the same for JSON, with the encodings of all files."""
        return {
            "encodings": self.encodings,
            "merged_tags": self.merged(),
            "markup": {"articles": 0, "tags": 0} | self.markup,
        }
