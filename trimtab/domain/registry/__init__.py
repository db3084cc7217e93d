"""The registry's names: registered models, what their versions and aliases may be called, and where aliases stood."""
