"""What happens in the cloud, as it happens: a queue on both event buses."""

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from local.cloud import LocalCloud
from local.demo.promises import Broken

STEP_CHANGE = "SageMaker Model Building Pipeline Execution Step Status Change"
NAME = "trimtab-demo"
Event = dict[str, Any]


class Feed:
    """Delivers the events of Trimtab's bus, and of SageMaker's pipeline steps, in order of arrival."""

    def __init__(self, cloud: LocalCloud, on_event: Callable[[Event], None]) -> None:
        self._sqs = cloud.client("sqs")
        self._url = self._subscribe(cloud)
        self._arrived: queue.Queue[Event | Exception] = queue.Queue()
        self._seen: list[Event] = []
        self._on_event = on_event
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)
        self._thread.start()

    def mark(self) -> int:
        """Return the place of what comes next, for `since`."""
        self._see_all_that_came()
        return len(self._seen)

    def wait(self, kind: str, *, timeout: float = 180.0, since: int = 0, **facts: Any) -> Event:
        """Return the detail of the first event of this kind whose detail holds `facts`.

        An event that already came counts, from `since` on. Raises Broken, with what came instead, after `timeout`
        seconds.
        """
        return _detail(self.first([kind], timeout=timeout, since=since, **facts))

    def first(
        self, kinds: Collection[str], *, timeout: float = 180.0, since: int = 0, **facts: Any
    ) -> Event:
        """Return the first event of one of these kinds; else as `wait`."""
        for event in self._seen[since:]:
            if _is(event, kinds, facts):
                return event
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            try:
                arrived = self._arrived.get(timeout=left)
            except queue.Empty:
                break
            if _is(event := self._see(arrived), kinds, facts):
                return event
        came = ", ".join(event["detail-type"] for event in self._seen[-5:]) or "nothing"
        wanted = ", ".join(f"{name} {value}" for name, value in facts.items())
        kind = " or ".join(kinds)
        raise Broken(f"no {kind} ({wanted}) within {timeout:.0f} s; the last events were: {came}")

    def close(self) -> None:
        """Stop receiving."""
        self._closed.set()

    def _see(self, arrived: Event | Exception) -> Event:
        if isinstance(arrived, Exception):
            raise Broken(f"the local cloud does not answer any more ({arrived})")
        self._seen.append(arrived)
        return arrived

    def _see_all_that_came(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._see(self._arrived.get_nowait())

    def _subscribe(self, cloud: LocalCloud) -> str:
        url: str = self._sqs.create_queue(QueueName=NAME)["QueueUrl"]
        wanted = ["QueueArn"]
        arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"][
            "QueueArn"
        ]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        events = cloud.client("events")
        bus = f"trimtab-{cloud.connection.stage}"
        for bus_name, pattern in (
            (bus, {"source": ["trimtab"]}),
            ("default", {"source": ["aws.sagemaker"], "detail-type": [STEP_CHANGE]}),
        ):
            rule = {"Name": NAME, "EventBusName": bus_name}
            events.put_rule(**rule, EventPattern=json.dumps(pattern))
            target = {"Id": "queue", "Arn": arn}
            events.put_targets(Rule=NAME, EventBusName=bus_name, Targets=[target])
        return url

    def _receive(self) -> None:
        try:
            while not self._closed.is_set():
                self._take()
        except Exception as error:  # whoever waits is told; there is nobody else in this thread
            self._arrived.put(error)

    def _take(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=20
        )
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            self._on_event(event)
            self._arrived.put(event)
            self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])


def _detail(event: Event) -> dict[str, Any]:
    detail: dict[str, Any] = event["detail"]
    return detail


def _is(event: Event, kinds: Collection[str], facts: dict[str, Any]) -> bool:
    detail = _detail(event)
    return event["detail-type"] in kinds and all(detail.get(k) == v for k, v in facts.items())
