"""Artifacts in the bucket: listed like folders, written and read through addresses that S3 itself answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from trimtab.domain.tracking.artifact_paths import Place
from trimtab.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BEHIND = "\U0010ffff"  # sorts behind all that can stand in a folder
MANY = 1000  # what S3 lists or deletes in one call
MEANT_WRONGLY = {
    "NoSuchUpload",
    "InvalidPart",
    "InvalidPartOrder",
    "EntityTooSmall",
    "MalformedXML",
}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file or a folder; its path is relative to the root it was listed under."""

    path: str
    size: int | None  # None is a folder


class Artifacts:
    """Lists, writes and removes artifacts, and signs addresses for clients that do so without us."""

    def __init__(self, client: "S3Client", signer: "S3Client") -> None:
        """Work with `client`; `signer` is one whose signatures S3 takes for encrypted objects and in every region."""
        self._client = client
        self._signer = signer

    def page(
        self, root: Place, path: str, *, after: str | None = None, limit: int = MANY
    ) -> tuple[list[Artifact], str | None]:
        """Return a page of what is right under a path, and the name behind which the next page begins."""
        prefix = root.key(path) + "/"
        request: dict[str, Any] = {"Bucket": root.bucket, "Prefix": prefix, "Delimiter": "/"}
        if after:
            request["StartAfter"] = prefix + after + (BEHIND if after.endswith("/") else "")
        answer = self._client.list_objects_v2(**request, MaxKeys=limit)
        found: list[tuple[str, int | None]] = [
            (each["Prefix"], None) for each in answer.get("CommonPrefixes", [])
        ]
        found += [(each["Key"], each["Size"]) for each in answer.get("Contents", [])]
        found.sort(key=lambda each: each[0])
        cut = len(root.prefix) + 1
        # A key that ends in a slash is what some tools put there to show an empty folder.
        shown = [Artifact(key[cut:].rstrip("/"), size) for key, size in found if key != prefix]
        more = answer.get("IsTruncated") and found
        return shown, found[-1][0].removeprefix(prefix) if more else None

    def everything(self, root: Place, path: str, most: int) -> list[Artifact]:
        """Return all that is right under a path. Raises InvalidInput if that is more than `most`."""
        found, after = self.page(root, path)
        while after is not None and len(found) <= most:
            more, after = self.page(root, path, after=after)
            found += more
        if len(found) > most:
            raise InvalidInput(
                f"there are more than {most:,} artifacts under '{path}', too many for one answer",
                hint="list them with rights in S3, or a folder at a time",
            )
        return found

    def put(self, place: Place, path: str, body: bytes, content_type: str) -> None:
        """Write a file."""
        self._client.put_object(
            Bucket=place.bucket, Key=place.key(path), Body=body, ContentType=content_type
        )

    def size(self, place: Place, path: str) -> int:
        """Return a file's size. Raises NotFound if there is none."""
        key = place.key(path)
        listed = self._client.list_objects_v2(Bucket=place.bucket, Prefix=key, MaxKeys=1)
        for each in listed.get("Contents", []):
            if each["Key"] == key:
                return each["Size"]
        raise NotFound(f"there is no artifact at {path}")

    def remove(self, place: Place, path: str) -> int:
        """Remove a file and all that is under a folder of its name; return how many there were. S3 keeps versions."""
        key, removed = place.key(path), 0
        first = self._client.list_objects_v2(Bucket=place.bucket, Prefix=key, MaxKeys=1)
        within = [each["Key"] for each in first.get("Contents", []) if each["Key"] == key]
        while True:
            listed = self._client.list_objects_v2(Bucket=place.bucket, Prefix=key + "/")
            within += [each["Key"] for each in listed.get("Contents", [])]
            if not within:
                return removed
            for some in (within[:MANY], within[MANY:]):
                if some:
                    objects: Any = [{"Key": each} for each in some]
                    self._client.delete_objects(Bucket=place.bucket, Delete={"Objects": objects})
            removed += len(within)
            within = []

    def address_to_read(self, place: Place, path: str, *, seconds: int) -> str:
        """Return an address from which anybody can read the file for a while."""
        name = quote(path.rpartition("/")[2], safe="")
        return self._signed(
            "get_object",
            seconds,
            Bucket=place.bucket,
            Key=place.key(path),
            ResponseContentDisposition=f"attachment; filename*=UTF-8''{name}",
        )

    def address_to_write(self, place: Place, path: str, content_type: str, *, seconds: int) -> str:
        """Return an address to which anybody can write the file for a while, with this content type."""
        return self._signed(
            "put_object",
            seconds,
            Bucket=place.bucket,
            Key=place.key(path),
            ContentType=content_type,
        )

    def begin_parts(
        self, place: Place, path: str, parts: int, *, seconds: int
    ) -> tuple[str, list[str]]:
        """Begin an upload in parts; return its id, and an address for each part."""
        where = {"Bucket": place.bucket, "Key": place.key(path)}
        upload = self._client.create_multipart_upload(**where)["UploadId"]  # type: ignore[arg-type]
        return upload, [
            self._signed("upload_part", seconds, **where, UploadId=upload, PartNumber=number)
            for number in range(1, parts + 1)
        ]

    def complete_parts(
        self, place: Place, path: str, upload: str, parts: Sequence[tuple[int, str]]
    ) -> None:
        """Make a file of the parts. Raises InvalidInput if they are not those that were uploaded."""
        listed: Any = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        try:
            self._client.complete_multipart_upload(
                Bucket=place.bucket,
                Key=place.key(path),
                UploadId=upload,
                MultipartUpload={"Parts": listed},
            )
        except ClientError as error:
            raise _meant_wrongly(error) from error

    def abort_parts(self, place: Place, path: str, upload: str) -> None:
        """Forget an upload and its parts. Raises InvalidInput if there is no such upload."""
        try:
            self._client.abort_multipart_upload(
                Bucket=place.bucket, Key=place.key(path), UploadId=upload
            )
        except ClientError as error:
            raise _meant_wrongly(error) from error

    def _signed(self, operation: str, seconds: int, **parameters: Any) -> str:
        return self._signer.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)


def _meant_wrongly(error: ClientError) -> Exception:
    told = error.response["Error"]
    if told["Code"] in MEANT_WRONGLY:
        return InvalidInput(f"S3 refuses the upload: {told['Code']}: {told.get('Message', '')}")
    return error
