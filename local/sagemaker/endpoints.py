"""Endpoints and their states: Creating, InService, Updating, Failed, Deleting."""

import logging
import threading
from typing import Any

from local.sagemaker import events
from local.sagemaker.context import Context
from local.sagemaker.endpoint_configs import EndpointConfigs
from local.sagemaker.errors import ServiceError, invalid, limit_exceeded, refuse_unknown
from local.sagemaker.fleet import Fleet
from local.sagemaker.model_server import ServerFailed
from local.sagemaker.models import Models
from local.sagemaker.paging import page, summary
from local.sagemaker.store import Record
from local.sagemaker.tags import Tags

logger = logging.getLogger(__name__)

Params = dict[str, Any]

MOST_ENDPOINTS = 50  # per region, the quota of a new account
REASON_LENGTH = 1024
CREATE_FIELDS = frozenset(("EndpointName", "EndpointConfigName", "Tags"))
UPDATE_FIELDS = frozenset(("EndpointName", "EndpointConfigName"))
BUSY = frozenset(("Creating", "Updating", "Deleting"))


class Endpoints:
    """CreateEndpoint, DescribeEndpoint, UpdateEndpoint, ListEndpoints, DeleteEndpoint."""

    def __init__(
        self, context: Context, configs: EndpointConfigs, models: Models, tags: Tags
    ) -> None:
        """Keep endpoints in the context's store, their servers here."""
        self._context = context
        self._store = context.store
        self._configs = configs
        self._models = models
        self._tags = tags
        self._fleets: dict[str, Fleet] = {}

    def create(self, params: Params) -> Params:
        """CreateEndpoint: answers at once, the servers come up behind."""
        refuse_unknown("CreateEndpoint", params, CREATE_FIELDS)
        name = params["EndpointName"]
        arn = self._context.arn("endpoint", name)
        config = self._configs.get(params["EndpointConfigName"])
        with self._store.changed:
            if name in self._endpoints:
                raise invalid(f'Cannot create already existing endpoint "{arn}".')
            if len(self._endpoints) >= MOST_ENDPOINTS:
                raise limit_exceeded(
                    f"The account-level service limit 'Endpoints' is {MOST_ENDPOINTS} Endpoints, with "
                    f"current utilization of {len(self._endpoints)} Endpoints and a request delta of 1."
                )
            now = self._context.now()
            endpoint = self._endpoints[name] = {
                "EndpointName": name,
                "EndpointArn": arn,
                "EndpointConfigName": config["EndpointConfigName"],
                "EndpointStatus": "Creating",
                "CreationTime": now,
                "LastModifiedTime": now,
            }
        self._tags.put(arn, params.get("Tags"))
        self._tell(endpoint)
        self._in_background(self._bring_up, endpoint)
        return {"EndpointArn": arn}

    def describe(self, params: Params) -> Params:
        """DescribeEndpoint."""
        with self._store.changed:
            return dict(self.get(params["EndpointName"]))

    def list(self, params: Params) -> Params:
        """ListEndpoints."""
        kept = list(self._endpoints.values())
        if status := params.get("StatusEquals"):
            kept = [endpoint for endpoint in kept if endpoint["EndpointStatus"] == status]
        found, token = page(
            kept,
            params,
            name="EndpointName",
            sort_keys={
                "CreationTime": "CreationTime",
                "Name": "EndpointName",
                "Status": "EndpointStatus",
            },
        )
        fields = (
            "EndpointName",
            "EndpointArn",
            "CreationTime",
            "LastModifiedTime",
            "EndpointStatus",
        )
        return {"Endpoints": [summary(endpoint, *fields) for endpoint in found], **token}

    def update(self, params: Params) -> Params:
        """UpdateEndpoint: new servers first; traffic moves once they are healthy, else stays."""
        refuse_unknown("UpdateEndpoint", params, UPDATE_FIELDS)
        config = self._configs.get(params["EndpointConfigName"])
        with self._store.changed:
            endpoint = self.get(params["EndpointName"])
            if endpoint["EndpointStatus"] in BUSY:
                raise invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
            if endpoint["EndpointConfigName"] == config["EndpointConfigName"]:
                raise invalid(
                    "UpdateEndpoint: the endpoint already uses endpoint configuration "
                    f'"{config["EndpointConfigArn"]}"; give another one.'
                )
            endpoint.pop("FailureReason", None)
            self._set_status(endpoint, "Updating")
        self._tell(endpoint)
        self._in_background(self._replace, endpoint, config)
        return {"EndpointArn": endpoint["EndpointArn"]}

    def delete(self, params: Params) -> Params:
        """DeleteEndpoint: its servers end, then it is gone."""
        with self._store.changed:
            endpoint = self.get(params["EndpointName"])
            if endpoint["EndpointStatus"] in ("Updating", "Deleting"):
                raise invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
            self._set_status(endpoint, "Deleting")
        self._tell(endpoint)
        self._in_background(self._take_down, endpoint)
        return {}

    def get(self, name: str) -> Record:
        """Return a live endpoint. Raises ValidationException."""
        if name not in self._endpoints:
            raise invalid(f'Could not find endpoint "{self._context.arn("endpoint", name)}".')
        return self._endpoints[name]

    def fleet(self, name: str, patience: float) -> Fleet | None:
        """Return the servers of an endpoint, waiting while they come back after a restart of the cloud."""
        self._store.wait(lambda: name in self._fleets or not self.in_service(name), patience)
        return self._fleets.get(name)

    def in_service(self, name: str) -> bool:
        """Tell whether requests to the endpoint are to be answered."""
        endpoint = self._endpoints.get(name)
        return endpoint is not None and endpoint["EndpointStatus"] in ("InService", "Updating")

    def exists(self, name: str) -> bool:
        """Tell whether there is such an endpoint, whatever its state."""
        return name in self._endpoints

    def resume(self) -> None:
        """Bring up again what was in service when the state was copied out, and go on with the rest."""
        for endpoint in list(self._endpoints.values()):
            match endpoint["EndpointStatus"]:
                case "Deleting":
                    self._take_down(endpoint)
                case "Creating":
                    self._in_background(self._bring_up_later, endpoint)
                case "Updating" | "InService":
                    endpoint["EndpointStatus"] = "InService"
                    self._in_background(self._bring_back, endpoint)

    def close(self) -> None:
        """End every server."""
        stops = [
            threading.Thread(target=fleet.stop, daemon=True)
            for fleet in list(self._fleets.values())
        ]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    @property
    def _endpoints(self) -> dict[str, Record]:
        return self._store.of("endpoints")

    def _bring_up(self, endpoint: Record) -> None:
        try:
            config = self._configs.get(endpoint["EndpointConfigName"])
            fleet = self._started_fleet(endpoint, config)
        except (ServerFailed, ServiceError) as problem:
            self._settle(endpoint, "Failed", str(problem))
            return
        self._put_in_service(endpoint, fleet, config)

    def _bring_up_later(self, endpoint: Record) -> None:
        self._context.clients.wait_for_cloud()
        self._bring_up(endpoint)

    def _bring_back(self, endpoint: Record) -> None:
        """Give an endpoint that is in service its servers again; nothing changed, so nothing is told."""
        self._context.clients.wait_for_cloud()
        try:
            config = self._configs.get(endpoint["EndpointConfigName"])
            fleet = self._started_fleet(endpoint, config)
        except (ServerFailed, ServiceError) as problem:
            self._settle(endpoint, "Failed", str(problem))
            return
        with self._store.changed:
            self._fleets[endpoint["EndpointName"]] = fleet
            self._store.changed.notify_all()

    def _replace(self, endpoint: Record, config: Record) -> None:
        old = self._fleets.get(endpoint["EndpointName"])
        try:
            fleet = self._started_fleet(endpoint, config)
        except (ServerFailed, ServiceError) as problem:
            self._settle(endpoint, "InService" if old else "Failed", str(problem))
            return
        self._put_in_service(endpoint, fleet, config)
        if old is not None:
            old.stop()

    def _started_fleet(self, endpoint: Record, config: Record) -> Fleet:
        fleet = Fleet(self._context, self._models, endpoint["EndpointName"], config)
        fleet.start(lambda reason: self._given_up(endpoint, fleet, reason))
        return fleet

    def _put_in_service(self, endpoint: Record, fleet: Fleet, config: Record) -> None:
        with self._store.changed:
            if endpoint["EndpointStatus"] == "Deleting":
                fleet.stop()
                return
            self._fleets[endpoint["EndpointName"]] = fleet
            endpoint["EndpointConfigName"] = config["EndpointConfigName"]
            endpoint["ProductionVariants"] = [self._shown(v) for v in config["ProductionVariants"]]
        self._settle(endpoint, "InService", None)

    def _given_up(self, endpoint: Record, fleet: Fleet, reason: str) -> None:
        with self._store.changed:
            if self._fleets.get(endpoint["EndpointName"]) is not fleet:
                return
            del self._fleets[endpoint["EndpointName"]]
        self._settle(endpoint, "Failed", reason)
        fleet.stop()

    def _take_down(self, endpoint: Record) -> None:
        if fleet := self._fleets.pop(endpoint["EndpointName"], None):
            fleet.stop()
        with self._store.changed:
            self._endpoints.pop(endpoint["EndpointName"], None)
            self._store.changed.notify_all()
        self._tags.forget(endpoint["EndpointArn"])

    def _settle(self, endpoint: Record, status: str, reason: str | None) -> None:
        with self._store.changed:
            if endpoint["EndpointStatus"] == "Deleting":
                return
            endpoint.pop("FailureReason", None)
            if reason is not None:
                endpoint["FailureReason"] = reason[:REASON_LENGTH]
            self._set_status(endpoint, status)
        self._tell(endpoint)

    def _set_status(self, endpoint: Record, status: str) -> None:
        endpoint["EndpointStatus"] = status
        endpoint["LastModifiedTime"] = self._context.now()
        self._store.changed.notify_all()

    def _tell(self, endpoint: Record) -> None:
        events.endpoint_changed(
            self._context, dict(endpoint), self._tags.of(endpoint["EndpointArn"])
        )

    def _shown(self, variant: Record) -> Record:
        weight = variant["InitialVariantWeight"]
        container = self._models.resolved(
            self._models.get(variant["ModelName"])["PrimaryContainer"]
        )
        shown: Record = {
            "VariantName": variant["VariantName"],
            "DeployedImages": [
                summary({"SpecifiedImage": container.get("Image")}, "SpecifiedImage")
            ],
            "CurrentWeight": weight,
            "DesiredWeight": weight,
        }
        if serverless := variant.get("ServerlessConfig"):
            return {**shown, "CurrentServerlessConfig": serverless}
        count = variant["InitialInstanceCount"]
        return {**shown, "CurrentInstanceCount": count, "DesiredInstanceCount": count}

    def _in_background(self, work: Any, endpoint: Record, *arguments: Any) -> None:
        def run() -> None:
            try:
                work(endpoint, *arguments)
            except Exception as problem:
                logger.exception("endpoint %s", endpoint["EndpointName"])
                self._settle(endpoint, "Failed", f"InternalServerError: {problem}")

        threading.Thread(
            target=run, name=f"endpoint {endpoint['EndpointName']}", daemon=True
        ).start()
