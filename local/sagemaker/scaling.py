"""Application Auto Scaling, as far as it is about endpoints: it keeps what it is told.

Nothing here adds a server: an endpoint has one on this machine, however many instances it is told to have.
"""

import re
from typing import Any

from local.sagemaker.context import Context, random_id
from local.sagemaker.endpoint_configs import EndpointConfigs
from local.sagemaker.endpoints import Endpoints
from local.sagemaker.errors import ServiceError, invalid, refuse_unknown, unsupported
from local.sagemaker.store import Record

Params = dict[str, Any]

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
RESOURCE = re.compile(r"endpoint/([^/]+)/variant/([^/]+)")
ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
TARGET_FIELDS = frozenset(
    ("ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity")
)
POLICY_FIELDS = frozenset(
    "PolicyName ServiceNamespace ResourceId ScalableDimension PolicyType "
    "TargetTrackingScalingPolicyConfiguration".split()
)


class Scaling:
    """RegisterScalableTarget, PutScalingPolicy, DeregisterScalableTarget, and what describes them."""

    def __init__(self, context: Context, endpoints: Endpoints, configs: EndpointConfigs) -> None:
        """Keep targets and policies in the context's store."""
        self._context = context
        self._store = context.store
        self._endpoints = endpoints
        self._configs = configs

    def register(self, params: Params) -> Params:
        """RegisterScalableTarget: of an endpoint in service, whose variant has instances; again, it changes bounds."""
        refuse_unknown("RegisterScalableTarget", params, TARGET_FIELDS)
        resource = self._resource(params)
        with self._store.changed:
            target = self._targets.get(resource)
            bounds = {name: params.get(name) for name in ("MinCapacity", "MaxCapacity")}
            if target is None and None in bounds.values():
                raise invalid("You must specify minimum and maximum capacity for a new target.")
            told = {name: value for name, value in bounds.items() if value is not None}
            target = {**(target or self._new(params)), **told}
            if target["MinCapacity"] > target["MaxCapacity"]:
                raise invalid("Maximum capacity cannot be less than minimum capacity")
            self._check_variant(resource)
            self._targets[resource] = target
        return {"ScalableTargetARN": target["ScalableTargetARN"]}

    def put_policy(self, params: Params) -> Params:
        """PutScalingPolicy, by a target to be tracked."""
        refuse_unknown("PutScalingPolicy", params, POLICY_FIELDS)
        resource, name = self._resource(params), params["PolicyName"]
        if params.get("PolicyType") != "TargetTrackingScaling":
            raise unsupported("PutScalingPolicy", "a PolicyType other than TargetTrackingScaling")
        if "TargetTrackingScalingPolicyConfiguration" not in params:
            raise invalid("TargetTrackingScalingPolicyConfiguration is required")
        with self._store.changed:
            self._insist(resource)
            known = self._policies.get(f"{resource} {name}")
            policy = {
                "PolicyARN": self._arn(
                    "autoscaling", f"scalingPolicy:{random_id(12)}:resource/{resource}"
                ),
                "CreationTime": self._context.now(),
                **(known or {}),
                **params,
            }
            self._policies[f"{resource} {name}"] = policy
        return {"PolicyARN": policy["PolicyARN"], "Alarms": []}

    def deregister(self, params: Params) -> Params:
        """DeregisterScalableTarget: its policies go with it."""
        resource = self._resource(params)
        with self._store.changed:
            self._insist(resource)
            del self._targets[resource]
            for key in [each for each in self._policies if each.startswith(f"{resource} ")]:
                del self._policies[key]
        return {}

    def describe_targets(self, params: Params) -> Params:
        """DescribeScalableTargets, all in one page."""
        wanted = params.get("ResourceIds")
        found = [each for name, each in self._targets.items() if not wanted or name in wanted]
        return {"ScalableTargets": found}

    def describe_policies(self, params: Params) -> Params:
        """DescribeScalingPolicies, all in one page."""
        wanted = params.get("ResourceId")
        found = [each for each in self._policies.values() if wanted in (None, each["ResourceId"])]
        return {"ScalingPolicies": found}

    @property
    def _targets(self) -> dict[str, Record]:
        return self._store.of("scalable targets")

    @property
    def _policies(self) -> dict[str, Record]:
        return self._store.of("scaling policies")

    def _resource(self, params: Params) -> str:
        if (params["ServiceNamespace"], params["ScalableDimension"]) != (NAMESPACE, DIMENSION):
            raise unsupported(
                "Application Auto Scaling",
                f"{params['ServiceNamespace']} {params['ScalableDimension']}",
            )
        return str(params["ResourceId"])

    def _insist(self, resource: str) -> None:
        if resource not in self._targets:
            raise ServiceError(
                "ObjectNotFoundException",
                f"No scalable target registered for service namespace: {NAMESPACE}, resource ID: {resource}, "
                f"scalable dimension: {DIMENSION}",
            )

    def _check_variant(self, resource: str) -> None:
        named = RESOURCE.fullmatch(resource)
        if named is None or not self._endpoints.in_service(named[1]):
            raise invalid(f"{resource} is no variant of an endpoint in service")
        config = self._configs.get(self._endpoints.get(named[1])["EndpointConfigName"])
        variants = {each["VariantName"]: each for each in config["ProductionVariants"]}
        machine = variants.get(named[2], {}).get("InstanceType", "")
        if not machine:
            raise invalid(f"{resource} has no instances")
        if machine.startswith("ml.t"):
            raise invalid(f"{resource}: burstable instances ({machine}) do not scale")

    def _new(self, params: Params) -> Record:
        account = self._context.config.account
        role = f"role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/{ROLE}"
        return {
            "ServiceNamespace": NAMESPACE,
            "ResourceId": params["ResourceId"],
            "ScalableDimension": DIMENSION,
            "RoleARN": f"arn:aws:iam::{account}:{role}",
            "ScalableTargetARN": self._arn(
                "application-autoscaling", f"scalable-target/{random_id(16)}"
            ),
            "CreationTime": self._context.now(),
        }

    def _arn(self, service: str, resource: str) -> str:
        config = self._context.config
        return f"arn:aws:{service}:{config.region}:{config.account}:{resource}"
