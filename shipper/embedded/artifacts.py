"""Maven artifacts: servers that come as zip files, fetched without Maven."""

import hashlib
import shutil
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shipper.embedded.errors import ELSEWHERE, ArtifactError, ExtraMissingError
from shipper.embedded.progress import Progress, download_steps

TIMEOUT = 30
# Where a zip file made on Unix keeps the mode of a file: the upper half of `external_attr`.
PERMISSIONS = 16


@dataclass(frozen=True)
class Artifact:
    """
    A zip file in Maven coordinates.

    Attributes:
        group: `groupId`
        name: `artifactId`
        version: as the repository spells it
        sha256: hex digest its bytes must have; None when we do not know this version
    """

    group: str
    name: str
    version: str
    sha256: str | None = None

    def __str__(self) -> str:
        return f"{self.group}:{self.name}:{self.version}"


def fetch(artifact: Artifact, folder: Path, progress: Progress, repositories: Mapping[str, str] | None = None) -> Path:
    """
    Download an artifact and check its digest.

    Args:
        artifact: what to fetch
        folder: where to keep it; must not hold a broken-off download, which would be taken for whole
        progress: receives a line for each tenth
        repositories: addresses of Maven repositories by name; None for Maven Central

    Returns:
        Path of the zip file.

    Raises:
        ExtraMissingError: jgo is not installed
        ArtifactError: no network, no such version, or bytes that are not the expected ones
    """
    try:
        from jgo.maven import MavenContext, PythonResolver  # noqa: PLC0415 - in the extra `demo`, and needed just once
    except ImportError as error:
        raise ExtraMissingError("jgo") from error
    context = MavenContext(
        resolver=PythonResolver(progress_callback=lambda name, total: download_steps(progress, name, total)),
        repo_cache=folder,
        local_repos=[],
        remote_repos=None if repositories is None else dict(repositories),
        timeout=TIMEOUT,
    )
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    try:
        path = component.artifact(packaging="zip").resolve()
    # The errors of requests are OSErrors; jgo itself raises RuntimeError for any status but 200.
    except (OSError, RuntimeError) as error:
        raise ArtifactError(
            f"cannot download {artifact}: {error}. It is fetched once and then kept: try again with access to "
            f"Maven Central, {ELSEWHERE}"
        ) from error
    _verify(artifact, path, progress)
    return path


def unpack(archive: Path, folder: Path) -> None:
    """
    Unpack a zip file without the one folder that everything in it lies in.

    Args:
        archive: the zip file
        folder: where to put its files; they keep their execute bits

    Raises:
        ArtifactError: it is no zip file, or a broken one
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                _extract(opened, member, folder)
    except zipfile.BadZipFile as error:
        raise ArtifactError(f"{archive.name} is not a whole zip file ({error}): try again, {ELSEWHERE}") from error


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    target = folder.joinpath(*PurePosixPath(member.filename).parts[1:])
    if not target.resolve().is_relative_to(folder.resolve()):
        raise ArtifactError(f"{archive.filename} wants to write outside its folder ({member.filename}): do not use it")
    if member.is_dir():  # some are empty, and the server looks for them
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as packed, target.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    if member.external_attr >> PERMISSIONS & stat.S_IXUSR:
        target.chmod(0o755)


def _verify(artifact: Artifact, path: Path, progress: Progress) -> None:
    if artifact.sha256 is None:
        progress(f"no digest is known for {artifact}: trusting the repository")
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != artifact.sha256:
        raise ArtifactError(
            f"{artifact} has SHA-256 {found} instead of {artifact.sha256}: do not use it; find out what stands "
            f"between this machine and Maven Central, {ELSEWHERE}"
        )
