"""No damage of a journal loses a load, or mails anybody twice, without a word."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.digest.record import Delivery, SentRecord
from warehouse.errors import ArchiveError, HomeError
from warehouse.landing.archive import Landing
from warehouse.landing.captures import Decision
from warehouse.landing.copying import copy_archive
from warehouse.landing.folder import FolderLanding
from warehouse.landing.journal import encode_line, read_lines
from warehouse.landing.object_store import FolderStorage
from warehouse.landing.remote import RemoteLanding

MOMENT = datetime(2026, 9, 1, 8, tzinfo=UTC)


def land(landing: Landing, count: int, first: int = 0) -> list[str]:
    with landing.writing() as batch:
        return [
            batch.land(
                [(f"https://example.org/{number}", b"[%d]" % number)],
                source=f"listing {number}",
                listing_date=date(2026, 9, 1),
                observed_at=MOMENT + timedelta(minutes=number),
                observed_at_basis="manifest",
            )[0]
            for number in range(first, first + count)
        ]


def loads(landing: Landing) -> list[str]:
    return [capture.load_id for capture in landing.captures()]


def journal_of(root: Path) -> Path:
    (journal,) = (root / "journal").glob("*.jsonl*")
    return journal


def without_checksums(journal: Path) -> None:
    """Write a journal as the version before checksums did."""
    journal.write_bytes(b"".join(line.record + b"\n" for line in read_lines(journal.read_bytes())))


def change_middle_line(journal: Path, change: Callable[[bytes], bytes]) -> None:
    lines = journal.read_bytes().splitlines()
    lines[1] = change(lines[1])
    journal.write_bytes(b"\n".join(lines) + b"\n")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda line: line[: len(line) // 2],
    "emptied": lambda line: b"\0" * len(line),
    "replaced": lambda line: b"not a record",
    "a digit": lambda line: line.replace(b"2026-09-01T08:01", b"2026-09-01T08:02"),
    "a letter": lambda line: line.replace(b"listing 1", b"listing 7"),
    "a hash": lambda line: line.replace(b'"sha256":"', b'"sha256":"f', 1),
    "not UTF-8": lambda line: line.replace(b"listing", b"list\xffng"),
    "two in one": lambda line: line + line,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_line_is_an_error_in_one_sentence(tmp_path: Path, damage: str) -> None:
    landing = FolderLanding(tmp_path)
    land(landing, 3)
    change_middle_line(journal_of(tmp_path), DAMAGES[damage])
    with pytest.raises(ArchiveError, match=r"line 2 of journal/.*papers doctor --archive"):
        loads(landing)
    assert len(list(landing.captures(on_damage=lambda _: None))) == 2
    with pytest.raises(ArchiveError):
        list(landing.decisions())


def test_no_flipped_bit_goes_unnoticed(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    land(landing, 2)
    journal = journal_of(tmp_path)
    whole, before = journal.read_bytes(), list(landing.captures())
    chance = random.Random(20)
    for _ in range(400):
        place = chance.randrange(len(whole) - 1)
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        journal.write_bytes(damaged)
        try:
            assert list(landing.captures()) == before, bytes(damaged[place - 20 : place + 20])
        except ArchiveError:
            continue


def test_lines_without_checksums_are_valid(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    before = land(landing, 3)
    without_checksums(journal_of(tmp_path))
    assert b"check" not in journal_of(tmp_path).read_bytes()
    assert loads(landing) == before
    later = land(landing, 1, first=3)
    assert loads(landing) == before + later


def test_only_the_last_line_may_be_partial(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    first, second = land(landing, 2)
    journal = journal_of(tmp_path)
    whole = journal.read_bytes()
    for length in range(len(whole.splitlines()[0]) + 1, len(whole) - 1, 7):
        journal.write_bytes(whole[:length])
        assert loads(landing) == [first], "nobody was told that it had landed"
        (third,) = land(landing, 1, first=2)
        assert loads(landing) == [first, third]
    journal.write_bytes(whole[:-1])
    assert loads(landing) == [first, second], "only its end is missing"
    (third,) = land(landing, 1, first=2)
    assert loads(landing) == [first, second, third]


def test_a_journal_that_a_person_edited_is_read(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    before = land(landing, 3)
    journal = journal_of(tmp_path)
    whole = journal.read_bytes()
    lines = whole.splitlines(keepends=True)
    shapes = {
        "byte order mark": b"\xef\xbb\xbf" + whole,
        "line ends of Windows": whole.replace(b"\n", b"\r\n"),
        "gzip": gzip.compress(whole),
        "gzip of two members": gzip.compress(lines[0]) + gzip.compress(b"".join(lines[1:])),
        "conflict": lines[0] + b"<<<<<<< HEAD\n" + lines[1] + b"=======\n" + lines[2] + b">>>>>>> other branch\n",
    }
    for shape, text in shapes.items():
        journal.write_bytes(text)
        assert loads(landing) == before, shape
        (later,) = land(landing, 1, first=3)
        assert loads(landing) == [*before, later], shape
        (last,) = land(landing, 1, first=4)
        assert loads(landing) == [*before, later, last], shape


def test_a_compressed_day_is_read_before_later_lines(tmp_path: Path) -> None:
    landing = FolderLanding(tmp_path)
    before = land(landing, 3)
    journal = journal_of(tmp_path)
    journal.with_name(f"{journal.name}.gz").write_bytes(gzip.compress(journal.read_bytes()))
    journal.unlink()
    later = land(landing, 1, first=3)
    assert loads(landing) == before + later
    packed = journal.with_name(f"{journal.name}.gz")
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(ArchiveError, match="gzip"):
        loads(landing)


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_record_of_a_newer_version_is_an_error_in_one_sentence(tmp_path: Path, is_checked: bool) -> None:
    landing = FolderLanding(tmp_path)
    land(landing, 1)
    record = b'{"record":"retraction","load_id":"0123456789abcdef"}'
    with open(journal_of(tmp_path), "ab") as journal:
        journal.write(encode_line(record) if is_checked else record + b"\n")
    with pytest.raises(ArchiveError, match=r"newer version.*'retraction'.*Upgrade"):
        loads(landing)


def test_an_ignored_line_is_no_error_again(tmp_path: Path) -> None:
    for landing in (FolderLanding(tmp_path / "folder"), RemoteLanding(FolderStorage(tmp_path / "store"))):
        first, *_ = land(landing, 1)
        last = land(landing, 1, first=1)
        journal = sorted((Path(landing.root) / "journal").rglob("*.jsonl"))[0]
        journal.write_bytes(journal.read_bytes().replace(b"example", b"exbmple", 1))
        (damage,) = landing.damages()
        assert damage.line == 1 and damage.load_id == first
        with landing.writing() as batch:
            batch.ignore_line(damage.sha256, "there is no backup")
        assert loads(landing) == last and not landing.damages()


def test_unnamed_payloads_are_found(tmp_path: Path) -> None:
    for landing in (FolderLanding(tmp_path / "folder"), RemoteLanding(FolderStorage(tmp_path / "store"))):
        land(landing, 2)
        assert len(set(landing.stored_payloads())) == 2
        for journal in (Path(landing.root) / "journal").rglob("*.jsonl"):
            journal.unlink()
        assert landing.exists(), "there is something to save"


def test_damage_does_not_prevent_copying_the_rest(tmp_path: Path) -> None:
    source, target = FolderLanding(tmp_path / "source"), FolderLanding(tmp_path / "target")
    before = land(source, 4)
    with source.writing() as batch:
        batch.add_decision(
            Decision(load_id=before[0], verdict="accepted", reason="r", decided_by="me", decided_at=MOMENT)
        )
    change_middle_line(journal_of(tmp_path / "source"), DAMAGES["cut"])
    third = next(c for c in source.captures(on_damage=lambda _: None) if c.load_id == before[2])
    source.payload_file(third.payloads[0].sha256).unlink()
    with pytest.raises(ValueError, match=r"line 2 of .*, and 1 more"):
        copy_archive(source, target)
    assert loads(target) == [before[0], before[3]] and len(list(target.decisions())) == 1


# The record of what was mailed


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line.replace(b"ada@", b"bda@"),
        lambda line: line.replace(b'"sent"', b'"sunk"'),
        lambda line: line[: len(line) // 2],
        lambda line: b"",
        lambda line: b"{}",
        lambda line: line.replace(b"2026-11-23", b"2026-11-24"),
    ],
)
def test_a_damaged_line_of_the_record_sends_no_mail_twice(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "sent.jsonl"
    deliveries = [Delivery("daily", "2026-11-23", f"{who}@example.org") for who in ("ada", "grace")]
    record = SentRecord(path)
    for delivery in deliveries:
        record.write(delivery, "sending", "<1>")
        record.write(delivery, "sent", "<1>")
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + damage(second.rstrip(b"\n")) + b"\n" + b"".join(rest))
    try:
        state = SentRecord(path).state(deliveries[0])
    except HomeError as error:
        assert "Line 2 of" in str(error) and "Nothing was sent" in str(error)
    else:
        assert state == "sending", "nothing is sent again until a person says so"


def test_the_record_reads_lines_without_checksums_and_continues_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "sent.jsonl"
    old = {"at": "x", "subscription": "daily", "issue": "2026-11-23", "recipient": "ada@example.org", "state": "sent"}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(old).encode() + b'\n{"at": "2026')
    record = SentRecord(path)
    assert record.state(Delivery("daily", "2026-11-23", "Ada@example.org")) == "sent"
    record.write(Delivery("daily", "2026-11-23", "grace@example.org"), "sent", "<2>")
    assert SentRecord(path).state(Delivery("daily", "2026-11-23", "grace@example.org")) == "sent"
