"""Examines files that are too large for a function, on Spark, with the function's own code.

Runs in SageMaker's Spark container (3.5, Python 3.12), and on this machine in `.venv-spark`.
"""
