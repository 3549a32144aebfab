"""Where the files lie that travel with the package: in the wheel below `shipper/data`, else beside `shipper`."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parent
_IN_CHECKOUT: Final = {
    "config": "config",
    "dashboards": "dashboards",
    "mappings": "mappings",
    "samples": "tests/samples",
}


def resource(name: str) -> Path:
    """
    Find one of the folders `config`, `dashboards`, `mappings` and `samples`.

    Raises:
        FileNotFoundError: the installation lacks it
    """
    for folder in (_PACKAGE / "data" / name, _PACKAGE.parent / _IN_CHECKOUT[name]):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation of s3-siem-shipper lacks its folder {name}: install it again")
