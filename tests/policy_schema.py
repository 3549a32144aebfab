"""
What policies may say, written down from the documentation, as neither plugin nor module is to be had for the tests.

Every Struct refuses members that are not documented.

https://docs.opensearch.org/latest/im-plugin/ism/policies/
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-ilm-put-lifecycle
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

Age = Annotated[str, Meta(pattern=r"^[0-9]+(d|h|m|s|ms|micros|nanos)$")]
Size = Annotated[str, Meta(pattern=r"^[0-9]+(b|kb|mb|gb|tb|pb)$")]
Count = Annotated[int, Meta(ge=1)]


class Documented(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is not documented is refused."""


# -- index state management --------------------------------------------------------------------------------------------


class Rollover(Documented):
    """Conditions, of which the first that is met counts."""

    min_size: Size | None = None
    min_primary_shard_size: Size | None = None
    min_doc_count: Count | None = None
    min_index_age: Age | None = None


class ForceMerge(Documented):
    """To how many segments."""

    max_num_segments: Count


class IndexPriority(Documented):
    """In recovery."""

    priority: Annotated[int, Meta(ge=0)]


class Allocation(Documented):
    """To which nodes, by their attributes."""

    require: dict[str, str] = {}
    include: dict[str, str] = {}
    exclude: dict[str, str] = {}
    wait_for: bool = False


class Action(Documented):
    """One of the actions that we use."""

    rollover: Rollover | None = None
    force_merge: ForceMerge | None = None
    index_priority: IndexPriority | None = None
    allocation: Allocation | None = None
    delete: dict[str, None] | None = None

    def __post_init__(self) -> None:
        named = [name for name in self.__struct_fields__ if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(f"an action has one name, not {named}")


class Conditions(Documented):
    """Of a transition; exactly one."""

    min_index_age: Age | None = None
    min_rollover_age: Age | None = None
    min_doc_count: Count | None = None
    min_size: Size | None = None


class Transition(Documented):
    """To another state."""

    state_name: str
    conditions: Conditions | None = None


class State(Documented):
    """A state; its actions are carried out in order, then transitions are looked at."""

    name: str
    actions: list[Action]
    transitions: list[Transition]


class IsmTemplate(Documented):
    """Which new indices get the policy."""

    index_patterns: list[str]
    priority: Annotated[int, Meta(ge=0)] = 0


class IsmPolicy(Documented):
    """A policy of OpenSearch."""

    description: str
    default_state: str
    states: Annotated[list[State], Meta(min_length=1)]
    ism_template: list[IsmTemplate] = []

    def __post_init__(self) -> None:
        names = [state.name for state in self.states]
        if len(set(names)) < len(names):
            raise ValueError(f"a state's name is there twice: {names}")
        targets = {transition.state_name for state in self.states for transition in state.transitions}
        if not {self.default_state, *targets} <= set(names):
            raise ValueError(f"there is no state for one of {sorted({self.default_state, *targets})}")


class IsmBody(Documented):
    """Body of `PUT _plugins/_ism/policies/<name>`."""

    policy: IsmPolicy


# -- index lifecycle management ----------------------------------------------------------------------------------------


class IlmRollover(Documented):
    """Conditions, of which the first that is met counts."""

    max_age: Age | None = None
    max_docs: Count | None = None
    max_size: Size | None = None
    max_primary_shard_size: Size | None = None
    max_primary_shard_docs: Count | None = None


class IlmAllocate(Documented):
    """To which nodes, by their attributes."""

    number_of_replicas: int | None = None
    require: dict[str, str] = {}
    include: dict[str, str] = {}
    exclude: dict[str, str] = {}


class IlmDelete(Documented):
    """The snapshot too."""

    delete_searchable_snapshot: bool = True


class HotActions(Documented):
    """Those of the hot phase."""

    rollover: IlmRollover | None = None
    set_priority: IndexPriority | None = None
    forcemerge: ForceMerge | None = None


class WarmActions(Documented):
    """Those of the warm phase."""

    set_priority: IndexPriority | None = None
    forcemerge: ForceMerge | None = None
    allocate: IlmAllocate | None = None


class DeleteActions(Documented):
    """Those of the last phase."""

    delete: IlmDelete | None = None


class Hot(Documented):
    """The first phase."""

    actions: HotActions
    min_age: Age = "0ms"


class Warm(Documented):
    """What is written to no more."""

    actions: WarmActions
    min_age: Age = "0ms"


class Delete(Documented):
    """The end."""

    actions: DeleteActions
    min_age: Age = "0ms"


class Phases(Documented):
    """Those that we use."""

    hot: Hot
    warm: Warm | None = None
    delete: Delete | None = None


class IlmPolicy(Documented):
    """A policy of Elasticsearch."""

    phases: Phases
    _meta: dict[str, str] = {}


class IlmBody(Documented):
    """Body of `PUT _ilm/policy/<name>`."""

    policy: IlmPolicy


def read(body: dict[str, Any], kind: type[Documented]) -> Any:
    """
    Read a body.

    Raises:
        msgspec.ValidationError: it says something that is not documented
    """
    return msgspec.convert(body, kind)
