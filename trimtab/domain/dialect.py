"""How a file of rows is written: its format and, of CSV, what the contract pins or the file was found to use."""

from typing import Literal

from trimtab.domain.base import Frozen

Format = Literal["csv", "parquet", "jsonl"]
Separator = Literal[",", ";", "\t", "|"]
SeparatorName = Literal["comma", "semicolon", "tab", "bar"]
SEPARATORS: dict[SeparatorName, Separator] = {  # the likeliest first
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
}

# How a boolean may be written, in any case. `yes` and `t` are left out: the readers of training code do not know them.
TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Dialect(Frozen):
    """The way a CSV file separates, quotes and names its values."""

    separator: Separator | None = None  # None: the one of , ; tab | that the first line shows
    quote: Literal['"', "'"] = '"'  # around values that hold a separator or a line break
    header: bool = True  # False: no line of names; values stand in the contract's order of columns
