"""A model's life, window by window: how it did, and what was done about it."""
