"""What an execution of a training pipeline leaves behind: a run with its recipe, costs, plots and verdict."""
