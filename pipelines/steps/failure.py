"""A step that cannot go on says why in one line."""


class StepFailure(Exception):
    """The step ends here; the message is what its owner reads."""
