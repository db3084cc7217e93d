"""Counts the live traffic of every model's champion, and says of each window whether it drifted."""
