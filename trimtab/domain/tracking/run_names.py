"""Names for runs that were given none."""

KINDS = (
    "able brisk calm clear deft eager early fair firm fleet frank glad hale keen light lively lucid mild neat plain "
    "quiet rapid ready sound spry staid steady still swift taut tidy trim true vivid warm wide wise witty young zesty"
).split()
THINGS = (
    "anchor beacon binnacle boom bow breeze buoy capstan cleat compass current davit deck fathom gaff halyard harbour "
    "helm hull jetty keel knot lantern ledger mast mooring oar pilot porthole quay reef rigging rudder sail sextant "
    "spinnaker tide tiller wake yawl"
).split()
NUMBERS = 1000


def run_name(chance: int) -> str:
    """Return a name such as `keen-tiller-042`; `chance` is any number that is not negative."""
    rest, number = divmod(chance, NUMBERS)
    rest, thing = divmod(rest, len(THINGS))
    return f"{KINDS[rest % len(KINDS)]}-{THINGS[thing]}-{number:03d}"
