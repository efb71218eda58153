"""Shards of the report: what is written is what a script hands over, whatever the texts and names are."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from warehouse.report.shards import link_shards, read_shard, shard_name, write_shards


def read_written(report: Path, kind: str, name: str) -> Any:
    """The value of a written shard, from the only call that its file has."""
    text = (report / "data" / kind / f"{name}.js").read_text(encoding="ascii")
    call = re.fullmatch(r'report\.addShard\("([0-9A-Za-z.-]+)","([0-9A-Za-z.-]+)","([0-9A-Za-z+/=]+)"\);\n', text)
    assert call and (call[1], call[2]) == (kind, name)
    value = json.loads(gzip.decompress(base64.b64decode(call[3])))
    assert read_shard(report, kind, name) == value
    return value


HOSTILE = ["</script><script>alert(1)</script>", "<!--", "\u2028\u2029", '"', "\\", "中文", None, 1.5, {"": []}]


def test_a_shard_holds_its_value_and_nothing_that_ends_a_script(tmp_path: Path) -> None:
    written = write_shards(tmp_path, "papers", [("2609.12", HOSTILE), ("other", {})])
    assert read_written(tmp_path, "papers", "2609.12") == HOSTILE
    assert read_written(tmp_path, "papers", "other") == {}
    files = list((tmp_path / "data" / "papers").iterdir())
    assert written == sum(file.stat().st_size for file in files) and len(files) == 2
    assert all("<" not in file.read_text() for file in files)


def test_half_of_a_surrogate_pair_does_not_stop_the_report(tmp_path: Path) -> None:
    write_shards(tmp_path, "papers", [("a", "x\ud800")])
    assert read_written(tmp_path, "papers", "a") == "x?"


def test_equal_values_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        write_shards(tmp_path / folder, "papers", [("a", {"title": "Prompt tuning" * 99})])
    one, two = (tmp_path / folder / "data/papers/a.js" for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


NAMES = {
    "2609.12345": "2609.12345",
    "title:../../etc/passwd": "title-..-..-etc-passwd",
    "..": "other",
    ".": "other",
    "": "other",
    "中文": "other",
    "Large Language Models": "large-language-models",
    "a_b\n<c>": "a-b-c",
    "..-.x" + "y" * 200: "x" + "y" * 75,
}


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_safe_whatever_it_is_made_of(text: str, tmp_path: Path) -> None:
    assert shard_name(text) == NAMES[text]
    write_shards(tmp_path, "papers", [(shard_name(text), 1)])
    assert read_written(tmp_path, "papers", NAMES[text]) == 1


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\\b", "a b", "x" * 81, 'a"', "a\n", "é"])
def test_other_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no safe name"):
        write_shards(tmp_path, "papers", [(name, 1)])
    with pytest.raises(ValueError, match="no safe name"):
        write_shards(tmp_path, name, [])
    assert not list(tmp_path.rglob("*.js"))


def test_one_name_is_written_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="twice"):
        write_shards(tmp_path, "papers", [("A", 1), ("a", 2)])


def test_shards_of_an_earlier_report_are_linked_all_or_none(tmp_path: Path) -> None:
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    write_shards(earlier, "papers", [("a", 1), ("b", 2)])
    assert link_shards(earlier, later, "papers", ["a", "b"])
    assert [read_written(later, "papers", name) for name in ("a", "b")] == [1, 2]
    other = tmp_path / "other"
    assert not link_shards(earlier, other, "papers", ["a", "missing", "b"])
    write_shards(other, "papers", [("a", 3)])
    assert (read_written(other, "papers", "a"), read_written(earlier, "papers", "a")) == (3, 1)


@pytest.mark.parametrize(
    "text",
    ["", "report.addShard();\n", 'report.addShard("p","a","H4sI");\n', 'report.addShard("p","a","e30=");\n', "é"],
)
def test_a_damaged_shard_is_read_as_none(tmp_path: Path, text: str) -> None:
    write_shards(tmp_path, "p", [("a", 1)])
    (tmp_path / "data/p/a.js").write_text(text, encoding="utf-8")
    assert read_shard(tmp_path, "p", "a") is None and read_shard(tmp_path, "p", "b") is None


@pytest.mark.slow
def test_a_page_loads_shards_from_the_file_system(tmp_path: Path, browser: Any) -> None:
    from warehouse.report.site import _HERE, POLICY

    write_shards(tmp_path, "papers", [("a", HOSTILE), ("b", 2), ("damaged", 3)])
    damaged = tmp_path / "data/papers/damaged.js"
    damaged.write_text(damaged.read_text().replace("H4sI", "H4sJ"))
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/shards.js").write_bytes((_HERE / "assets/shards.js").read_bytes())
    (tmp_path / "papers").mkdir()
    page_file = tmp_path / "papers/page.html"
    page_file.write_text(
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<script src="../assets/shards.js" defer></script>'
    )
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    load = "([kind, name]) => report.loadShard(kind, name)"
    assert [page.evaluate(load, ["papers", name]) for name in ("a", "b", "a")] == [HOSTILE, 2, HOSTILE]
    assert sum(address.endswith("data/papers/a.js") for address in asked) == 1
    assert page.evaluate(load, ["papers", "missing"]) is None and page.evaluate(load, ["papers", "damaged"]) is None
    write_shards(tmp_path, "later", [("missing", 4)])
    (tmp_path / "data/later/missing.js").unlink()
    assert page.evaluate(load, ["later", "missing"]) is None
    write_shards(tmp_path, "later", [("missing", 4)])
    assert page.evaluate(load, ["later", "missing"]) == 4
    assert page.evaluate("names => names.map(report.shardName)", list(NAMES)) == list(NAMES.values())
    assert page.locator("script").count() == 1
    context.close()
