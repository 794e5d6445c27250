"""Send a planned fine-tuning job to Amazon Bedrock: with credentials, a typed sum and a cap, or not at all.

`send` refuses before anything leaves the machine unless the plan is for Bedrock and complete, file, prices
and request are still those that were planned, the sum is within the budget, and the reader has typed that
sum. boto3 finds the credentials where it always does (environment, profile, role); none is printed, written
or kept here.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from course.engine.api_errors import mask
from course.errors import CourseError
from course.tuning.hosted import BEDROCK, Plan, Route
from course.tuning.hosted import plan as planned

if TYPE_CHECKING:
    from boto3 import Session

BOTO3 = "boto3==1.44.5"

# As boto3's own model of the service has them (bedrock, 2023-04-20); a bucket as S3 names one.
ROLE = re.compile(r"arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+")
BUCKET = re.compile(r"[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]")

_ADVICE = {
    "AccessDenied": "ask for the right to write to the bucket",
    "AccessDeniedException": "ask for bedrock:CreateModelCustomizationJob and iam:PassRole",
    "ExpiredToken": "sign in again",
    "ExpiredTokenException": "sign in again",
    "InvalidAccessKeyId": "check your credentials",
    "InvalidClientTokenId": "check your credentials",
    "NoSuchBucket": "make the bucket first, in the region of the route",
    "PermanentRedirect": "use a bucket in the region of the route",
    "ResourceInUseException": "this job exists: look it up with bedrock.jobs, or delete its model first",
    "ResourceNotFoundException": "look at the names with bedrock.jobs",
    "ServiceQuotaExceededException": "wait for a running job to end, or ask AWS for more",
    "SignatureDoesNotMatch": "check your credentials",
    "ThrottlingException": "wait a minute",
    "UnrecognizedClientException": "check your credentials",
    "ValidationException": "check the role, the bucket and whether your account has the base model",
}


@dataclass(frozen=True)
class Job:
    """A fine-tuning job as Bedrock describes it. `failure` is empty unless it failed."""

    name: str
    arn: str
    status: str
    base_model: str
    model: str
    failure: str = ""


def send(plan: Plan, *, typed: str, budget: float) -> Job:
    """Upload the plan's file, start its job and return it. This costs money.

    `typed` is the sum of the plan's estimate as the reader types it (`plan.estimate.first_month`, as in
    "2.15"), `budget` the most dollars that it may be. Raises CourseError, and sends nothing, when one of the
    conditions of this module is not met; when AWS refuses, the sentence says what already stands there.
    """
    _check(plan, typed, budget)
    upload, request = (dict(call.body) for call in plan.calls)
    with _aws(plan.route) as session:
        session.client("s3").put_object(**upload | {"Body": _priced_content(plan)})
    uploaded = f"The file stands in {request['trainingDataConfig']['s3Uri']}."
    with _aws(plan.route, standing=uploaded) as session:
        arn = session.client("bedrock").create_model_customization_job(**request)["jobArn"]
    return Job(request["jobName"], arn, "Submitted", plan.route.base_model, request["customModelName"])


def job(route: Route, name: str) -> Job:
    """How the job of that name stands. Costs nothing."""
    with _aws(route) as session:
        answer = session.client("bedrock").get_model_customization_job(jobIdentifier=name)
    return _described(answer, answer.get("outputModelName", ""))


def jobs(route: Route) -> list[Job]:
    """The fine-tuning jobs of this course in the route's region. Costs nothing."""
    with _aws(route) as session:
        pages = session.client("bedrock").get_paginator("list_model_customization_jobs")
        found = [
            summary
            for page in pages.paginate(nameContains="tickets-")
            for summary in page["modelCustomizationJobSummaries"]
        ]
    return [_described(summary, summary.get("customModelName", "")) for summary in found]


def _check(plan: Plan, typed: str, budget: float) -> None:
    _for_bedrock(plan.route)
    role, bucket = plan.calls[-1].body["roleArn"], plan.calls[0].body["Bucket"]
    if plan != planned(plan.route, plan.path, epochs=plan.estimate.epochs, role=role, bucket=bucket):
        raise CourseError(
            f"The file {plan.path.name}, a price or the request has changed since it was planned, so nothing "
            "was sent: plan it again."
        )
    due = plan.estimate.first_month
    if due is None:
        raise CourseError(f"Nothing is sent without a price. {plan.estimate}")
    if not ROLE.fullmatch(role):
        raise CourseError(
            f"The role is {role!r}; give plan() the ARN of a role that Bedrock may take on, "
            "such as arn:aws:iam::123456789012:role/name."
        )
    if not BUCKET.fullmatch(bucket):
        raise CourseError(f"The bucket is {bucket!r}; give plan() the name of yours.")
    if isinstance(budget, bool) or not isinstance(budget, int | float):
        raise CourseError(f"The budget is {budget!r}; give a number of dollars.")
    if not due <= budget:
        raise CourseError(
            f"The first month would cost {due:.2f} $ and the budget is {budget} $, so nothing was sent: "
            "train on fewer examples or epochs, or raise the budget."
        )
    if str(typed).strip().removesuffix("$").strip() != f"{due:.2f}":
        raise CourseError(
            f"You typed {typed!r}, so nothing was sent: type {due:.2f} to agree to the first month's price."
        )


def _priced_content(plan: Plan) -> bytes:
    """The file once more, for it may have changed after the check."""
    try:
        content = plan.path.read_bytes()
    except OSError as error:
        raise CourseError(
            f"{plan.path} cannot be read ({error.strerror}); write and plan it again."
        ) from None
    if hashlib.sha256(content).hexdigest() != plan.digest:
        raise CourseError(f"{plan.path.name} is not the file that was priced: plan it again.")
    return content


def _for_bedrock(route: Route) -> None:
    if route.provider != BEDROCK:
        raise CourseError(
            f"The course sends nothing to {route.provider.title()}: it writes the file and shows the request."
        )


def _boto3() -> ModuleType:
    try:
        import boto3
    except ImportError:
        raise CourseError(f"boto3 is missing: run pip install {BOTO3} and try again.") from None
    return boto3


@contextmanager
def _aws(route: Route, standing: str = "") -> "Iterator[Session]":
    """A session with credentials. Every error of AWS becomes a sentence in which none of them stands."""
    _for_bedrock(route)
    boto3 = _boto3()
    from botocore.exceptions import BotoCoreError, ClientError

    secrets: tuple[str, ...] = ()
    try:
        session = boto3.Session(region_name=route.region)
        found = session.get_credentials()
        if found is None:
            raise CourseError(
                "No AWS credentials were found, so nothing was sent: sign in with the AWS command line, "
                "or set AWS_PROFILE."
            )
        keys = found.get_frozen_credentials()
        secrets = tuple(key for key in (keys.secret_key, keys.token, keys.access_key) if key)
        yield session
    except ClientError as error:
        said = error.response.get("Error", {})
        code = said.get("Code", "unknown")
        advice = _ADVICE.get(code, "look the code up in the AWS documentation")
        sentence = f"AWS refused {error.operation_name} ({code}: {said.get('Message', '')}): {advice}."
        raise CourseError(mask(f"{sentence} {standing}".rstrip(), secrets)) from None
    except BotoCoreError as error:
        sentence = f"AWS was not reached ({error}): check your settings and the network. {standing}"
        raise CourseError(mask(sentence.rstrip(), secrets)) from None


def _described(answer: dict, model: str) -> Job:
    return Job(
        name=answer["jobName"],
        arn=answer["jobArn"],
        status=answer["status"],
        base_model=answer["baseModelArn"].rpartition("/")[2],
        model=model,
        failure=answer.get("failureMessage", "") if answer["status"] == "Failed" else "",
    )
