"""The actions of each kind of client with one mail, in a real browser where it uses one."""

from collections.abc import Callable, Mapping

from playwright.sync_api import Page

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


def choose_every_number(device: Device) -> None:
    """Choose one number after the other on the page, and leave without sending."""
    page = device.open("4")
    device.stay(page, 1)
    for number in range(11):
        page.locator(f"input[name=rating][value='{number}']").check(force=True)
        device.stay(page, 1)
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


def two_numbers(device: Device) -> Page:
    """Tap 3, then 9 in another tab; return the page of 3, which stays open."""
    first = device.open("3")
    device.stay(first, 2)
    device.mail.laboratory.pass_time(20)
    device.tap("9", 3)
    device.mail.laboratory.pass_time(40)
    return first


def reload(device: Device) -> None:
    """Load the older page anew."""
    first = two_numbers(device)
    first.reload()
    device.stay(first, 3)


def go_back(device: Device) -> None:
    """Open both numbers in one tab, and go back to the older one."""
    page = device.open("3")
    device.stay(page, 2)
    device.mail.laboratory.pass_time(20)
    page.goto(device.address("9"))
    device.stay(page, 3)
    device.mail.laboratory.pass_time(40)
    page.go_back()
    device.stay(page, 3)


def restore_tab(device: Device) -> None:
    """Close the older page, and restore it as a browser does: by its address and the state of its history."""
    device.stay(restored(device, two_numbers(device)), 3)


def restore_unseen_tab(device: Device) -> None:
    """Open a number in the background; the browser discards its page, and restores it after a newer number was seen."""
    hidden = device.open("3", HIDDEN_PAGE)
    device.stay(hidden, 2)
    device.mail.laboratory.pass_time(20)
    device.tap("9", 3)
    device.mail.laboratory.pass_time(40)
    device.stay(restored(device, hidden), 3)


def restored(device: Device, page: Page) -> Page:
    """Return a new page as a browser restores this one, which is closed; it says that it was discarded."""
    address, state = page.url, page.evaluate("JSON.stringify(history.state)")
    page.close()
    again = device.context.new_page()
    again.add_init_script(
        "Object.defineProperty(document, 'wasDiscarded', {value: true});"
        f"if (location.href !== 'about:blank') history.replaceState({state}, '')"
    )
    again.goto(address)
    return again


def reload_at_once(device: Device) -> None:
    """Load a page anew before it was shown long enough."""
    page = device.open("9")
    device.stay(page, 0.2)
    page.reload()
    device.stay(page, 3)


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
    "one link, every number chosen": (browser(choose_every_number, network="robot", agent=DESK), None),
    "tap, leave after 1 s": (browser(tap("9", 1)), _TAPPED),
    "tap, leave after 3 s": (browser(tap("9", 3)), _TAPPED),
    "tap, leave after 10 s": (browser(tap("9", 10)), _TAPPED),
    "tap and send": (browser(send("9", 3)), _SENT),
    "tap twice": (browser(tap("9", 1), tap("9", 1)), _TAPPED),
    "change of mind in the mail": (browser(tap("3", 4), tap("9", 1)), _TAPPED),
    "change of mind on the page": (browser(send("3", 4, chosen="9")), _SENT),
    "picks another on the page, leaves": (browser(choose_on_the_page), _TAPPED),
    "two tabs": (browser(two_tabs), _TAPPED),
    "older page reloaded": (browser(reload), _TAPPED),
    "back to an older page": (browser(go_back), _TAPPED),
    "older tab restored": (browser(restore_tab), _TAPPED),
    "older tab restored, unseen before": (browser(restore_unseen_tab), _TAPPED),
    "reload before it is shown": (browser(reload_at_once), _TAPPED),
    "two devices": (two_devices, _TAPPED),
    "hover, then tap": (browser(hover("3", "9"), tap("9", 3), agent=DESK), _TAPPED),
    "no JavaScript, send": (browser(send("9", 0), java_script_enabled=False), _SENT),
    "no JavaScript, no sending": (browser(leave_at_once, java_script_enabled=False), None),
    "leave before it is shown": (browser(tap("9", 0.3)), None),
    "tap after a gateway's browser": (in_turn(_GATEWAY, wait(60), browser(tap("9", 3))), _TAPPED),
}
"""Each kind with the answer it leads to; a robot that opens one number as a person does is a stated residual."""
