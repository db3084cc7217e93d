"""What the inference benchmark does: the services a prediction calls, the servers beside which it is measured."""
