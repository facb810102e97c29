"""The actions of each kind of client with one mail, in a real browser where it uses one."""

from collections.abc import Callable, Mapping

from afterbill.model.invitation import Answer
from afterbill.model.visits import HIDDEN
from afterbill_dev.lab.browser_clients import HIDDEN_PAGE, Device, ServedMail
from afterbill_dev.lab.robots import LINKS
from afterbill_dev.lab.traffic import DESK, PHONE
from afterbill_dev.lab.traffic import HIDDEN as HIDDEN_LINK

Action = Callable[[ServedMail], None]
Step = Callable[[Device], None]

_RATINGS = tuple({HIDDEN_LINK: HIDDEN}.get(link, link) for link in LINKS)
_TAPPED, _SENT = Answer(9, confirmed=False), Answer(9)


def requests(*ratings: str, method: str = "GET") -> Action:
    """Request these links by a program that runs nothing."""

    def act(mail: ServedMail) -> None:
        for rating in ratings:
            mail.fetch(rating, method)

    return act


def browser(*steps: Step, network: str = "home", agent: str = PHONE, **options: bool) -> Action:
    """Take the steps in one browser, by default a person's phone."""

    def act(mail: ServedMail) -> None:
        with mail.device(network, agent, **options) as device:
            for step in steps:
                step(device)

    return act


def in_turn(*actions: Action) -> Action:
    """Act one after the other."""

    def act(mail: ServedMail) -> None:
        for action in actions:
            action(mail)

    return act


def wait(seconds: float) -> Action:
    """Let so many seconds go by."""
    return lambda mail: mail.laboratory.pass_time(seconds)


def tap(rating: str, seconds: float) -> Step:
    """Open a number, look at it for so long, and leave."""
    return lambda device: device.tap(rating, seconds)


def send(rating: str, seconds: float, chosen: str = "") -> Step:
    """Open a number, choose another on the page where `chosen`, and send it."""

    def step(device: Device) -> None:
        page = device.open(rating)
        if seconds:
            device.stay(page, seconds)
        if chosen:
            page.locator("label", has=page.locator(f"input[name=rating][value='{chosen}']")).click()
        device.send(page)

    return step


def hover(*numbers: str) -> Step:
    """Point at numbers in the mail, which the browser prefetches."""

    def step(device: Device) -> None:
        device.point_at(*numbers)

    return step


def hide_pages(device: Device) -> None:
    """Load pages with their script, and never show them."""
    device.context.add_init_script(HIDDEN_PAGE)


def leave_at_once(device: Device) -> None:
    """Open a number, and leave."""
    device.open("9").close()


def choose_on_the_page(device: Device) -> None:
    """Choose another number on the page, and leave without sending."""
    page = device.open("4")
    device.stay(page, 2)
    page.locator("input[name=rating][value='9']").check(force=True)
    device.stay(page, 2)
    page.close()


def two_tabs(device: Device) -> None:
    """Keep the first page in the background until the second was seen."""
    first = device.open("4")
    first.evaluate(_shown("hidden"))
    device.mail.laboratory.pass_time(20)
    device.tap("9", 3)
    device.mail.laboratory.pass_time(40)
    first.evaluate(_shown("visible"))
    device.stay(first, 3)
    first.close()


def _shown(state: str) -> str:
    property_ = f"Object.defineProperty(document, 'visibilityState', {{value: '{state}', configurable: true}})"
    return f"{property_}; document.dispatchEvent(new Event('visibilitychange'))"


def two_devices(mail: ServedMail) -> None:
    """Tap 3 at the desk, and 9 on the phone an hour later."""
    with mail.device("office", DESK) as desk, mail.device("home") as phone:
        desk.tap("3", 1)
        mail.laboratory.pass_time(3600)
        phone.tap("9", 1)


_GATEWAY = browser(*(tap(rating, 2) for rating in _RATINGS[:4]), network="robot", agent=DESK)

ACTIONS: Mapping[str, tuple[Action, Answer | None]] = {
    "HEAD only": (requests(*_RATINGS, method="HEAD"), None),
    "GET all links": (requests(*_RATINGS), None),
    "browser, all links": (_GATEWAY, None),
    "detonation hours later": (in_turn(wait(3 * 3600), _GATEWAY), None),
    "prefetch on hover": (browser(hover("3", "9"), agent=DESK), None),
    "mobile preview": (browser(hide_pages, tap("6", 5), network="robot"), None),
    "antivirus, first link": (requests(HIDDEN), None),
    "one number, no script": (requests("4"), None),
    "one number, visible": (browser(tap("4", 5), network="robot", agent=DESK), Answer(4, confirmed=False)),
    "tap, leave after 1 s": (browser(tap("9", 1)), _TAPPED),
    "tap, leave after 3 s": (browser(tap("9", 3)), _TAPPED),
    "tap, leave after 10 s": (browser(tap("9", 10)), _TAPPED),
    "tap and send": (browser(send("9", 3)), _SENT),
    "tap twice": (browser(tap("9", 1), tap("9", 1)), _TAPPED),
    "change of mind in the mail": (browser(tap("3", 4), tap("9", 1)), _TAPPED),
    "change of mind on the page": (browser(send("3", 4, chosen="9")), _SENT),
    "picks another on the page, leaves": (browser(choose_on_the_page), _TAPPED),
    "two tabs": (browser(two_tabs), _TAPPED),
    "two devices": (two_devices, _TAPPED),
    "hover, then tap": (browser(hover("3", "9"), tap("9", 3), agent=DESK), _TAPPED),
    "no JavaScript, send": (browser(send("9", 0), java_script_enabled=False), _SENT),
    "no JavaScript, no sending": (browser(leave_at_once, java_script_enabled=False), None),
    "leave before it is shown": (browser(tap("9", 0.3)), None),
    "tap after a gateway's browser": (in_turn(_GATEWAY, wait(60), browser(tap("9", 3))), _TAPPED),
}
"""Each kind with the answer it leads to; a robot that opens one number as a person does is a stated residual."""
