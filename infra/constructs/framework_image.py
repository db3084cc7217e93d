"""AWS's framework images: which account publishes them in the region that is deployed to."""

from aws_cdk import CfnMapping, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.rights import allow, arn
from pipelines import images

ACCOUNT = "account"


class FrameworkImage(Construct):
    """The scikit-learn image, its registry looked up by CloudFormation so that one template fits every region."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        accounts = CfnMapping(
            self,
            "Accounts",
            mapping={region: {ACCOUNT: number} for region, number in images.ACCOUNTS.items()},
        )
        self._account = accounts.find_in_map(Stack.of(self).region, ACCOUNT)

    def uri(self, version: str) -> str:
        """Return the address of the image of a framework version."""
        stack = Stack.of(self)
        return images.address(self._account, stack.region, stack.url_suffix, version)

    def grant_pull(self, role: iam.Role) -> None:
        """Let the role pull the image."""
        # ecr:GetAuthorizationToken takes no resource: one token opens every registry the role may pull from.
        role.add_to_policy(allow(["ecr:GetAuthorizationToken"], ["*"]))
        repository = arn(self, "ecr", f"repository/{images.REPOSITORY}", account=self._account)
        role.add_to_policy(
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                [repository],
            )
        )
