"""From the inference API to the bucket: a stream that packs captures by model, version and hour."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesisfirehose as firehose
from constructs import Construct

from infra.constructs.foundation import Foundation
from trimtab import names

CAPTURES, ERRORS = "captures/", "capture-errors/"
PARTITIONS = "{model: .eventMetadata.model, version: .eventMetadata.version}"
FOLDERS = (
    "!{partitionKeyFromQuery:model}/!{partitionKeyFromQuery:version}/!{timestamp:yyyy/MM/dd/HH}/"
)
MEGABYTES, SECONDS = (
    64,
    300,
)  # gathered until an object is written, whichever is first; 64 is the least

Destination = firehose.CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty
Stream = firehose.CfnDeliveryStream


class CaptureStream(Construct):
    """Written to by the inference API only; its role may write below `captures/` and `capture-errors/`."""

    def __init__(self, scope: Construct, id: str, *, foundation: Foundation) -> None:
        super().__init__(scope, id)
        self._store = foundation.store
        role = self._role()
        stream = Stream(
            self,
            "Stream",
            delivery_stream_name=names.capture_stream(foundation.settings.stage),
            delivery_stream_type="DirectPut",
            delivery_stream_encryption_configuration_input=Stream.DeliveryStreamEncryptionConfigurationInputProperty(
                key_type="AWS_OWNED_CMK"
            ),
            extended_s3_destination_configuration=self._destination(role),
        )
        stream.node.add_dependency(role)
        self.name = stream.ref
        self.arn = stream.attr_arn

    def _role(self) -> iam.Role:
        account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("firehose.amazonaws.com", conditions=account),
            description="What the stream of captures may do",
        )
        self._store.grant_deliver_objects(role, CAPTURES, ERRORS)
        return role

    def _destination(self, role: iam.Role) -> Destination:
        query = Stream.ProcessorParameterProperty(
            parameter_name="MetadataExtractionQuery", parameter_value=PARTITIONS
        )
        engine = Stream.ProcessorParameterProperty(
            parameter_name="JsonParsingEngine", parameter_value="JQ-1.6"
        )
        extraction = Stream.ProcessorProperty(type="MetadataExtraction", parameters=[query, engine])
        return Destination(
            bucket_arn=self._store.bucket.bucket_arn,
            role_arn=role.role_arn,
            prefix=f"{CAPTURES}{FOLDERS}",
            error_output_prefix=f"{ERRORS}!{{firehose:error-output-type}}/!{{timestamp:yyyy/MM/dd/HH}}/",
            file_extension=".jsonl.gz",
            compression_format="GZIP",
            buffering_hints=Stream.BufferingHintsProperty(
                size_in_m_bs=MEGABYTES, interval_in_seconds=SECONDS
            ),
            encryption_configuration=Stream.EncryptionConfigurationProperty(
                kms_encryption_config=Stream.KMSEncryptionConfigProperty(
                    awskms_key_arn=self._store.key.key_arn
                )
            ),
            dynamic_partitioning_configuration=Stream.DynamicPartitioningConfigurationProperty(
                enabled=True
            ),
            processing_configuration=Stream.ProcessingConfigurationProperty(
                enabled=True, processors=[extraction]
            ),
        )
