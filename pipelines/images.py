"""Where AWS keeps its containers of scikit-learn and XGBoost: one registry account per region holds both.

Accounts as published in the SageMaker Python SDK (sagemaker-core 2.27, image_uri_config/sklearn.json, xgboost.json).
The isolated partitions are left out: nothing of Trimtab was ever tried there.
"""

from collections.abc import Mapping
from typing import Literal

from trimtab.errors import OperatorError

Framework = Literal["sklearn", "xgboost"]

REPOSITORIES: Mapping[Framework, str] = {
    "sklearn": "sagemaker-scikit-learn",
    "xgboost": "sagemaker-xgboost",
}
VERSIONS: Mapping[Framework, tuple[str, ...]] = {"sklearn": ("1.9-0",), "xgboost": ("3.2-0",)}
"""Versions whose container can both train and serve and that the jobs' own environment is pinned to, newest first."""
TAG_ENDS: Mapping[Framework, str] = {"sklearn": "-cpu-py3", "xgboost": ""}

ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "510948584623",
    "ap-east-1": "651117190479",
    "ap-northeast-1": "354813040037",
    "ap-northeast-2": "366743142698",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "720646828776",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "341280168497",
    "ca-west-1": "190319476487",
    "cn-north-1": "450853457545",
    "cn-northwest-1": "451049120500",
    "eu-central-1": "492215442770",
    "eu-central-2": "680994064768",
    "eu-north-1": "662702820516",
    "eu-south-1": "978288397137",
    "eu-south-2": "104374241257",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-west-3": "659782779980",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "801668240914",
    "sa-east-1": "737474898029",
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "414596584902",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
}


SPARK_REPOSITORY, SPARK_TAG = "sagemaker-spark-processing", "3.5-cpu-py312-v1.0"
SPARK_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "309385258863",
    "ap-east-1": "732049463269",
    "ap-northeast-1": "411782140378",
    "ap-northeast-2": "860869212795",
    "ap-northeast-3": "364406365360",
    "ap-south-1": "105495057255",
    "ap-southeast-1": "759080221371",
    "ap-southeast-2": "440695851116",
    "ca-central-1": "446299261295",
    "cn-north-1": "671472414489",
    "cn-northwest-1": "844356804704",
    "eu-central-1": "906073651304",
    "eu-north-1": "330188676905",
    "eu-south-1": "753923664805",
    "eu-west-1": "571004829621",
    "eu-west-2": "836651553127",
    "eu-west-3": "136845547031",
    "me-south-1": "750251592176",
    "sa-east-1": "737130764395",
    "us-east-1": "173754725891",
    "us-east-2": "314815235551",
    "us-gov-west-1": "271483468897",
    "us-west-1": "667973535471",
    "us-west-2": "153931337802",
}
"""Accounts of the Spark container, as published in the SageMaker Python SDK (image_uri_config/spark.json)."""


def spark_address(account: str, region: str, url_suffix: str) -> str:
    """Return the address of AWS's Spark container from its parts, any of which may be a token."""
    return f"{account}.dkr.ecr.{region}.{url_suffix}/{SPARK_REPOSITORY}:{SPARK_TAG}"


def tag(framework: Framework, version: str | None = None) -> str:
    """Return the tag of a framework's container: the newest, if no version is named.

    Raises OperatorError naming the versions there are.
    """
    known = VERSIONS[framework]
    chosen = known[0] if version is None else version
    if chosen not in known:
        raise OperatorError(
            f"there is no {framework} container of version {version!r}",
            hint=f"set training.framework_version to one of: {', '.join(known)}",
        )
    return f"{chosen}{TAG_ENDS[framework]}"


def parts(own: str) -> tuple[str, str, str]:
    """Return account, region and repository of an image in Amazon ECR."""
    host, _, path = own.partition("/")
    account, _, _, region, *_ = host.split(".")
    return account, region, path.partition("@")[0].partition(":")[0]


def image(region: str, framework: Framework, version: str | None = None) -> str:
    """Return the address of AWS's container of a framework in a region."""
    if region not in ACCOUNTS:
        raise OperatorError(
            f"AWS's {framework} container is not known to be in region {region!r}",
            hint=f"deploy to one of: {', '.join(ACCOUNTS)}",
        )
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return address(ACCOUNTS[region], region, suffix, framework, version)


def address(
    account: str, region: str, url_suffix: str, framework: Framework, version: str | None = None
) -> str:
    """Return the address from its parts, of which the first three may be tokens that are filled in at deployment."""
    name = f"{REPOSITORIES[framework]}:{tag(framework, version)}"
    return f"{account}.dkr.ecr.{region}.{url_suffix}/{name}"
