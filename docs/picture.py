"""Draw docs/demo.svg, the README's picture, from what the last `make demo` saw: python docs/picture.py."""

import io
import json
import re
from pathlib import Path

from rich.console import Console

from local.demo.promises import Promise
from local.demo.screen import Screen

ROOT = Path(__file__).parents[1]
COLUMNS = 118


def main() -> None:
    """Write the picture; a viewer's own monospace font is used, nothing is fetched."""
    facts = json.loads((ROOT / "build" / "demo.json").read_text())
    promises = [Promise(**facts) for facts in facts["promises"]]
    console = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False
    )
    console.print("[bold]$ make demo[/bold]")
    screen = Screen(console)
    screen.table(promises)
    kept = sum(promise.kept for promise in promises)
    seconds = sum(promise.seconds for promise in promises)
    screen.say(f"\n{kept} of {len(promises)} promises kept in {seconds:.0f} s")
    svg = console.export_svg(title="make demo", unique_id="demo")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code", "ui-monospace")
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)  # columns are made of spaces
    svg = svg.replace("&#160;", " ")
    svg = svg.replace(
        "</style>", "text { white-space: pre }\n</style>", 1
    )  # not every viewer heeds xml:space
    lines = [line.rstrip() for line in svg.splitlines()]
    (ROOT / "docs" / "demo.svg").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
