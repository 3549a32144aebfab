"""The words of AWS events: ids and names in AWS's own forms, of a company of some dozen accounts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from benchmarks.templates import Maker, Vocabulary

_HEX: Final = "0123456789abcdef"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_FIRST_SECOND: Final = 1_770_109_200
_SECONDS: Final = 3_600

REGIONS: Final = ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "ap-southeast-2")
_NAMES: Final[dict[str, list[str]]] = msgspec.json.decode(Path(__file__).with_suffix(".json").read_bytes())
SERVICES: Final = tuple(f"{name}.amazonaws.com" for name in _NAMES["services"])
_NOUNS: Final = _NAMES["nouns"]
_PEOPLE: Final = _NAMES["people"]
_STAGES: Final = ("prod", "production", "staging", "dev", "test", "eu-prod", "us-prod", "sandbox", "shared")
_FAMILIES: Final = (
    "t3",
    "t4g",
    "m5",
    "m6i",
    "m6a",
    "m7g",
    "c5",
    "c6i",
    "c6a",
    "c7g",
    "r5",
    "r6i",
    "r7g",
    "i4i",
    "g5",
    "x2idn",
)
_SIZES: Final = ("medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge")
_INSTANCE_TYPES: Final = tuple(f"{family}.{size}" for family in _FAMILIES for size in _SIZES)
_EXTENSIONS: Final = ("json.gz", "parquet", "csv", "log", "txt", "snappy.parquet", "zip", "tar.gz", "jpg")


def _characters(alphabet: str, length: int, before: str = "") -> Maker:
    return lambda random: before + "".join(random.choices(alphabet, k=length))


def _hex(digits: int, before: str = "") -> Maker:
    return lambda random: f"{before}{random.getrandbits(4 * digits):0{digits}x}"


def _known(size: int, maker: Maker, seed: int) -> Maker:
    """Choose among things that exist; some are met far more often than others."""
    random = Random(seed)
    things = sorted({maker(random) for _ in range(size)})
    random.shuffle(things)
    return lambda random: things[int(len(things) * random.random() ** 2)]


def _one_of(options: Sequence[str]) -> Maker:
    return lambda random: random.choice(options)


def word(random: Random) -> str:
    """Give a noun."""
    return random.choice(_NOUNS)


def name(random: Random) -> str:
    """Give the name of something that a team calls its own."""
    return f"{random.choice(_NOUNS)}-{random.choice(_NOUNS)}-{random.choice(_STAGES)}"


def uuid(random: Random) -> str:
    """Give a random UUID."""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def moment(random: Random) -> datetime:
    """Give a second of one certain hour."""
    return datetime.fromtimestamp(_FIRST_SECOND + random.randrange(_SECONDS), UTC)


def public_ip(random: Random) -> str:
    """Give an address of the internet."""
    first = random.choice((3, 13, 18, 34, 44, 52, 54, 81, 93, 185, 203))
    return f"{first}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def private_ip(random: Random) -> str:
    """Give an address of a network of the company."""
    return f"10.{random.randrange(20)}.{random.randrange(256)}.{random.randrange(4, 255)}"


def _private_name(random: Random) -> str:
    return f"ip-{private_ip(random).replace('.', '-')}.ec2.internal"


def _key(random: Random) -> str:
    day = f"{random.randrange(1, 29):02d}"
    return (
        f"{random.choice(_NOUNS)}/year=2026/month=02/day={day}/{_hex(16)(random)}/part-{random.randrange(99_999):05d}"
        f".{random.choice(_EXTENSIONS)}"
    )


def _spoken_time(random: Random) -> str:
    return f"{moment(random):%b %-d, %Y, %-I:%M:%S %p}"


def _session(random: Random) -> str:
    kind = random.randrange(4)
    if kind == 0:
        return uuid(random)
    if kind == 1:
        return _hex(17, "i-")(random)
    return f"{word(random)}-{random.randrange(10**9, 10**10)}" if kind == 2 else word(random)


def _email(random: Random) -> str:
    ascii_only = random.choice(_PEOPLE).encode("ascii", "ignore").decode()
    return f"{ascii_only}.{random.choice(_NOUNS)}@example.com"


def _sentence(random: Random) -> str:
    return " ".join(random.choices(_NOUNS, k=random.randint(3, 14))).capitalize() + "."


def _token(random: Random) -> str:
    """A session token: what follows its fixed beginning cannot be compressed."""
    return "IQoJb3JpZ2luX2VjE" + "".join(random.choices(_BASE64, k=random.randrange(500, 900)))


def aws_words() -> Vocabulary:
    """Give all words; things that exist are the same for every seed, what happens to them is not."""
    account = _known(12, lambda random: f"{random.randrange(10**11, 10**12)}", 1)
    return Vocabulary(
        lasting={
            "account": account,
            "bucket": _known(90, lambda random: f"acme-{name(random)}", 2),
            "cluster": _known(12, name, 3),
            "function": _known(250, name, 4),
            "key": _key,
            "kms_key": _known(60, uuid, 5),
            "queue": _known(120, name, 6),
            "region": lambda random: random.choices(REGIONS, (60, 10, 20, 6, 4))[0],
            "role": _known(160, lambda random: f"{word(random)}-{random.choice(_STAGES)}", 7),
            "role_id": _known(160, _characters(_LETTERS, 17, "AROA"), 8),
            "secret": _known(80, lambda random: f"{name(random)}-{_hex(6)(random)}", 9),
            "service": _one_of(SERVICES),
            "session": _known(2_000, _session, 24),
            "target_role": _known(160, lambda random: f"{word(random)}-{random.choice(_STAGES)}", 7),
            "target_role_id": _known(160, _characters(_LETTERS, 17, "AROA"), 8),
            "target_session": _session,
            "target_user": _known(70, word, 12),
            "table": _known(80, lambda random: name(random).replace("-", "_"), 10),
            "temporary_key": _known(2_000, _characters(_LETTERS, 16, "ASIA"), 11),
            "time": lambda random: f"{moment(random):%Y-%m-%dT%H:%M:%SZ}",
            "user": _known(70, word, 12),
            "user_id": _known(70, _characters(_LETTERS, 17, "AIDA"), 13),
            "vpc": _known(20, _hex(17, "vpc-0"), 14),
        },
        passing={
            "access_key": _known(150, _characters(_LETTERS, 16, "AKIA"), 15),
            "base64": _characters(_BASE64, 40),
            "cidr": lambda random: f"{private_ip(random)}/{random.choice((16, 24, 32))}",
            "count": lambda random: str(random.randrange(10**9, 10**10)),
            "email": _email,
            "eni": _known(5_000, _hex(16, "eni-0"), 16),
            "hex8": _hex(8),
            "hex10": _hex(10),
            "hex16": _hex(16),
            "hex17": _hex(17),
            "hex32": _hex(32),
            "image": _known(90, _hex(16, "ami-0"), 17),
            "instance": _known(3_000, _hex(16, "i-0"), 18),
            "instance_type": _one_of(_INSTANCE_TYPES),
            "launch_template": _known(60, _hex(16, "lt-0"), 19),
            "mac": lambda random: ":".join(f"{random.getrandbits(8):02x}" for _ in range(6)),
            "name": name,
            "person": lambda random: random.choice(_PEOPLE).capitalize(),
            "policy_id": _characters(_LETTERS, 17, "ANPA"),
            "private_ip": private_ip,
            "private_name": _private_name,
            "profile_id": _characters(_LETTERS, 17, "AIPA"),
            "public_ip": _known(20_000, public_ip, 20),
            "security_group": _known(400, _hex(16, "sg-0"), 21),
            "sentence": _sentence,
            "small": lambda random: str(random.randrange(1, 60)),
            "snapshot": _hex(16, "snap-0"),
            "spoken_time": _spoken_time,
            "subnet": _known(120, _hex(16, "subnet-0"), 22),
            "token": _token,
            "uuid": uuid,
            "volume": _known(5_000, _hex(16, "vol-0"), 23),
            "word": word,
        },
    )
