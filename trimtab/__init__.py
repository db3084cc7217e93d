"""What Trimtab knows: the rules of a model's life, the stores that keep it, and the command line."""
