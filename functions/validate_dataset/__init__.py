"""Checks what people put under incoming/: a good file makes a dataset version, a bad one goes to quarantine."""
