"""The parts of a running local cloud and how they are joined; imports the emulator."""

import asyncio
import functools
import logging
import os
import socket
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import boto3

from local import connection as connections
from local import synth
from local.clock import LocalClock
from local.connection import Connection
from local.data_dir import DataDir
from local.deploy import Deployer
from local.emulator import (
    alarms,
    api_gateway,
    boot,
    firehose,
    iam,
    key_conditions,
    lambdas,
    log_events,
    resources,
    sagemaker_mount,
    schedules,
)
from local.emulator.control import Control
from local.emulator.environment import ACCOUNT, REGION, RootKey
from local.emulator.faults import Faults
from local.operator_user import operator_keys
from local.processes import Children
from local.sagemaker import SageMaker, SageMakerConfig
from trimtab.client.connection import home
from trimtab.errors import Fault, TrimtabError

if TYPE_CHECKING:
    from local.server import Server

logger = logging.getLogger(__name__)

LAMBDA_RUNTIME = synth.ROOT / "build" / "lambda-runtime"
JOBS_BIN = synth.ROOT / ".venv-jobs" / "bin"
SPARK_BIN = synth.ROOT / ".venv-spark" / "bin"


class Parts:
    """Emulator, Lambda executor, SageMaker service, clock and control routes of one cloud."""

    def __init__(
        self,
        server: "Server",
        children: Children,
        clock: LocalClock,
        data: DataDir | None,
        *,
        root: RootKey,
        port: int,
    ) -> None:
        """Join the parts; nothing is served yet."""
        self._server = server
        self._data = data
        self._restored = False  # until then what is kept is more than what is here
        self._clock = clock
        self._children = children
        self._home = home().absolute()
        self._endpoint_url = f"http://127.0.0.1:{port}"
        iam.close_back_doors(root)
        self._lambdas = lambdas.install(
            children,
            clock,
            endpoint_url=self._endpoint_url,
            runtime_path=LAMBDA_RUNTIME,
            account=ACCOUNT,
            region=REGION,
            limit=2 * (os.cpu_count() or 1),
            changed=server.changes.mark,
        )
        self._sagemaker = SageMaker(
            SageMakerConfig(
                endpoint_url=self._endpoint_url, jobs_bin=JOBS_BIN, spark_bin=SPARK_BIN
            ),
            children,
            clock,
            self._emit,
            iam.role_credentials,
        )
        log_events.install()
        key_conditions.install()
        alarms.install(clock, self._emit, self._lambdas.deliveries.submit)
        schedules.install(clock)
        firehose.install(clock)
        api_gateway.install()
        resources.install(self._sagemaker)
        faults = Faults()
        control = Control(clock, server.status, self.save, server.stop, faults)
        self._app = boot.Gate(
            sagemaker=sagemaker_mount.mount(self._sagemaker),
            control=control,
            faults=faults,
            asked=server.changes.mark,
        )

    async def serve(self, listener: socket.socket, stop: asyncio.Event) -> None:
        """Answer requests until `stop` is set."""
        await boot.serve(self._app, listener, stop)

    def start(self) -> None:
        """Restore, deploy and announce; runs beside `serve`. A failure ends the cloud."""
        try:
            self._start()
        except TrimtabError as error:
            self._server.fail(error)
        except Exception as error:
            logger.exception("the local cloud does not come up")
            failure = Fault(f"the local cloud does not come up: {error}", hint="its log tells more")
            self._server.fail(failure)

    def _start(self) -> None:
        if self._data is not None:
            self._sagemaker.restore(self._data.read("sagemaker"))
        keys = operator_keys(self._client("iam"), self._data)
        if (
            self._data is not None
        ):  # the answer above tells that the emulator has its functions again
            self._lambdas.deliveries.restore(self._data.read("lambda"))
        self._restored = True
        outputs = self._deploy() if self._server.options.deploy else {}
        connection = Connection(
            endpoint_url=self._endpoint_url,
            api_url=self._api_url(outputs.get("ApiId")),
            region=REGION,
            access_key_id=keys.access_key_id,
            secret_access_key=keys.secret_access_key,
            data_bucket=outputs.get("DataBucketName", ""),
            stage=outputs.get("Stage", "dev"),
            pid=os.getpid(),
        )
        connections.save(connection)
        self._server.connection = connection
        self._server.announce(connection)

    def save(self) -> None:
        """Write all state to the data directory, if there is one."""
        if self._data is None or not self._restored:
            return
        boot.save_state()
        self._data.write("lambda", self._lambdas.deliveries.snapshot())
        self._data.write("sagemaker", self._sagemaker.snapshot())
        kept = self._data.read("cloud")
        kept["clock_offset_seconds"] = self._clock.offset.total_seconds()
        self._data.write("cloud", kept)

    def close(self) -> None:
        """Save once more and end every part."""
        try:
            self.save()
        finally:
            self._sagemaker.close()
            self._lambdas.close()
            self._clock.close()

    def _emit(
        self, source: str, detail_type: str, detail: dict[str, Any], resources: Sequence[str] = ()
    ) -> None:
        self._server.changes.mark()
        boot.emit(source, detail_type, detail, resources)

    def _deploy(self) -> dict[str, str]:
        started = time.monotonic()
        assembly = self._server.options.assembly or synth.assembly(self._home, _say, self._children)
        deployer = Deployer(functools.cache(self._client), ACCOUNT, REGION, _say)
        outputs = deployer.deploy(assembly)
        _say(f"deployed in {time.monotonic() - started:.1f} s")
        return {key: value for stack in outputs.values() for key, value in stack.items()}

    def _api_url(self, api_id: str | None) -> str:
        # The default stage needs no segment, on AWS neither; a `$` in it is one that shells expand and
        # that older curl does not sign as AWS does.
        return f"{self._endpoint_url}/_aws/execute-api/{api_id}" if api_id else ""

    def _client(self, service: str) -> Any:
        return boto3.client(cast("Any", service), config=connections.ATTEMPTS)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
