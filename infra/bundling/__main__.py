"""`python -m infra.bundling`: install every function's third-party code now, so that synth needs no network later."""

from infra.bundling import third_party
from infra.bundling.assemble import ROOT
from infra.bundling.platforms import PLATFORMS

LOCKS = ("lambda", "lambda-data")

for platform in PLATFORMS.values():
    for lock in LOCKS:
        third_party.tree(ROOT, lock, platform)
