"""The routes: one record per model, read by every prediction, changed by promotions and rollbacks."""

from trimtab.aws import keys
from trimtab.aws.beliefs import Beliefs
from trimtab.aws.table import Record, Table, Write, replace_or_create
from trimtab.domain.routing import Route

KNOWN_SECONDS = 1.0  # after a route moves, until every prediction goes by it
BELIEVED_SECONDS = 0.9  # how long a read route is gone by; the rest is for the read itself


class Routes:
    """Reads routes, and makes the writes that change them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, model: str) -> Route | None:
        """Return where the model's requests go, or None while no version answers."""
        return of_record(self.read(model))

    def read(self, model: str) -> Record | None:
        """Return the record of the model's route, to believe in when it is changed."""
        return self._table.read(keys.model(model), keys.ROUTE)


class RecentRoutes:
    """Routes as they were at most a second ago: what a prediction goes by, so that few of them wait for the table."""

    def __init__(self, beliefs: Beliefs) -> None:
        self._beliefs = beliefs

    def get(self, model: str) -> Route | None:
        """Return where the model's requests go, or None while no version answers."""
        place = keys.model(model), keys.ROUTE
        return of_record(self._beliefs.recall(*place, within=BELIEVED_SECONDS))


def of_record(record: Record | None) -> Route | None:
    """Return the route that a record tells."""
    return None if record is None else Route.model_validate(record.body, strict=False)


def route_write(model: str, record: Record | None, route: Route) -> Write:
    """The write that puts `route` where `record` was read."""
    return replace_or_create(record, keys.model(model), keys.ROUTE, route.model_dump(mode="json"))
