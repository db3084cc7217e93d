"""The columns of the model that is served."""

FEATURES = [f"f{number}" for number in range(20)]
