"""How a function becomes an asset: third-party code by lock, `trimtab/`, and its own folder; no Docker."""
