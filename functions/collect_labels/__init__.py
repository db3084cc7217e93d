"""Takes in labels of predictions that were made: files under labels/, and requests."""
