"""CloudFormation types and properties that the emulator lacks."""

from typing import Any, Protocol


class Engine(Protocol):
    """What provides the SageMaker resources."""

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Carry out a SageMaker operation in this process."""


def install(engine: Engine) -> None:
    """Add the types and properties to the emulator's CloudFormation."""
