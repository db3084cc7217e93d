"""L-infinity: the largest change of the share of one level.

Measures: by how many rows of a hundred the level moved that moved most.
For: levels, where they are many.
Range: 0 to 1; more is further; the same in both directions.
Default limit: 0.1 here, a tenth of all rows in other hands; Vertex AI and TFDV ask for 0.3.
Weakness: blind to many small moves; of levels past a thousand only a hash is known, and none is named.
"""

import numpy as np

from trimtab.domain.drift.measures.psi import Shares


def largest_change(reference: Shares, window: Shares) -> Shares:
    """Return the largest change of a share."""
    change: Shares = np.abs(window - reference).max(axis=-1)
    return change
