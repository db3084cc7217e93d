"""All of the registry's names behind one door."""

from collections.abc import Callable
from datetime import datetime

from trimtab.aws.beliefs import Beliefs
from trimtab.aws.model_specs import ModelSpecs
from trimtab.aws.registry.leaving import Leaving
from trimtab.aws.registry.models import RegisteredModels
from trimtab.aws.registry.pointing import Pointing
from trimtab.aws.registry.versions import RegisteredVersions
from trimtab.aws.table import Table


class Registry:
    """Registered models, their versions, where their aliases point, and how they leave."""

    def __init__(
        self, table: Table, beliefs: Beliefs, specs: ModelSpecs, now: Callable[[], datetime]
    ) -> None:
        self.models = RegisteredModels(table, beliefs, specs, now)
        self.versions = RegisteredVersions(table, self.models)
        self.pointing = Pointing(table, self.models, self.versions)
        self.leaving = Leaving(table, self.models, self.versions)
