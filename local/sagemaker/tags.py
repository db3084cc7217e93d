"""Tags of resources."""

from typing import Any

from local.sagemaker.context import Context

Params = dict[str, Any]


class Tags:
    """AddTags, ListTags, DeleteTags, and the tags given when a resource is made."""

    def __init__(self, context: Context) -> None:
        """Keep tags in the context's store."""
        self._store = context.store

    def put(self, arn: str, tags: list[dict[str, str]] | None) -> None:
        """Give a resource further tags; a key given again takes the new value."""
        if tags:
            with self._store.changed:
                known = self._store.of("tags").setdefault(arn, {})
                known.update({tag["Key"]: tag["Value"] for tag in tags})

    def of(self, arn: str) -> dict[str, str]:
        """Return a resource's tags."""
        return dict(self._store.of("tags").get(arn, {}))

    def forget(self, arn: str) -> None:
        """Drop the tags of a resource that is gone."""
        with self._store.changed:
            self._store.of("tags").pop(arn, None)

    def add(self, params: Params) -> Params:
        """AddTags."""
        self.put(params["ResourceArn"], params["Tags"])
        return {"Tags": _listed(self.of(params["ResourceArn"]))}

    def list(self, params: Params) -> Params:
        """ListTags."""
        return {"Tags": _listed(self.of(params["ResourceArn"]))}

    def delete(self, params: Params) -> Params:
        """DeleteTags."""
        with self._store.changed:
            known = self._store.of("tags").get(params["ResourceArn"], {})
            for key in params["TagKeys"]:
                known.pop(key, None)
        return {}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
