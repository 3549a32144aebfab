"""Clients of AWS services: one session, credentials from botocore's own chain, one set of time-outs."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, overload

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from shipper.config import Aws

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient


def said(error: ClientError) -> tuple[str, str]:
    """Give the code and the message of an answer that refuses."""
    told = error.response.get("Error", {})
    return told.get("Code", ""), told.get("Message", "")


def refusal(error: ClientError, service: str, needed: str) -> str:
    """
    Put into words that a service refuses.

    Args:
        error: its answer
        service: name of it
        needed: permission that is missing if access is denied, and where
    """
    code, message = said(error)
    hint = f"{needed}, " if "Denied" in code or code == "403" else ""
    return f"{hint}{service} answered {code}: {message}"


class Session:
    """
    Opens clients and closes them all at the end.

    Args:
        settings: region, endpoint and time-outs
        connections: most connections a client keeps open
        profile: of the AWS configuration; by default what the chain says
    """

    def __init__(self, settings: Aws, *, connections: int, profile: str | None = None) -> None:
        self._settings = settings
        self._session = get_session()
        if profile:
            self._session.set_config_variable("profile", profile)
        self._config = AioConfig(
            connect_timeout=settings.connect_timeout_seconds,
            read_timeout=settings.read_timeout_seconds,
            max_pool_connections=connections,
            retries={"mode": "standard", "total_max_attempts": settings.max_attempts},
            user_agent_extra="s3-siem-shipper",
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @overload
    async def client(self, service: Literal["s3"], region: str | None) -> "S3Client": ...
    @overload
    async def client(self, service: Literal["sqs"], region: str | None) -> "SQSClient": ...
    @overload
    async def client(self, service: Literal["cloudtrail", "sts"], region: str | None) -> Any: ...
    async def client(self, service: Any, region: str | None) -> Any:
        """
        Open a client.

        Args:
            service: `s3`, `sqs`, `cloudtrail` or `sts`
            region: if known; else that of the settings, else of botocore's chain
        """
        client = self._session.create_client(
            service,
            region_name=region or self._settings.region,
            endpoint_url=str(self._settings.endpoint_url) if self._settings.endpoint_url else None,
            config=self._config,
        )
        return await self._stack.enter_async_context(client)
