"""
Who and what appears in the demo's logs: accounts, people, roles, machines and strangers.

Account numbers are those of AWS's own examples, addresses those that RFC 5737 sets aside for documentation.
"""

from typing import Final, NamedTuple


class Person(NamedTuple):
    """
    An IAM user.

    Attributes:
        name: of the user
        address: where they sit
        uses_mfa: whether they sign in with a second factor
    """

    name: str
    address: str
    uses_mfa: bool


class Role(NamedTuple):
    """A role, the session that has assumed it, and where that runs."""

    name: str
    session: str
    address: str
    agent: str


ACCOUNTS: Final = ("111122223333", "123456789012", "444455556666")
REGIONS: Final = ("ap-southeast-2", "eu-central-1", "us-east-1")
SIGN_IN_REGION: Final = "us-east-1"
"""Where CloudTrail reports sign-ins of the global console and calls of IAM."""

BUCKETS: Final = ("acme-web-assets", "acme-invoices", "acme-data-lake", "acme-backups")

BROWSER: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CLI: Final = "aws-cli/2.27.50 md/awscrt#0.26.1 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13.4"
SDK: Final = "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.1.0 md/arch#aarch64 lang/python#3.12.9"
TERRAFORM: Final = "APN/1.0 HashiCorp/1.0 Terraform/1.12.2 terraform-provider-aws/6.4.0"

STAFF: Final = (
    Person("alice", "192.0.2.17", uses_mfa=True),
    Person("bob", "192.0.2.44", uses_mfa=True),
    Person("carol", "192.0.2.93", uses_mfa=True),
    Person("dave", "198.51.100.8", uses_mfa=False),
    Person("erin", "198.51.100.71", uses_mfa=False),
)
INTERN: Final = Person("intern", "192.0.2.140", uses_mfa=True)
CONTRACTOR: Final = Person("contractor", "203.0.113.77", uses_mfa=False)
INTRUDER: Final = "203.0.113.5"
"""Where somebody sits who has the password of a root user."""

DEPLOY: Final = Role("ci-deploy", "GitHubActions", "198.51.100.160", TERRAFORM)
ROLES: Final = (
    Role("app-web", "i-0a1b2c3d4e5f60718", "192.0.2.201", SDK),
    Role("app-worker", "i-0f9e8d7c6b5a40312", "192.0.2.202", SDK),
    Role("security-audit", "nightly-inventory", "192.0.2.210", SDK),
    DEPLOY,
)

SCANNER: Final = "203.0.113.66"
"""A stranger who tries one port after the other of one machine."""

# fmt: off
SCANNED_PORTS: Final = (
    21, 22, 23, 25, 80, 110, 111, 135, 139, 143, 389, 443, 445, 465, 587, 993, 1433, 1521, 2049, 2375, 3000, 3306, 3389,
    5432, 5601, 5672, 5900, 5985, 6379, 6443, 8000, 8080, 8443, 9000, 9090, 9200, 11211, 27017,
)
# fmt: on

NOISE: Final = {22: 9, 23: 14, 445: 6, 3389: 8, 5060: 2, 6379: 3, 8080: 3}
"""What is tried all over the internet all the time: destination port, and how often relative to the others."""
