"""The parameter that tells callers of SageMaker itself which endpoint is the champion's."""

from typing import TYPE_CHECKING

from trimtab import names
from trimtab.aws.aliases import Aliases
from trimtab.domain.aliases import Alias

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


class ChampionParameter:
    """Follows alias champion."""

    def __init__(self, client: "SSMClient", aliases: Aliases, stage: str) -> None:
        self._client = client
        self._aliases = aliases
        self._stage = stage

    def follow(self, model: str) -> None:
        """Put the champion's endpoint name, again if the champion moved meanwhile.

        Whoever puts last has looked at the alias after its put; so the last value is the right one, however
        promotions and rollbacks overtake each other.
        """
        champion = self._champion(model)
        while champion is not None:
            self._client.put_parameter(
                Name=names.champion_parameter(self._stage, model),
                Value=names.endpoint_name(self._stage, model, champion),
                Type="String",
                Overwrite=True,
            )
            seen, champion = champion, self._champion(model)
            if seen == champion:
                return

    def _champion(self, model: str) -> int | None:
        return self._aliases.standing(model, Alias.champion).version
