"""The containers that models are trained and served in: AWS's own of a framework, or an image of one's own."""

from aws_cdk import CfnMapping, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.rights import allow, arn
from pipelines import images
from trimtab.domain.model import Training

ACCOUNT = "account"


class FrameworkImage(Construct):
    """Images of models; AWS's registry is looked up by CloudFormation so that one template fits every region."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        accounts = CfnMapping(
            self,
            "Accounts",
            mapping={region: {ACCOUNT: number} for region, number in images.ACCOUNTS.items()},
        )
        self._account = accounts.find_in_map(Stack.of(self).region, ACCOUNT)

    def uri(self, training: Training) -> str:
        """Return the address of the image that a model is trained and served in."""
        if training.image is not None:
            return training.image
        stack = Stack.of(self)
        return images.address(
            self._account,
            stack.region,
            stack.url_suffix,
            training.framework,
            training.framework_version,
        )

    def grant_pull(self, role: iam.Role, *trainings: Training) -> None:
        """Let the role pull the images of these models."""
        # ecr:GetAuthorizationToken takes no resource: one token opens every registry the role may pull from.
        role.add_to_policy(allow(["ecr:GetAuthorizationToken"], ["*"]))
        repositories = {self._repository(training): None for training in trainings}
        role.add_to_policy(
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                repositories,
            )
        )

    def _repository(self, training: Training) -> str:
        if training.image is None:
            name = images.REPOSITORIES[training.framework]
            return arn(self, "ecr", f"repository/{name}", account=self._account)
        account, region, name = images.parts(training.image)
        return f"arn:{Stack.of(self).partition}:ecr:{region}:{account}:repository/{name}"
