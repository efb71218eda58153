"""Reads the subscriptions, one YAML file, with one sentence and line number for each mistake."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from warehouse.digest.filters import ISSUE_WINDOWS, MONTH, SORTS, Filters
from warehouse.display import one_line, web_address
from warehouse.errors import InputError
from warehouse.settings import Settings
from warehouse.variables import is_mail_address

#: A documented example that ships with the project.
EXAMPLE = Path(__file__).with_name("subscriptions.example.yml")
#: A name is also a file name of a feed; the overall feeds use the reserved ones.
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_RESERVED = {"atom", "feed", "all"}
_MAX_BYTES = 1024 * 1024
_MAX_VALUES = 200


class SubscriptionsError(InputError):
    """The file of subscriptions can't be used: a sentence for each of its ``mistakes``."""

    def __init__(self, *mistakes: str):
        super().__init__(" ".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Subscription:
    """Filters, and where the selected papers go: by mail to ``to``, and always as a feed."""

    name: str
    title: str
    filters: Filters
    to: tuple[str, ...] = ()
    #: ``mailto:`` or web address for the List-Unsubscribe header; None: a mail to the sender.
    unsubscribe: str | None = None
    send_empty: bool = False


def read_subscriptions(settings: Settings) -> list[Subscription]:
    """The subscriptions of a home, none if it has no file. Raises SubscriptionsError, a sentence for each mistake."""
    path = settings.subscriptions
    if not path.exists() and settings.subscriptions_file is None:
        return []
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SubscriptionsError(f"{path} is larger than 1 MB: this is no file of subscriptions.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SubscriptionsError(f"{path} can't be read ({error}): {EXAMPLE} is an example to start from.") from None
    return parse_subscriptions(text, str(path))


def parse_subscriptions(text: str, source: str) -> list[Subscription]:
    """The subscriptions that a text of YAML holds. ``source`` names it in the sentences of SubscriptionsError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it can't be read"
        raise SubscriptionsError(f"{source}{where}: this is not YAML ({problem}).") from None
    except RecursionError:
        raise SubscriptionsError(f"{source}: this is nested too deeply for a file of subscriptions.") from None
    reader = _Reader(source)
    subscriptions = reader.file(root)
    if reader.mistakes:
        raise SubscriptionsError(*reader.mistakes)
    return subscriptions


class _Reader:
    """Reads the nodes of the file and collects all mistakes, so that a person can fix them at once."""

    def __init__(self, source: str):
        self._source = source
        self.mistakes: list[str] = []

    def wrong(self, node: yaml.Node | None, sentence: str) -> None:
        line = node.start_mark.line + 1 if node is not None else 1
        self.mistakes.append(f"{self._source}, line {line}: {one_line(sentence)}")

    def file(self, root: yaml.Node | None) -> list[Subscription]:
        top = self.mapping(root, "the file", {"subscriptions"})
        if "subscriptions" not in top:
            if not self.mistakes:
                self.wrong(root, "there is no `subscriptions:`; put each subscription under it, by its name.")
            return []
        found = []
        for name, node in self.mapping(top["subscriptions"], "`subscriptions`", None).items():
            if not _NAME.fullmatch(name) or name in _RESERVED:
                self.wrong(
                    node,
                    f"{name!r} can't be the name of a subscription: take small letters, digits and hyphens, "
                    f"at most 40, and none of {', '.join(sorted(_RESERVED))}.",
                )
            found.append(self.subscription(name, node))
        return found

    def subscription(self, name: str, node: yaml.Node) -> Subscription:
        fields: dict[str, Callable[[yaml.Node, str], Any]] = {
            "title": self.text,
            "to": self.addresses,
            "window": lambda n, key: self.choice(n, key, ISSUE_WINDOWS),
            "sort": lambda n, key: self.choice(n, key, SORTS),
            "top": lambda n, key: self.number(n, key, 1, 200),
            "minimum_upvotes": lambda n, key: self.number(n, key, 0, 10**9),
            "minimum_gain": lambda n, key: self.number(n, key, 1, 10**9),
            "keywords": self.texts,
            "organizations": self.texts,
            "authors": self.texts,
            "exclude": self.texts,
            "has_code": self.switch,
            "since": self.day,
            "search": self.text,
            "unsubscribe": self.unsubscribe,
            "send_empty": self.switch,
        }
        nodes = self.mapping(node, f"subscription {name}", set(fields))
        values = {key: fields[key](nodes[key], f"{name}.{key}") for key in nodes}
        values = {key: value for key, value in values.items() if value is not None}
        if values.get("window") == MONTH and values.get("sort") == "stars":
            self.wrong(nodes["sort"], f"{name}.sort is 'stars', whose gain of a month is not known: take upvotes.")
        for_mail = {key: values.pop(key) for key in ("title", "to", "unsubscribe", "send_empty") if key in values}
        return Subscription(name=name, **{"title": name, **for_mail}, filters=Filters(**values))

    def mapping(self, node: yaml.Node | None, what: str, known: set[str] | None) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            self.wrong(node, f"{what} should be a list of `name: value` lines.")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if known is not None and name not in known:
                self.wrong(key, f"{what} has no setting {name!r}; it can have {', '.join(sorted(known))}.")
            elif name in found:
                self.wrong(key, f"{what} has {name!r} twice; keep one.")
            else:
                found[name] = value
        return found

    def text(self, node: yaml.Node, key: str) -> str | None:
        """A text exactly as written: YAML does not turn `no` or `1.0` into other types."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.wrong(node, f"{key} should be a text.")
            return None
        value: str = node.value.strip()
        if value != one_line(value):
            self.wrong(node, f"{key} should be one line of at most 500 characters, without control characters.")
            return None
        return value

    def texts(self, node: yaml.Node, key: str) -> tuple[str, ...] | None:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not nodes or len(nodes) > _MAX_VALUES:
            self.wrong(node, f"{key} should list 1 to {_MAX_VALUES} texts; leave the line out for no filter.")
            return None
        values = [self.text(child, key) for child in nodes]
        return tuple(dict.fromkeys(value for value in values if value is not None))

    def addresses(self, node: yaml.Node, key: str) -> tuple[str, ...] | None:
        before = len(self.mistakes)
        for child in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if not isinstance(child, yaml.ScalarNode) or not is_mail_address(child.value):
                shown = child.value if isinstance(child, yaml.ScalarNode) else ""
                self.wrong(child, f"{key}: {shown!r} is no mail address like ada@example.org.")
        return self.texts(node, key) if len(self.mistakes) == before else None

    def choice(self, node: yaml.Node, key: str, choices: tuple[str, ...]) -> str | None:
        value = self.text(node, key)
        if value is not None and value not in choices:
            self.wrong(node, f"{key} is {value!r}; it can be {' or '.join(choices)}.")
        return value if value in choices else None

    def number(self, node: yaml.Node, key: str, low: int, high: int) -> int | None:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not re.fullmatch(r"\d{1,12}", text) or not low <= int(text) <= high:
            self.wrong(node, f"{key} should be a whole number from {low} to {high}.")
            return None
        return int(text)

    def day(self, node: yaml.Node, key: str) -> date | None:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(node, f"{key} should be a date like 2026-09-01.")
            return None

    def switch(self, node: yaml.Node, key: str) -> bool | None:
        value = node.value.lower() if isinstance(node, yaml.ScalarNode) else ""
        if value not in ("true", "false", "yes", "no"):
            self.wrong(node, f"{key} should be true or false.")
            return None
        return value in ("true", "yes")

    def unsubscribe(self, node: yaml.Node, key: str) -> str | None:
        value = self.text(node, key)
        if value is not None and not _is_unsubscribe(value):
            self.wrong(node, f"{key} should be mailto:list@example.org or an https:// address.")
        return value


def _is_unsubscribe(value: str) -> bool:
    if not value.isascii() or any(c in value for c in "<>, "):
        return False
    parts = urlsplit(value)
    return is_mail_address(parts.path) if parts.scheme == "mailto" else bool(web_address(value))
