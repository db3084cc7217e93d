"""The model registry: package groups, versioned packages, approval."""

from typing import Any

from local.sagemaker import events
from local.sagemaker.context import Context
from local.sagemaker.errors import conflict, invalid, refuse_unknown
from local.sagemaker.paging import page, summary
from local.sagemaker.store import Record
from local.sagemaker.tags import Tags

Params = dict[str, Any]

CREATE_FIELDS = frozenset(
    "ModelPackageGroupName ModelPackageDescription ModelPackageRegistrationType InferenceSpecification "
    "ModelApprovalStatus MetadataProperties ModelMetrics ClientToken Domain Task SamplePayloadUrl "
    "CustomerMetadataProperties DriftCheckBaselines SkipModelValidation SourceUri ModelLifeCycle Tags".split()
)
UPDATE_FIELDS = frozenset(
    "ModelPackageArn ModelApprovalStatus ApprovalDescription CustomerMetadataProperties "
    "CustomerMetadataPropertiesToRemove InferenceSpecification SourceUri ModelLifeCycle "
    "ModelPackageRegistrationType ClientToken".split()
)
MOST_METADATA = 50  # entries of CustomerMetadataProperties
SUMMARY_FIELDS = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


class Registry:
    """Model package groups and the packages in them."""

    def __init__(self, context: Context, tags: Tags) -> None:
        """Keep groups and packages in the context's store."""
        self._context = context
        self._store = context.store
        self._tags = tags

    def create_group(self, params: Params) -> Params:
        """CreateModelPackageGroup."""
        refuse_unknown(
            "CreateModelPackageGroup",
            params,
            frozenset({"ModelPackageGroupName", "ModelPackageGroupDescription", "Tags"}),
        )
        name = params["ModelPackageGroupName"]
        arn = self._context.arn("model-package-group", name)
        with self._store.changed:
            if name in self._groups:
                raise invalid(f"Model Package Group already exists: {arn}")
            self._groups[name] = {
                **summary(params, "ModelPackageGroupName", "ModelPackageGroupDescription"),
                "ModelPackageGroupArn": arn,
                "CreationTime": self._context.now(),
                "CreatedBy": {},
                "ModelPackageGroupStatus": "Completed",
                "LastVersion": 0,
            }
        self._tags.put(arn, params.get("Tags"))
        return {"ModelPackageGroupArn": arn}

    def describe_group(self, params: Params) -> Params:
        """DescribeModelPackageGroup."""
        group = dict(self._group(params["ModelPackageGroupName"]))
        group.pop("LastVersion")
        return group

    def delete_group(self, params: Params) -> Params:
        """DeleteModelPackageGroup; a group that holds packages stays."""
        with self._store.changed:
            group = self._group(params["ModelPackageGroupName"])
            name = group["ModelPackageGroupName"]
            if any(p["ModelPackageGroupName"] == name for p in self._packages.values()):
                raise conflict(
                    f"Model Package Group {group['ModelPackageGroupArn']} cannot be deleted: "
                    "it contains model packages"
                )
            del self._groups[name]
        self._tags.forget(group["ModelPackageGroupArn"])
        return {}

    def list_groups(self, params: Params) -> Params:
        """ListModelPackageGroups."""
        found, token = page(
            self._groups.values(),
            params,
            name="ModelPackageGroupName",
            sort_keys={"CreationTime": "CreationTime", "Name": "ModelPackageGroupName"},
        )
        fields = (
            "ModelPackageGroupName",
            "ModelPackageGroupArn",
            "ModelPackageGroupDescription",
            "CreationTime",
            "ModelPackageGroupStatus",
        )
        return {
            "ModelPackageGroupSummaryList": [summary(group, *fields) for group in found],
            **token,
        }

    def create_package(self, params: Params) -> Params:
        """CreateModelPackage: the next version of a group. Repeated with one ClientToken it is made once."""
        refuse_unknown("CreateModelPackage", params, CREATE_FIELDS)
        if not params.get("ModelPackageGroupName"):
            raise invalid(
                "CreateModelPackage: give ModelPackageGroupName; only versions are kept here"
            )
        if not (params.get("InferenceSpecification") or params.get("SourceUri")):
            raise invalid("Either InferenceSpecification or SourceUri has to be provided.")
        with self._store.changed:
            group = self._group(params["ModelPackageGroupName"])
            if made := self._made_with(params.get("ClientToken")):
                return {"ModelPackageArn": made["ModelPackageArn"]}
            group["LastVersion"] += 1
            package = self._new_package(group, params)
            self._packages[package["ModelPackageArn"]] = package
        self._tags.put(package["ModelPackageArn"], params.get("Tags"))
        events.model_package_changed(self._context, package)
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def describe_package(self, params: Params) -> Params:
        """DescribeModelPackage."""
        package = dict(self.package(params["ModelPackageName"]))
        package.pop("ClientToken", None)
        return package

    def update_package(self, params: Params) -> Params:
        """UpdateModelPackage: approval, life cycle, metadata; tells the bus if anything changed."""
        refuse_unknown("UpdateModelPackage", params, UPDATE_FIELDS)
        with self._store.changed:
            package = self.package(params["ModelPackageArn"])
            before = dict(package)
            metadata = {
                **package.get("CustomerMetadataProperties", {}),
                **(params.get("CustomerMetadataProperties") or {}),
            }
            for key in params.get("CustomerMetadataPropertiesToRemove") or []:
                metadata.pop(key, None)
            if len(metadata) > MOST_METADATA:
                raise invalid(f"CustomerMetadataProperties holds at most {MOST_METADATA} entries")
            kept = {"ModelPackageArn", "ClientToken", "CustomerMetadataPropertiesToRemove"}
            package.update({name: value for name, value in params.items() if name not in kept})
            if metadata or "CustomerMetadataProperties" in package:
                package["CustomerMetadataProperties"] = metadata
            changed = package != before
            package["LastModifiedTime"] = self._context.now()
        if changed:
            events.model_package_changed(self._context, package)
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def delete_package(self, params: Params) -> Params:
        """DeleteModelPackage."""
        with self._store.changed:
            package = self.package(params["ModelPackageName"])
            del self._packages[package["ModelPackageArn"]]
        self._tags.forget(package["ModelPackageArn"])
        return {}

    def list_packages(self, params: Params) -> Params:
        """ListModelPackages, by group and approval."""
        kept = list(self._packages.values())
        if wanted := params.get("ModelPackageGroupName"):
            name = wanted.rsplit("/", 1)[-1]
            kept = [package for package in kept if package["ModelPackageGroupName"] == name]
        if status := params.get("ModelApprovalStatus"):
            kept = [package for package in kept if package["ModelApprovalStatus"] == status]
        found, token = page(
            kept,
            params,
            name="ModelPackageArn",
            sort_keys={"CreationTime": "CreationTime", "Name": "ModelPackageArn"},
        )
        return {
            "ModelPackageSummaryList": [summary(package, *SUMMARY_FIELDS) for package in found],
            **token,
        }

    def package(self, name_or_arn: str) -> Record:
        """Return a live package by ARN or by `group/version`. Raises ValidationException."""
        arn = name_or_arn
        if not arn.startswith("arn:"):
            arn = self._context.arn("model-package", name_or_arn)
        if arn not in self._packages:
            raise invalid(f"ModelPackage {arn} does not exist.")
        return self._packages[arn]

    @property
    def _groups(self) -> dict[str, Record]:
        return self._store.of("model package groups")

    @property
    def _packages(self) -> dict[str, Record]:
        return self._store.of("model packages")

    def _group(self, name_or_arn: str) -> Record:
        name = name_or_arn.rsplit("/", 1)[-1]
        if name not in self._groups:
            arn = self._context.arn("model-package-group", name)
            raise invalid(f"ModelPackageGroup {arn} does not exist.")
        return self._groups[name]

    def _made_with(self, token: str | None) -> Record | None:
        if token is None:
            return None
        return next((p for p in self._packages.values() if p.get("ClientToken") == token), None)

    def _new_package(self, group: Record, params: Params) -> Record:
        name, version = group["ModelPackageGroupName"], group["LastVersion"]
        given = {key: value for key, value in params.items() if key != "Tags" and value is not None}
        return {
            "ModelApprovalStatus": "PendingManualApproval",
            "ModelPackageRegistrationType": "Registered",
            **given,
            "ModelPackageName": name,
            "ModelPackageGroupName": name,
            "ModelPackageVersion": version,
            "ModelPackageArn": self._context.arn("model-package", f"{name}/{version}"),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CreationTime": self._context.now(),
            "CreatedBy": {},
        }
