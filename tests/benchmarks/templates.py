"""
JSON values with blanks to fill in: what varies from one event to the next, written as data.

A string holds words in braces, `"arn:aws:iam::{account}:role/{role}"`; a `Vocabulary` gives each word its values. A
member whose name ends with `?` is there every other time. An object with one member that begins with `$` is filled by a
rule:

    {"$any": [a, b, c]}       one of these
    {"$many": [1, 5, a]}      a list of one to five of it
    {"$number": [1, 100]}     a number
    {"$json": a}              a string that holds JSON, as policy documents are written
"""

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import msgspec

Maker = Callable[[Random], str]


class Vocabulary:
    """
    The words of templates.

    Args:
        lasting: words that mean the same throughout one record, such as its account
        passing: words that mean something new each time
    """

    def __init__(self, *, lasting: Mapping[str, Maker], passing: Mapping[str, Maker]) -> None:
        self.lasting = lasting
        self.passing = passing


class Scene:
    """
    One record in the making.

    Args:
        random: decides everything
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.said: dict[str, str] = {}


Template = Callable[[Scene], Any]

_WORD: Final = re.compile(r"(?<!\$)\{([a-z0-9_]+)\}")


def compiled(value: Any, words: Vocabulary) -> Template:
    """
    Compile a template.

    Raises:
        KeyError: it uses a word that is not in the vocabulary, or a rule that is not known
    """
    if isinstance(value, str):
        return _text(value, words)
    if isinstance(value, list):
        items = [compiled(item, words) for item in value]
        return lambda scene: [item(scene) for item in items]
    if isinstance(value, dict):
        rule, argument = next(iter(value.items()), ("", None))
        if len(value) == 1 and rule.startswith("$"):
            return _RULES[rule](argument, words)
        return _object(value, words)
    return lambda _: value


def _text(text: str, words: Vocabulary) -> Template:
    parts = _WORD.split(text)  # literals and, between them, words
    makers = [_word(part, words) if at % 2 else _literal(part) for at, part in enumerate(parts) if part]
    if len(makers) == 1:
        return makers[0]
    return lambda scene: "".join([maker(scene) for maker in makers])


def _literal(text: str) -> Template:
    return lambda _: text


def _word(name: str, words: Vocabulary) -> Template:
    if name in words.passing:
        passing = words.passing[name]
        return lambda scene: passing(scene.random)
    lasting = words.lasting[name]

    def said(scene: Scene) -> str:
        if name not in scene.said:
            scene.said[name] = lasting(scene.random)
        return scene.said[name]

    return said


def _object(value: dict[str, Any], words: Vocabulary) -> Template:
    members = [(name.removesuffix("?"), name.endswith("?"), compiled(member, words)) for name, member in value.items()]
    if not any(optional for _, optional, _ in members):
        plain = [(name, member) for name, _, member in members]
        return lambda scene: {name: member(scene) for name, member in plain}
    return lambda scene: {
        name: member(scene) for name, optional, member in members if not optional or scene.random.random() < 0.5
    }


def _any(options: list[Any], words: Vocabulary) -> Template:
    compiled_options = [compiled(option, words) for option in options]
    return lambda scene: scene.random.choice(compiled_options)(scene)


def _many(arguments: list[Any], words: Vocabulary) -> Template:
    fewest, most, item = arguments
    template = compiled(item, words)
    return lambda scene: [template(scene) for _ in range(scene.random.randint(fewest, most))]


def _number(bounds: list[int], _: Vocabulary) -> Template:
    lowest, highest = bounds
    return lambda scene: scene.random.randint(lowest, highest)


def _json(value: Any, words: Vocabulary) -> Template:
    template = compiled(value, words)
    return lambda scene: msgspec.json.encode(template(scene)).decode()


_RULES: Final[Mapping[str, Callable[[Any, Vocabulary], Template]]] = {
    "$any": _any,
    "$json": _json,
    "$many": _many,
    "$number": _number,
}
