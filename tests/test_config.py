"""Settings come from a file and the environment as declared, and a secret shows only when asked for."""

import re
import traceback
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from shipper.config import CONFIG_VARIABLE, Metrics, Queue, Secret, Settings, load, require
from shipper.errors import ConfigError

QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
SENTINEL = "hunter2sentinel"


def loaded(tmp_path: Path, toml: str, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that a file and an environment lead to."""
    file = tmp_path / "shipper.toml"
    file.write_text(toml)
    return load(file, environ or {})


def test_nothing_gives_the_defaults() -> None:
    """Without file and variables all settings have their defaults, and there is no queue."""
    assert load(None, {"PATH": "/bin"}) == Settings()
    assert Settings().queues == ()


def test_file_sets_and_keeps_the_rest_at_default(tmp_path: Path) -> None:
    """A setting in the file replaces its default and no other."""
    settings = loaded(tmp_path, '[limits]\nmemory_mib = 256\n[log]\nformat = "json"')
    changed = msgspec.structs.replace(
        Settings(),
        limits=msgspec.structs.replace(Settings().limits, memory_mib=256),
        log=msgspec.structs.replace(Settings().log, format="json"),
    )
    assert settings == changed


@pytest.mark.parametrize("lead", ["\ufeff", ""])
def test_file_of_a_windows_editor_is_read(lead: str, tmp_path: Path) -> None:
    """A byte order mark and CRLF line ends do no harm."""
    file = tmp_path / "shipper.toml"
    file.write_bytes(f"{lead}[limits]\r\nmessages = 7\r\n".encode())
    assert load(file, {}).limits.messages == 7


@pytest.mark.parametrize(
    ("variable", "text", "setting", "value"),
    [
        ("SHIPPER_LIMITS_MEMORY_MIB", "256", "limits.memory_mib", 256),
        ("SHIPPER_LIMITS_MEMORY_MIB", " 256\n", "limits.memory_mib", 256),
        ("SHIPPER_LIMITS_FLUSH_SECONDS", "0.5", "limits.flush_seconds", 0.5),
        ("SHIPPER_OPENSEARCH_VERIFY", "false", "opensearch.verify", False),
        ("SHIPPER_OPENSEARCH_NAMESPACE", "prod", "opensearch.namespace", "prod"),
        (
            "SHIPPER_OPENSEARCH_URLS",
            "https://a, https://b:9200/x,",
            "opensearch.urls",
            ("https://a", "https://b:9200/x"),
        ),
        ("SHIPPER_AWS_REGION", "eu-west-1", "aws.region", "eu-west-1"),
        ("SHIPPER_LOG_LEVEL", "error", "log.level", "error"),
    ],
)
def test_variable_is_stronger_than_the_file(
    variable: str, text: str, setting: str, value: object, tmp_path: Path
) -> None:
    """SHIPPER_<GROUP>_<NAME> replaces what the file says, converted to the setting's type."""
    toml = """
    aws.region = "us-east-1"
    limits = {memory_mib = 200, flush_seconds = 2}
    log.level = "debug"
    opensearch = {urls = ["https://c"], namespace = "test", verify = true}
    """
    group, name = setting.split(".")
    assert getattr(getattr(loaded(tmp_path, toml), group), name) != value
    assert getattr(getattr(loaded(tmp_path, toml, {variable: text}), group), name) == value


@pytest.mark.parametrize("empty", ["", " "])
def test_empty_variable_counts_as_not_set(empty: str, tmp_path: Path) -> None:
    """A variable without text, as Compose writes for a value left out, leaves the file's value."""
    environ = {"SHIPPER_LIMITS_MESSAGES": empty, "SHIPPER_OPENSEARCH_API_KEY": empty, "SHIPPER_QUEUES": empty}
    settings = loaded(tmp_path, "[limits]\nmessages = 7", environ)
    assert (settings.limits.messages, settings.opensearch.api_key, settings.queues) == (7, None, ())


def test_queues_variable_replaces_all_queues_of_the_file(tmp_path: Path) -> None:
    """SHIPPER_QUEUES lists URLs; what else the file says of queues is gone."""
    toml = f'[[queues]]\nurl = "{QUEUE}"\nwait_seconds = 1'
    settings = loaded(tmp_path, toml, {"SHIPPER_QUEUES": f"{QUEUE}-a, {QUEUE}-b"})
    assert settings.queues == tuple(Queue(url=f"{QUEUE}-{name}", region="eu-central-1") for name in "ab")


@pytest.mark.parametrize(
    "variables",
    [
        {CONFIG_VARIABLE: "shipper.toml"},
        {"SHIPPER_PORT": "tcp://10.0.0.1:9090"},
        {"SHIPPER_METRICS_PORT": "tcp://10.0.0.1:9090"},
        {"SHIPPER_SERVICE_HOST": "10.0.0.1", "SHIPPER_SERVICE_PORT": "9090", "SHIPPER_SERVICE_PORT_HTTP": "9090"},
        {"SHIPPER_PORT_9090_TCP": "tcp://10.0.0.1:9090", "SHIPPER_PORT_9090_TCP_PROTO": "tcp"},
        {"SHIPPER_METRICS_PORT_9090_TCP_PORT": "9090", "SHIPPER_METRICS_PORT_9090_TCP_ADDR": "10.0.0.1"},
        {"shipper_x": "1", "SHIPPERX": "1"},
    ],
)
def test_foreign_variables_are_tolerated(variables: dict[str, str]) -> None:
    """The CLI's variable, and those Kubernetes makes of a Service named shipper, are no mistakes."""
    assert load(None, variables) == Settings()


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/logs", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/logs", "cn-north-1"),
        ("https://sqs-fips.us-gov-west-1.amazonaws.com/123456789012/logs", "us-gov-west-1"),
        ("https://vpce-0a-1b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/logs", "eu-west-1"),
        ("https://sqs.eu-west-1.api.aws/123456789012/logs", "eu-west-1"),
        ("https://eu-west-1.queue.amazonaws.com/123456789012/logs", "eu-west-1"),
        ("https://queue.amazonaws.com/123456789012/logs", "us-east-2"),
        ("http://127.0.0.1:5000/123456789012/sqs.eu-west-1.logs", "us-east-2"),
    ],
)
def test_region_of_a_queue_comes_from_its_host(url: str, region: str) -> None:
    """The host of the URL names the region; aws.region, here us-east-2, is used where it does not."""
    assert load(None, {"SHIPPER_QUEUES": url, "SHIPPER_AWS_REGION": "us-east-2"}).queues[0].region == region


def test_region_of_a_queue_can_be_set(tmp_path: Path) -> None:
    """A region given with the queue is stronger than that of its host."""
    assert loaded(tmp_path, f'[[queues]]\nurl = "{QUEUE}"\nregion = "eu-west-3"').queues[0].region == "eu-west-3"


@pytest.mark.parametrize(
    ("toml", "environ", "region"),
    [
        ("", {}, None),
        ("", {"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ("", {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-2"}, "eu-west-2"),
        ("", {"AWS_REGION": "eu-west-2", "SHIPPER_AWS_REGION": "eu-west-3"}, "eu-west-3"),
        ('[aws]\nregion = "eu-west-4"', {"AWS_REGION": "eu-west-2"}, "eu-west-4"),
        ('[aws]\nregion = "eu-west-4"', {"SHIPPER_AWS_REGION": "eu-west-3"}, "eu-west-3"),
    ],
)
def test_general_region(toml: str, environ: dict[str, str], region: str | None, tmp_path: Path) -> None:
    """Our own variable is stronger than the file, and the file than AWS's variables."""
    assert loaded(tmp_path, toml, environ).aws.region == region


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:9090", "127.0.0.1", 9090), ("localhost:0", "localhost", 0), ("[::1]:65535", "::1", 65535)],
)
def test_listen_address_is_taken_apart(listen: str, host: str, port: int) -> None:
    """Host and port are given as a server's socket wants them, IPv6 without brackets."""
    metrics = load(None, {"SHIPPER_METRICS_LISTEN": listen}).metrics
    assert (metrics.host, metrics.port) == (host, port)


def test_required_settings_are_demanded_by_those_who_need_them() -> None:
    """What only some commands need is refused by them, one line a setting, and else not."""
    with pytest.raises(ConfigError) as caught:
        require(Settings(), "queues", "opensearch.urls", "log.level")
    assert [re.findall(r"^\S+ (\S+):.*(SHIPPER_\w+)$", line) for line in str(caught.value).splitlines()] == [
        [("queues", "SHIPPER_QUEUES")],
        [("opensearch.urls", "SHIPPER_OPENSEARCH_URLS")],
    ]
    require(load(None, {"SHIPPER_QUEUES": QUEUE, "SHIPPER_OPENSEARCH_URLS": "https://a"}), "queues", "opensearch.urls")


def test_metrics_default_is_not_open_to_the_network() -> None:
    """Without a setting the metrics are served to this machine alone."""
    assert Metrics().host == "127.0.0.1"


def test_secret_shows_only_when_asked() -> None:
    """No way of printing a secret shows it, and it is not written as JSON either."""
    secret = Secret(SENTINEL)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s" % secret, f"{[secret]}"]  # noqa: UP031 - each way
    assert not [text for text in shown if SENTINEL in text]
    with pytest.raises(TypeError):
        msgspec.json.encode(secret)
    assert secret.reveal() == SENTINEL


def test_secrets_are_equal_by_content() -> None:
    """Settings that were read twice are equal."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), "a"}) == 2


@pytest.mark.parametrize(
    ("content", "secret"),
    [("pässword", "pässword"), ("a b \n", "a b "), ("x\r\n", "x"), (" x", " x")],
)
def test_secret_file_is_read_without_its_last_newline(content: str, secret: str, tmp_path: Path) -> None:
    """The file's content is the secret, but for one newline at its end; relative to the configuration file."""
    (tmp_path / "secret").write_bytes(content.encode())
    settings = loaded(tmp_path, '[opensearch]\nusername = "u"\npassword_file = "secret"')
    assert settings.opensearch.password == Secret(secret)
    assert settings.opensearch.password_file == tmp_path / "secret"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it must hold the secret"),
        (b"\n", "is empty; it must hold the secret"),
        (b"hunter2sentinel\nb\n", "holds line breaks or control characters"),
        (b"hunter2sentinel\x00", "holds line breaks or control characters"),
        (b"hunter2sentinel\xff", "the file is not UTF-8 text"),
    ],
)
def test_secret_file_with_anything_else_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    """A file that cannot be one secret is named by its setting, and its content is not repeated."""
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ConfigError, match=f"opensearch.api_key_file: {message}") as caught:
        loaded(tmp_path, '[opensearch]\napi_key_file = "secret"')
    assert SENTINEL not in "".join(traceback.format_exception(caught.value))


def test_secret_of_the_environment_is_stronger_than_a_file_named_in_the_file(tmp_path: Path) -> None:
    """The environment wins, as for every setting."""
    (tmp_path / "secret").write_text("from file")
    toml = '[opensearch]\napi_key_file = "secret"'
    assert loaded(tmp_path, toml).opensearch.api_key == Secret("from file")
    assert loaded(tmp_path, toml, {"SHIPPER_OPENSEARCH_API_KEY": "mine\n"}).opensearch.api_key == Secret("mine")


def test_secret_given_twice_in_the_environment_is_refused(tmp_path: Path) -> None:
    """Neither of two variables for one secret is stronger."""
    (tmp_path / "secret").write_text("from file")
    twice = {"SHIPPER_OPENSEARCH_API_KEY": "mine", "SHIPPER_OPENSEARCH_API_KEY_FILE": str(tmp_path / "secret")}
    with pytest.raises(ConfigError, match=r"SHIPPER_OPENSEARCH_API_KEY: opensearch\.api_key: is given twice"):
        load(None, twice)


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    """The settings as a whole can be logged."""
    (tmp_path / "secret").write_text(SENTINEL)
    settings = loaded(tmp_path, '[opensearch]\nusername = "u"\npassword_file = "secret"')
    assert settings.opensearch.password == Secret(SENTINEL)
    assert SENTINEL not in repr(settings) + str(settings) + repr(settings.opensearch)
