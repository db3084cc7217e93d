"""`python -m infra.bundling`: install every function's third-party code now, so that synth needs no network later."""

from pathlib import Path

from infra.bundling import third_party
from infra.bundling.platforms import PLATFORMS

ROOT = Path(__file__).parents[2]
LOCKS = ("lambda", "lambda-data")

for platform in PLATFORMS.values():
    for lock in LOCKS:
        third_party.tree(ROOT, lock, platform)
