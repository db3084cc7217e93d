"""One module per function, named as its folder in functions/: what wakes it and what it may do."""
