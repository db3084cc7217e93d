"""Lambda on this machine: the packaged asset, in its own process, with its own rights, within bounds."""
