"""A policy as it is installed, and which rule of the settings it is made of."""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol

from msgspec import Struct

from shipper.config import Retention
from shipper.errors import ConfigError, OpenSearchError
from shipper.product import Client

DEFAULT: Final = Retention()
"""What holds where no table of the settings fits."""

HOT_PRIORITY: Final = 100
WARM_PRIORITY: Final = 50
"""After a restart indices are recovered in this order: those that are written to first."""


class Policy(Struct, frozen=True):
    """
    A policy of one dataset.

    Attributes:
        name: of the policy
        dataset: whose data streams it is for
        body: of the request that writes it
    """

    name: str
    dataset: str
    body: dict[str, Any]


class Present(Struct, frozen=True):
    """
    A policy that is installed.

    Attributes:
        body: as the server gives it
        version: of the shipper that wrote it; None when it was not a shipper
        revision: parameters that a request needs to replace exactly this state
    """

    body: dict[str, Any]
    version: str | None
    revision: dict[str, str]


class Policies(Protocol):
    """The policies of one product."""

    product_feature: str
    """What they are a part of, for messages."""

    def policy(self, dataset: str, rule: Retention) -> Policy:
        """Write the policy of a dataset."""

    async def present(self, policy: Policy) -> Present | None:
        """
        Give the policy of this name that is installed.

        Raises:
            FeatureMissingError: the cluster has no such policies
            OpenSearchError: it does not answer, or refuses
        """

    async def put(self, policy: Policy, present: Present | None) -> None:
        """
        Write a policy, and have it in force for the data streams that are there.

        Args:
            policy: what to write
            present: what it replaces
        """


class FeatureMissingError(OpenSearchError):
    """The cluster has no policies: a plugin or module is missing."""

    reason = "opensearch_feature_missing"


def rules(retention: Sequence[Retention], datasets: Iterable[str]) -> dict[str, Retention]:
    """
    Give the rule of each dataset: the first table that names it or all.

    Raises:
        ConfigError: a table names a dataset that there is not
    """
    known = sorted(datasets)
    for index, rule in enumerate(retention):
        if rule.dataset and rule.dataset not in known:
            raise ConfigError(
                f"configuration: retention[{index}].dataset: there is no {rule.dataset}; known are {', '.join(known)}"
            )
    return {
        dataset: next((rule for rule in retention if rule.dataset in (None, dataset)), DEFAULT) for dataset in known
    }


async def get(client: Client, path: str) -> Any:
    """
    Ask for a policy; None when there is none of this name.

    Raises:
        FeatureMissingError: the cluster does not know such requests: it has no handler for them (400), or was told to
            have none (410, as Elastic's serverless offer)
    """
    try:
        return await client.request("GET", path)
    except OpenSearchError as error:
        if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.GONE):
            raise FeatureMissingError(str(error)) from error
        raise


def covers(present: Any, wanted: Any) -> bool:
    """Whether what is there says all that we want; a server adds what it takes where nothing is said."""
    if isinstance(wanted, dict):
        return isinstance(present, dict) and all(
            name in present and covers(present[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(present, list)
            and len(present) == len(wanted)
            and all(covers(one, other) for one, other in zip(present, wanted, strict=True))
        )
    return bool(present == wanted)
