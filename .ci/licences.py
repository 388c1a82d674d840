#!/usr/bin/env python3
"""Print package, version and licence of each component of a CycloneDX bill of materials."""

import json
import sys
from pathlib import Path


def licences(component: dict) -> str:
    """The licences of a component as its metadata name them, each once; "unknown" if none."""
    named = [
        entry.get("expression") or (one := entry["license"]).get("id") or one["name"]
        for entry in component.get("licenses", [])
    ]
    first_lines = [name.strip().splitlines()[0] for name in named if name.strip()]
    return "; ".join(dict.fromkeys(first_lines)) or "unknown"


def table(bill: dict) -> str:
    """One line for each component, by name: package, version, licence; tabs between them."""
    rows = [[part["name"], part["version"], licences(part)] for part in bill["components"]]
    return "\n".join("\t".join(row) for row in sorted(rows))


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
