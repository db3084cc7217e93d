"""One capability each, with its rights beside it."""
