"""A cluster that keeps templates and policies, and gives them back as the real ones do."""

import copy
from typing import Any

from shipper.errors import OpenSearchError
from shipper.product import Product


class FakeCluster:
    """
    Takes the requests that installing makes.

    Args:
        product: which it pretends to be
        version: of it
        has_policies: whether the plugin or module for retention policies is there

    Attributes:
        kept: bodies of templates and policies by path
        writes: method and path of every request that changed something
    """

    def __init__(
        self, product: Product = Product.OPENSEARCH, version: str = "3.6.0", *, has_policies: bool = True
    ) -> None:
        self.product = product
        self.version = version
        self.has_policies = has_policies
        self.kept: dict[str, dict[str, Any]] = {}
        self.writes: list[str] = []

    async def request(self, method: str, path: str, body: Any = None, parameters: dict[str, str] | None = None) -> Any:
        """Make a request; see `shipper.opensearch.OpenSearch.request`."""
        if path == "/":
            distribution = {"distribution": "opensearch"} if self.product is Product.OPENSEARCH else {}
            return {"version": {"number": self.version, **distribution}}
        if path.startswith(("/_plugins/_ism/", "/_ilm/")) and not self.has_policies:
            error = OpenSearchError("no handler found for uri")
            error.status = 400
            raise error
        if method == "GET":
            return self._given(path)
        self.writes.append(f"{method} {path}" + (f" {parameters}" if parameters else ""))
        if method == "PUT":
            self.kept[path] = copy.deepcopy(body)
        return {"acknowledged": True}

    def _given(self, path: str) -> Any:
        if path == "/_index_template/*":
            found = {name: body for name, body in self.kept.items() if name.startswith("/_index_template/")}
            return {
                "index_templates": [
                    {"name": name.rpartition("/")[2], "index_template": body} for name, body in found.items()
                ]
            }
        if path not in self.kept:
            return {"data_streams": []} if path.startswith("/_data_stream/") else None
        body, name = copy.deepcopy(self.kept[path]), path.rpartition("/")[2]
        if "/_settings/" in path:
            return body
        if path.startswith("/_plugins/_ism/"):
            policy = {"policy_id": name, "schema_version": 21, "error_notification": None, **body["policy"]}
            for action in (one for state in policy["states"] for one in state["actions"]):
                action["retry"] = {"count": 3, "backoff": "exponential", "delay": "1m"}
            return {"_id": name, "_seq_no": 7, "_primary_term": 1, "policy": policy}
        if path.startswith("/_ilm/"):
            for phase in body["policy"]["phases"].values():
                phase["actions"].get("delete", {})["delete_searchable_snapshot"] = True
            return {name: {"version": 1, "policy": body["policy"], "in_use_by": {}}}
        kind = "component_template" if path.startswith("/_component") else "index_template"
        return {f"{kind}s": [{"name": name, kind: body}]}
