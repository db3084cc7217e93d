"""What nobody may do by hand to a model that this deployment trains, releases and rolls back by itself."""

from trimtab.domain.registry.models import RELEASED
from trimtab.errors import InvalidState


def check_version_is_free(model: str, is_deployed: bool) -> None:
    """Do nothing for a model that takes versions from anybody. Raises InvalidState for a deployed one."""
    if is_deployed:
        raise InvalidState(
            f"{model} is deployed here: its versions come from its pipeline",
            hint=f"trimtab training request {model}, or register under another name",
        )


def check_alias_is_free(model: str, alias: str, is_deployed: bool) -> None:
    """Do nothing for an alias that anybody may move. Raises InvalidState for what releases and rollbacks move."""
    if is_deployed and alias in RELEASED:
        raise InvalidState(
            f"{model} is deployed here: its alias {alias} moves only by releases and rollbacks",
            hint=f"approve a version, or trimtab rollback {model}; any other alias is free",
        )


def check_model_is_free(model: str, is_deployed: bool, doing: str) -> None:
    """Do nothing for a model that can be `doing`: renamed or deleted. Raises InvalidState for a deployed one."""
    if is_deployed:
        raise InvalidState(
            f"{model} is deployed here, so it cannot be {doing}",
            hint="take its folder out of pipelines/ and deploy first",
        )
