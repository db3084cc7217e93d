"""How each peer is driven: the same columns, checks of the same kinds, drift where it has any, from CSV on disk.

Each file runs in an environment of its own, with `benchmarks/data_work` on its path and three arguments: the table's
name, the reference, the current file.
"""
