"""What became of predictions: the labels that come for them, and whether a version is as good as it was."""
