"""The newest word about each address reaches the ledger, and records that failed are tried again."""

from datetime import UTC, datetime, timedelta

from afterbill.model.customer import Suppression
from afterbill.model.errors import TransientError, UnreadableError
from afterbill.model.privacy import Objection
from afterbill.privacy.note_objections import note_objections
from afterbill_cli.memory.ledger import MemoryLedger

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SAID = Objection("5e1f", NOW, Suppression.UNSUBSCRIBED)
LIFTED = Objection("5e1f", NOW + timedelta(minutes=1))
OTHER = Objection("77aa", NOW, Suppression.COMPLAINED)


def read(record):
    """Records of these tests are the words themselves."""
    if isinstance(record, Exception):
        raise record
    return record


class Failing(MemoryLedger):
    def note_objection(self, objection):
        if objection.address_hash == "5e1f":
            raise TransientError("throttled")
        super().note_objection(objection)


def test_a_word_is_noted_and_other_changes_are_not():
    ledger = MemoryLedger()

    assert note_objections({"1": None, "2": SAID}, read, ledger).failed == frozenset()
    assert list(ledger.objections()) == [SAID]


def test_of_one_batch_the_latest_word_is_noted_once():
    ledger = MemoryLedger()

    note_objections({"1": LIFTED, "2": SAID}, read, ledger)

    assert list(ledger.objections()) == [LIFTED]
    assert ledger.entries == 1


def test_batches_that_come_twice_and_in_disorder_end_the_same():
    ledger = MemoryLedger()

    for batch in ({"2": LIFTED}, {"1": SAID}, {"2": LIFTED}):
        note_objections(batch, read, ledger)

    assert list(ledger.objections()) == [LIFTED]


def test_what_could_not_be_noted_fails_all_its_records_and_no_others():
    ledger = Failing()

    noted = note_objections({"1": SAID, "2": OTHER, "3": LIFTED}, read, ledger)

    assert noted.failed == {"1", "3"}
    assert list(ledger.objections()) == [OTHER]


def test_what_cannot_be_read_is_told_and_done():
    noted = note_objections({"1": UnreadableError("poison"), "2": SAID}, read, MemoryLedger())

    assert (noted.failed, list(map(str, noted.unreadable))) == (frozenset(), ["poison"])
