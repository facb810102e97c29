"""The keys of every item, the names of the indexes, and the attributes that they are made of."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from afterbill.model.history import MonthTally

    Key = dict[str, AttributeValueTypeDef]

PK, SK = "pk", "sk"
TTL = "expires_at"
KEPT_UNTIL = "kept_until"
"""The TTL that an answer gives to an invitation that is forgotten soon without one."""
KEPT_FOR = "kept_for"
"""The days from an item's last change to its TTL, where nothing else tells since when it is kept."""

BY_CUSTOMER = "by_customer"
CUSTOMER_ID, CREATED_AT = "customer_id", "created_at"
BY_DAY = "by_day"
DAY_BUCKET = "day_bucket"
DAY_AT = "day_at"
EVENT_ID = "event_id"
"""The event that reported a fact first, where its invitation holds it."""
ADVERSE = "adverse"
"""The rank of a delivery that bounced or was complained about."""
BY_ANSWERED_DAY = "by_answered_day"
ANSWERED_DAY = "answered_day"
BY_FACT_HOUR = "by_fact_hour"
FACT_HOUR = "fact_hour"
"""The hour of UTC of a fact, of every invitation but tests and tombstones; it never changes."""

DIRTY = "DIRTY"
REVIEW = "REVIEW"
CHANGED = "CHANGED"
"""The partition of the marks of days to archive anew."""
API_KEYS = "APIKEY"
PRIVACY = "PRIVACY"
HISTORY = "HISTORY"
"""The partition of imported months."""
ERASURES = "ERASURE"
"""In the ledger: the partition of all erasures."""
RESTRICTIONS = "RESTRICTION"
"""In the ledger: the partition of the words about restricted customers; operators speak them, so they are few."""
SAID_AT = "said_at"
"""The moment of the newest word about an address: that nobody writes there, or that this was lifted."""
NO_TIME = "-"
"""Stands for the moment in BY_CUSTOMER of what belongs to a customer and is no invitation: it sorts behind these."""
_INVITATION = "INVITATION#"


def key(pk: str, sk: str) -> "Key":
    """A primary key as the low-level client takes it."""
    return {PK: {"S": pk}, SK: {"S": sk}}


def invitation(id_: str) -> "Key":
    """An invitation with its response."""
    return key(f"{_INVITATION}{id_}", "INVITATION")


def invitation_id(item: "Key") -> str:
    """The id of the invitation whose item this is."""
    return item[PK]["S"].removeprefix(_INVITATION)


def is_invitation(item: "Key") -> bool:
    """True for an invitation: the partition of a customer in BY_CUSTOMER holds more of theirs."""
    return item[PK]["S"].startswith(_INVITATION)


def customer(id_: str) -> "Key":
    """A customer."""
    return key(f"CUSTOMER#{id_}", "CUSTOMER")


def customer_id(item: "Key") -> str:
    """The id of the customer whose item this is."""
    return item[PK]["S"].removeprefix("CUSTOMER#")


def alias(name: str) -> "Key":
    """A source's id for a customer, or the keyed hash of a guest's address there."""
    return key(f"ALIAS#{name}", "ALIAS")


def link(name: str) -> "Key":
    """An object whose payment was taken back, or that is known to belong to one payment with others."""
    return key(f"LINK#{name}", "LINK")


def address(address_hash: str) -> "Key":
    """An address or number, whoever's it is: when it was asked, and whether it is never written to again."""
    return key(holders(address_hash), "ADDRESS")


def holders(address_hash: str) -> str:
    """The partition of BY_CUSTOMER with the customers who have this address."""
    return f"ADDRESS#{address_hash}"


def testers(address_hash: str) -> str:
    """The partition of BY_CUSTOMER with those who stand for this address in test surveys."""
    return f"TEST#{address_hash}"


def address_hash(partition: str) -> str:
    """The keyed hash of the address whose partition of BY_CUSTOMER this is."""
    return partition.removeprefix("ADDRESS#").removeprefix("TEST#")


def of(customer_id: str) -> dict[str, str]:
    """The attributes by which BY_CUSTOMER finds what belongs to a customer and is no invitation; none for nobody."""
    return {CUSTOMER_ID: customer_id, CREATED_AT: NO_TIME} if customer_id else {}


def code(text: str) -> "Key":
    """A short link."""
    return key(f"CODE#{text}", "CODE")


def phone(phone_hash: str) -> "Key":
    """The customer whose phone it was when a text message went there."""
    return key(f"PHONE#{phone_hash}", "PHONE")


def event(event_id: str, source: str, invitation_id: str) -> "Key":
    """An event that reported a fact; ids are the senders', so sources may share them; it may report several."""
    return key(events(event_id), f"{source}#{invitation_id}")


def events(event_id: str) -> str:
    """The partition of all events of this id."""
    return f"EVENT#{event_id}"


def erased(alias_hash: str) -> "Key":
    """The mark of a name whose customer was erased, by the name's keyed hash: nothing older is learned of it again."""
    return key(f"ERASED#{alias_hash}", "ERASED")


def copy(name: str, customer_id: str) -> "Key":
    """The copy of a webhook that is about a customer, by its name in the bucket; one copy may be about several."""
    return key(f"COPY#{name}", customer_id)


def privacy_request(id_: str) -> "Key":
    """A request to show, restrict or erase what is stored about somebody, or a part of one."""
    whole, slash, _ = id_.partition("/")
    return key(privacy_parts(whole) if slash else PRIVACY, id_)


def privacy_parts(id_: str) -> str:
    """The partition of the parts of a request: there may be thousands."""
    return f"{PRIVACY}#{id_}"


def retention() -> "Key":
    """The progress of the retention pass."""
    return key("STATE", "retention")


def reconciled() -> "Key":
    """The number of entries of the ledger that this table knows: fewer once restored, and more once the ledger was."""
    return key("STATE", "ledger")


def erasure(stamp: str, request_id: str) -> "Key":
    """In the ledger: an erasure, so that all sort by their moment."""
    return key(ERASURES, f"{stamp}#{request_id}")


def objection(address_hash: str) -> "Key":
    """In the ledger: the newest word about an address or number; the hashes share 256 partitions."""
    return key(objections(address_hash[:2]), address_hash)


def objections(beginning: str) -> str:
    """In the ledger: the partition of the words about all addresses whose hash begins with these two digits."""
    return f"OBJECTION#{beginning}"


def restriction(subject_hash: str) -> "Key":
    """In the ledger: the newest word about whether what is stored of a customer may be used."""
    return key(RESTRICTIONS, subject_hash)


def act(stamp: str, random: str) -> "Key":
    """In the ledger: somebody read or changed something about a person."""
    return key(acts(stamp[:10]), f"{stamp}#{random}")


def acts(day: str) -> str:
    """In the ledger: the partition of all acts of a day of UTC."""
    return f"AUDIT#{day}"


def newest() -> "Key":
    """In the ledger: how many erasures and objections were noted, and the moment of the newest."""
    return key("NEWEST", "NEWEST")


def restricted() -> "Key":
    """The ids of all customers whose data are used for nothing."""
    return key("STATE", "restricted")


def counter(name: str) -> "Key":
    """The number of mails counted under a cap."""
    return key(f"LIMIT#{name}", "LIMIT")


def sending_pause() -> "Key":
    """The switch that stops all sending."""
    return key("STATE", "halt")


def sending_gate() -> "Key":
    """The channels whose quota is used up."""
    return key("STATE", "gate")


def api_key(id_: str) -> "Key":
    """A key of the answer API."""
    return key(API_KEYS, id_)


def tasks(source: str) -> str:
    """The partition of all tasks of a source."""
    return f"TASK#{source}"


TASKS = "TASKS"
"""The partition of BY_DAY with the open tasks of all sources."""


def task(source: str, kind: str, id_: str) -> "Key":
    """A task: something that an operator has to decide."""
    return key(tasks(source), f"{kind}#{id_}")


def sweep() -> "Key":
    """The progress of the sweep."""
    return key("STATE", "sweep")


def campaign(name: str) -> "Key":
    """The progress of a campaign."""
    return key("STATE", f"campaign#{name}")


def fact_hour(at: datetime) -> str:
    """The partition of BY_FACT_HOUR with all facts of an hour, counted since 1970: an item is to stay below a KB."""
    return f"FACT#{int(at.timestamp()) // 3600}"


def changed(period: datetime) -> "Key":
    """The marks of the days whose facts changed in a period, which begins at this minute."""
    return key(CHANGED, f"{period.astimezone(UTC):%Y-%m-%dT%H:%MZ}")


def archived() -> "Key":
    """The state that a run of the archive leaves for the next."""
    return key("STATE", "archive")


def day_bucket(day: str) -> str:
    """The partition of BY_DAY with the invitations sent on that local day, or ready then and not yet sent."""
    return f"DAY#{day}"


def day_at(ready_at: datetime) -> str:
    """The sort key of BY_DAY: a ready moment in whole seconds of UTC, all of one length."""
    return f"{ready_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def ready_at(day_at: str) -> datetime:
    """Inverse of `day_at`."""
    return datetime.fromisoformat(day_at)


def slot_bucket(slot: int) -> str:
    """The partition of BY_DAY with the customers of a group; they have no order."""
    return f"SLOT#{slot}"


def dirty(day: date) -> "Key":
    """The mark of a day to recount."""
    return key(DIRTY, day.isoformat())


def review(moment: str, name: str) -> "Key":
    """The mark of invitations whose clicks wait for review; the moments are of one length, so that they sort."""
    return key(REVIEW, f"{moment}#{name}")


def counts(day: date) -> str:
    """The partition of what was counted of a day whose count is under way."""
    return f"COUNT#{day.isoformat()}"


def tally(dimension: str, day: date) -> "Key":
    """The tallies of one dimension on one day."""
    return key(tallies(dimension), day.isoformat())


def tallies(dimension: str) -> str:
    """The partition of a dimension's tallies, sorted by day."""
    return f"TALLY#{dimension}"


def score(dimension: str, window: str, value: str) -> "Key":
    """The score of one value in one window."""
    return key(scores(dimension), f"{scores_in(window)}{value}")


def scores(dimension: str) -> str:
    """The partition of a dimension's scores, sorted by window and value."""
    return f"SCORE#{dimension}"


def scores_in(window: str) -> str:
    """The prefix of the sort keys of all scores of a window."""
    return f"{window}#"


def lease(step: str = "compute") -> "Key":
    """The lease of the run of a step, by default of the one that computes scores."""
    return key("LEASE", step)


def history(tally: "MonthTally") -> "Key":
    """The imported answers of a month, of one question, source and touchpoint; only the last may hold a `#`."""
    return key(HISTORY, f"{tally.month:%Y-%m}#{tally.question}#{tally.source}#{tally.touchpoint}")


def history_cut(source: str) -> "Key":
    """The day from which on responses that a source exports are kept; before it, they are counted by month."""
    return key(HISTORY, f"cut#{source}")


def lock() -> "Key":
    """The lock of the process that renews a token."""
    return key("LOCK", "tokens")


def computed() -> "Key":
    """The state that a complete computation leaves for the next."""
    return key("STATE", "compute")
