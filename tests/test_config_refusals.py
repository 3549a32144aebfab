"""A wrong setting is refused with its place and a remedy, and no refusal shows a secret."""

import re
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from shipper.config import load
from shipper.errors import ConfigError

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
SENTINEL = "hunter2sentinel"


def refusal(tmp_path: Path, toml: str, environ: Mapping[str, str]) -> ConfigError:
    """The error that a file and an environment lead to; the file is called shipper.toml."""
    file = tmp_path / "shipper.toml"
    file.write_text(toml)
    with pytest.raises(ConfigError) as caught:
        load(file, environ)
    return caught.value


class Refused(NamedTuple):
    """What somebody wrote, and what the error must say in one line."""

    case: str
    toml: str
    line: tuple[str, ...]
    environ: Mapping[str, str] = {}


REFUSED = [
    # Values of the wrong type or size.
    Refused("text", '[limits]\nbulk_mib = "abc"', ("limits.bulk_mib", "expected int between 1 and 50, got 'abc'")),
    Refused(
        "too small", "[limits]\nmemory_mib = 15", ("limits.memory_mib", "expected int between 16 and 65536, got 15")
    ),
    Refused("too large", "[limits]\nbulk_mib = 51", ("expected int between 1 and 50, got 51",)),
    Refused("float for int", "[limits]\nbulk_mib = 5.0", ("expected int between 1 and 50, got 5.0",)),
    Refused("bool for int", "[limits]\nbulk_mib = true", ("expected int between 1 and 50, got true",)),
    Refused("nan", "[limits]\nflush_seconds = nan", ("expected number between 0.05 and 30.0, got nan",)),
    Refused("infinite", "[limits]\nflush_seconds = inf", ("expected number between 0.05 and 30.0, got inf",)),
    Refused("int for bool", "[opensearch]\nverify = 1", ("opensearch.verify", "expected true or false, got 1")),
    Refused("choice", '[log]\nlevel = "loud"', ("log.level", 'expected one of "debug", "error"', "got 'loud'")),
    Refused("long text", f'[log]\nlevel = "{"x" * 200}"', (f"got '{'x' * 80}' and more",)),
    Refused("namespace", '[opensearch]\nnamespace = "a-b"', ("opensearch.namespace", "no '-'", "got 'a-b'")),
    Refused("namespace newline", '[opensearch]\nnamespace = "a\\n"', ("opensearch.namespace", r"got 'a\n'")),
    Refused("port", '[metrics]\nlisten = "localhost:65536"', ("metrics.listen", "expected host:port")),
    Refused("no port", '[metrics]\nlisten = "localhost"', ("metrics.listen", "expected host:port")),
    Refused("table for value", "[limits.bulk_mib]\nx = 1", ("limits.bulk_mib", "got a table")),
    Refused("value for table", "limits = 5", ("limits:", "expected a table, got 5", "write [limits] above")),
    Refused(
        "value for array", '[opensearch]\nurls = "https://a"', ("expected an array of https://", "put [ ] around it")
    ),
    Refused("table for tables", "[queues]\nwait_seconds = 1", ("queues:", "array of table", "write [[queues]] above")),
    Refused("array for tables", "queues = [7]", ("queues[0]:", "expected a table, got 7", "write [[queues]] above")),
    Refused("empty user", '[opensearch]\nusername = ""', ("opensearch.username", "expected name of a user")),
    # URLs.
    Refused(
        "scheme", '[opensearch]\nurls = ["https://a", "b:9200"]', ("urls[1]", "got 'b:9200'", "put https:// in front")
    ),
    Refused("url port", '[opensearch]\nurls = ["https://a:99999"]', ("opensearch.urls[0]", "got 'https://a:99999'")),
    Refused("userinfo", '[opensearch]\nurls = ["https://u:p@a"]', ("take user and password out of the URL",)),
    Refused(
        "query", '[opensearch]\nurls = ["https://a/?k=v"]', ("without user, query and fragment", "not repeated here")
    ),
    Refused(
        "arn",
        '[[queues]]\nurl = "arn:aws:sqs:eu-west-1:123456789012:logs"',
        ("queues[0].url", "that is an ARN", "https://sqs.eu-west-1.amazonaws.com/123456789012/logs"),
    ),
    Refused(
        "no queue name",
        '[[queues]]\nurl = "https://sqs.eu-west-1.amazonaws.com/"',
        ("expected https:// or http:// URL of",),
    ),
    Refused("url missing", "[[queues]]\nwait_seconds = 1", ("queues[0].url", "is missing", "https://sqs.")),
    # Names.
    Refused(
        "unknown setting", "[limits]\nmemory_mb = 1", ("limits.memory_mb: unknown setting; did you mean memory_mib?",)
    ),
    Refused("unknown table", "[limit]", ("limit: unknown setting; did you mean limits?",)),
    Refused("deep", f'[[queues]]\nurl = "{QUEUE}"\nvisibility = 60', ("queues[0].visibility", "visibility_seconds?")),
    Refused("another table", "[aws]\nmemory_mib = 200", ("aws.memory_mib", "did you mean limits.memory_mib?")),
    Refused("nothing near", "[log]\nzzz = 1", ("log.zzz: unknown setting; known here: level, format",)),
    Refused("quoted name", '[log]\n"a\\nb" = 1', (r'log."a\nb": unknown setting',)),
    Refused("aws key", '[aws]\naccess_key = "x"', ("aws.access_key", "give it a role", "AWS_ACCESS_KEY_ID")),
    Refused(
        "aws key of a queue", f'[[queues]]\nurl = "{QUEUE}"\nsecret_key = "x"', ("queues[0].secret_key", "AWS_PROFILE")
    ),
    # Secrets and files.
    Refused(
        "password in file",
        '[opensearch]\nusername = "u"\npassword = "x"',
        ("opensearch.password:", "opensearch.password_file", "SHIPPER_OPENSEARCH_PASSWORD"),
    ),
    Refused("key in file", '[opensearch]\napi_key = "x"', ("opensearch.api_key:", "SHIPPER_OPENSEARCH_API_KEY")),
    Refused(
        "no secret file",
        '[opensearch]\napi_key_file = "x"',
        ("opensearch.api_key_file", "No such file", "check the path"),
    ),
    Refused("no ca file", '[opensearch]\nca_file = "no.pem"', ("opensearch.ca_file", "no.pem'", "No such file")),
    Refused("a folder", '[opensearch]\nca_file = "."', ("opensearch.ca_file", "Is a directory")),
    Refused("nul", '[opensearch]\nca_file = "a\\u0000"', ("opensearch.ca_file", "null byte")),
    Refused("number for file", "[opensearch]\nca_file = 5", ("opensearch.ca_file", "expected path of a file, got 5")),
    # Contradictions.
    Refused(
        "memory",
        "[limits]\nmemory_mib = 47",
        ("limits.memory_mib: 47 MiB is too small", "= 48 MiB", "set it to 48 at least"),
    ),
    Refused(
        "record",
        "[limits]\nbulk_mib = 1\nrecord_kib = 1025",
        ("limits.record_kib", "1024 at most", "raise limits.bulk_mib"),
    ),
    Refused(
        "visibility",
        f'[[queues]]\nurl = "{QUEUE}"\nvisibility_seconds = 60',
        ("queues[0].visibility_seconds: 60 s", "above opensearch.timeout_seconds = 60"),
    ),
    Refused(
        "long polling",
        f'[aws]\nread_timeout_seconds = 20\n[[queues]]\nurl = "{QUEUE}"',
        ("aws.read_timeout_seconds: 20 s", "above the longest queues.wait_seconds = 20"),
    ),
    Refused(
        "same queue",
        f'[[queues]]\nurl = "{QUEUE}"\n[[queues]]\nurl = "{QUEUE}"',
        ("queues[1].url", "same queue as queues[0]", "take one of them out"),
    ),
    Refused("user alone", '[opensearch]\nusername = "u"', ("opensearch.username: has no password", "password_file")),
    Refused(
        "cert alone",
        '[opensearch]\nclient_cert_file = "shipper.toml"',
        ("client_cert_file", "with opensearch.client_key_file"),
    ),
    Refused(
        "key alone",
        '[opensearch]\nclient_key_file = "shipper.toml"',
        ("client_key_file", "with opensearch.client_cert_file"),
    ),
    Refused(
        "ca unused",
        '[opensearch]\nca_file = "shipper.toml"\nverify = false',
        ("opensearch.verify", "opensearch.ca_file"),
    ),
    Refused(
        "ca without tls",
        '[opensearch]\nurls = ["http://a"]\nca_file = "shipper.toml"',
        ("opensearch.urls: http:// makes no use of opensearch.ca_file; write https://",),
    ),
    # The environment.
    Refused(
        "variable text",
        "",
        ("environment variable SHIPPER_LIMITS_BULK_MIB: limits.bulk_mib: expected int between 1 and 50, got 'abc'",),
        {"SHIPPER_LIMITS_BULK_MIB": "abc"},
    ),
    Refused(
        "variable bool",
        "",
        ("opensearch.verify", "expected true or false, got 'yes'"),
        {"SHIPPER_OPENSEARCH_VERIFY": "yes"},
    ),
    Refused(
        "variable list",
        "",
        ("environment variable SHIPPER_QUEUES: queues[1].url", "got 'logs'"),
        {"SHIPPER_QUEUES": f"{QUEUE},logs"},
    ),
    Refused(
        "variable and no table", "limits = 5", ("limits:", "write [limits] above"), {"SHIPPER_LIMITS_BULK_MIB": "5"}
    ),
    Refused(
        "unknown variable",
        "",
        ("environment variable SHIPPER_LIMITS_MEMORY: names no setting; did you mean SHIPPER_LIMITS_MEMORY_MIB?",),
        {"SHIPPER_LIMITS_MEMORY": "256"},
    ),
    Refused("no near variable", "", ("SHIPPER_X: names no setting", "config/shipper.toml"), {"SHIPPER_X": "1"}),
    Refused("empty unknown variable", "", ("SHIPPER_X: names no setting",), {"SHIPPER_X": ""}),
    Refused("queue setting", "", ("SHIPPER_QUEUES_URL", "did you mean SHIPPER_QUEUES?"), {"SHIPPER_QUEUES_URL": QUEUE}),
    Refused("aws variable", "", ("SHIPPER_AWS_ACCESS_KEY_ID", "give it a role"), {"SHIPPER_AWS_ACCESS_KEY_ID": "x"}),
    Refused("a port", "", ("SHIPPER_METRICS_PORT: names no setting",), {"SHIPPER_METRICS_PORT": "9090"}),
    Refused(
        "aws region",
        "",
        ("environment variable AWS_REGION: aws.region", "got 'Frankfurt'"),
        {"AWS_REGION": "Frankfurt"},
    ),
    Refused(
        "password alone", "", ("opensearch.password", "set opensearch.username"), {"SHIPPER_OPENSEARCH_PASSWORD": "x"}
    ),
    Refused("aws region and no table", "aws = 5", ("aws:", "write [aws] above"), {"AWS_REGION": "eu-west-1"}),
    Refused(
        "two last resorts",
        '[deadletter]\ndirectory = "/d"\ns3 = "s3://bucket/p/"',
        ("deadletter.directory: is given besides deadletter.s3", "take one of the two out"),
    ),
    Refused(
        "retention behind one for all",
        '[[retention]]\ndelete_days = 9\n[[retention]]\ndataset = "aws.waf"',
        ("retention[1]: never decides", "put it first"),
    ),
    Refused(
        "warm after deletion",
        "[[retention]]\nwarm_days = 9\ndelete_days = 9",
        ("retention[0].warm_days: 9 is not before delete_days = 9",),
    ),
    Refused("warm never", '[[retention]]\nwarm_node = "temp=warm"', ("retention[0].warm_node: has no time",)),
    Refused("deleted at once", "[[retention]]\ndelete_days = 0", ("expected int between 1 and 36500, got 0",)),
    Refused(
        "two identities",
        '[opensearch]\nusername = "u"',
        ("environment variable SHIPPER_OPENSEARCH_API_KEY: opensearch.api_key", "take one of the two out"),
        {"SHIPPER_OPENSEARCH_PASSWORD": "x", "SHIPPER_OPENSEARCH_API_KEY": "y"},
    ),
    Refused(
        "two lines",
        '[opensearch]\nusername = "u"',
        ("SHIPPER_OPENSEARCH_PASSWORD: opensearch.password: holds line breaks",),
        {"SHIPPER_OPENSEARCH_PASSWORD": "x\ny"},
    ),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.case)
def test_refusal_says_where_what_and_how_to_mend_it(refused: Refused, tmp_path: Path) -> None:
    """One mistake gives one line, with its origin, the dotted setting and a remedy."""
    lines = str(refusal(tmp_path, refused.toml, refused.environ)).splitlines()
    assert len(lines) == 1
    assert all(part in lines[0] for part in refused.line), lines[0]
    assert lines[0].startswith(("environment variable ", f"{tmp_path}/shipper.toml: "))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[limits]\nbulk_mib = = 5", "is not TOML: Invalid value (at line 2, column 12)"),
        (b"[limits]\nbulk_mib = 5\nbulk_mib = 6\n", "Cannot overwrite a value (at line 3, column 13)"),
        (b"x = " + b"1" * 5000, "is not TOML"),
        (b"# caf\xe9", "is not UTF-8 at byte 5"),
    ],
)
def test_broken_file_is_located(content: bytes, message: str, tmp_path: Path) -> None:
    """A file that is no TOML gives its name and, where there is one, line and column."""
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        load(file, {})
    assert str(caught.value).startswith(f"{file}: ")


@pytest.mark.parametrize(("name", "reason"), [("absent.toml", "No such file"), (".", "Is a directory")])
def test_unreadable_file_is_named(name: str, reason: str, tmp_path: Path) -> None:
    """A configuration file that cannot be read gives its path and the system's reason."""
    with pytest.raises(ConfigError, match=f"cannot be read: {reason}") as caught:
        load(tmp_path / name, {})
    assert str(caught.value).startswith(str(tmp_path))


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    """Mistakes of file and environment, and contradictions of what is right, come in one error."""
    toml = '[limits]\nmemory_mib = 16\n[log]\nlevel = "loud"\ncolour = true\n[opensearch]\ntimeout_seconds = 0'
    lines = str(refusal(tmp_path, toml, {"SHIPPER_X": "1", "SHIPPER_OPENSEARCH_COMPRESS": "?"})).splitlines()
    named = [re.sub(r"^.*?: ", "", line).split(":")[0] for line in lines]
    assert named == [
        "names no setting; the example, config/shipper.toml, lists all of them",
        "opensearch.timeout_seconds",
        "opensearch.compress",
        "log.colour",
        "log.level",
        "limits.memory_mib",
    ]


@pytest.mark.parametrize(
    "toml",
    [
        "[limits]\nbulk_mib = 0\nmemory_mib = 16",
        "[limits]\nbulk_mb = 1\nmemory_mib = 16",
        "[limits]\nmemory_mib = 16\nbulk_requests = 'one'",
    ],
)
def test_contradiction_with_a_wrong_setting_is_not_reported(toml: str, tmp_path: Path) -> None:
    """What depends on a setting that is wrong itself is not judged by that setting's default."""
    assert len(str(refusal(tmp_path, toml, {})).splitlines()) == 1


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.case)
def test_no_refusal_shows_secrets_of_the_environment(refused: Refused, tmp_path: Path) -> None:
    """Whatever else is wrong, a secret that was given rightly is in no message and no traceback."""
    secrets = {"SHIPPER_OPENSEARCH_PASSWORD": SENTINEL, "SHIPPER_OPENSEARCH_API_KEY": SENTINEL}
    error = refusal(tmp_path, refused.toml, {**secrets, **refused.environ})
    assert SENTINEL not in "".join(traceback.format_exception(error)) + repr(error)


@pytest.mark.parametrize(
    ("toml", "environ"),
    [
        ('[opensearch]\npassword = "{}"', {}),
        ('[opensearch]\napi_key = ["{}"]', {}),
        ('[opensearch]\npasword = "{}"', {}),
        ("[opensearch]\npassword = {}", {}),
        ('[opensearch]\npassword = "{}', {}),
        ('[opensearch]\npassword_file = "{}"', {}),
        ('[opensearch]\nusername = "user:{}"', {}),
        ('[opensearch]\nurls = ["https://user:{}@host"]', {}),
        ('[opensearch]\nurls = ["https://user:a/{}@host"]', {}),
        ('[opensearch]\nurls = ["https://host/?api_key={}"]', {}),
        ('[opensearch]\nurls = "https://user:{}@host"', {}),
        ('[aws]\nendpoint_url = "http://{}@host"', {}),
        ('[aws]\nsecret_access_key = "{}"', {}),
        ('[[queues]]\nurl = "https://{}@sqs.eu-west-1.amazonaws.com/1/x"', {}),
        ("", {"SHIPPER_OPENSEARCH_PASWORD": "{}"}),
        ("", {"SHIPPER_AWS_SECRET_ACCESS_KEY": "{}"}),
        ("", {"SHIPPER_OPENSEARCH_PASSWORD": "{}\n\n"}),
        ("", {"SHIPPER_OPENSEARCH_PASSWORD": "{}"}),
        ("", {"SHIPPER_OPENSEARCH_PASSWORD_FILE": "{}"}),
        ("", {"SHIPPER_OPENSEARCH_URLS": "https://user:{}@host"}),
    ],
)
def test_secret_in_the_wrong_place_is_not_repeated(toml: str, environ: dict[str, str], tmp_path: Path) -> None:
    """A secret that somebody put where it does not belong is in no message and no traceback."""
    given_environ = {name: text.replace("{}", SENTINEL) for name, text in environ.items()}
    error = refusal(tmp_path, toml.replace("{}", SENTINEL), given_environ)
    assert SENTINEL not in "".join(traceback.format_exception(error)) + repr(error)
