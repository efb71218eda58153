"""Shards of the report: what is written is what a script hands over, whatever the texts and names are."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from warehouse.report.folder import ReportFolder
from warehouse.report.shards import read_script, shard_name, shard_script

HOSTILE = ["</script><script>alert(1)</script>", "<!--", "\u2028\u2029", '"', "\\", "中文", None, 1.5, {"": []}]


def test_a_shard_holds_its_value_and_nothing_that_ends_a_script() -> None:
    for value in (HOSTILE, {}, *("x" * length for length in range(40))):
        script = shard_script("papers", "2609.12", json.dumps(value))
        assert read_script(script) == value
        text = script.decode("utf-16")
        assert re.fullmatch(r'report\.addShard\("papers","2609\.12",\d+,"[\u3400-\ub3ff]+"\);\n', text)


def test_half_of_a_surrogate_pair_does_not_stop_the_report() -> None:
    assert read_script(shard_script("papers", "a", '"x\ud800"')) == "x?"


def test_equal_values_give_equal_bytes() -> None:
    text = json.dumps({"title": "Prompt tuning" * 99})
    assert shard_script("papers", "a", text) == shard_script("papers", "a", text)


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
def test_a_name_is_safe_whatever_it_is_made_of(text: str) -> None:
    assert shard_name(text) == NAMES[text]
    assert f'"papers","{NAMES[text]}",' in shard_script("papers", shard_name(text), "1").decode("utf-16")


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "a\\b", "a b", "x" * 81, 'a"', "a\n", "é"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no safe name"):
        shard_script("papers", name, "1")
    with pytest.raises(ValueError, match="no safe name"):
        shard_script(name, "a", "1")


def write(report: Path, kind: str, name: str, value: Any) -> None:
    ReportFolder(report, report).write_shards(kind, [(name, json.dumps(value))])


def test_what_did_not_change_stays_the_same_file(tmp_path: Path) -> None:
    earlier, later = tmp_path / "earlier", tmp_path / "later"
    ReportFolder(earlier, tmp_path).write_shards("papers", [("a", "1"), ("b", "2"), ("c", "3")])
    folder = ReportFolder(later, earlier)
    folder.write_shards("papers", [("a", "1"), ("b", "4")])
    assert folder.read_earlier_shard("papers", "b") == 2 and folder.read_earlier_shard("papers", "missing") is None
    assert not folder.keep_shards("papers", ["c", "missing"])
    assert not (later / "data/papers/c.js").exists()
    assert folder.keep_shards("papers", ["c"])
    same = [(earlier / f"data/papers/{name}.js").samefile(later / f"data/papers/{name}.js") for name in "abc"]
    assert same == [True, False, True]
    assert [read_script((folder / "data/papers/b.js").read_bytes()) for folder in (earlier, later)] == [2, 4]
    for name in ("a", "A"):
        with pytest.raises(ValueError, match="twice"):
            folder.write_shards("papers", [(name, "1")])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "report.addShard();\n",
        '\ufeffreport.addShard("p","a",4,"㐀㐁");\n',
        '\ufeffreport.addShard("p","a",1,"H4sI");\n',
    ],
)
def test_a_damaged_shard_is_read_as_none(text: str) -> None:
    assert read_script(text.encode("utf-16-le")) is None and read_script(text.encode("utf-8") + b"x") is None


@pytest.mark.slow
def test_a_page_loads_shards_from_the_file_system(tmp_path: Path, browser: Any) -> None:
    from warehouse.report.site import _HERE, POLICY

    for name, value in (("a", HOSTILE), ("b", 2), ("damaged", 3)):
        write(tmp_path, "papers", name, value)
    damaged = tmp_path / "data/papers/damaged.js"
    damaged.write_text(re.sub(r",\d+,", ",9,", damaged.read_text("utf-16-le")), "utf-16-le")
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
    assert page.evaluate(load, ["later", "missing"]) is None
    write(tmp_path, "later", "missing", 4)
    assert page.evaluate(load, ["later", "missing"]) == 4
    assert page.evaluate("names => names.map(report.shardName)", list(NAMES)) == list(NAMES.values())
    assert page.locator("script").count() == 1
    context.close()
