"""The actions of each kind of client with one mail, in a real browser where it uses one."""

from collections.abc import Callable, Mapping

from afterbill.model.invitation import Answer
from afterbill.model.visits import HIDDEN
from afterbill_dev.lab.browser_clients import HIDDEN_PAGE, ServedMail
from afterbill_dev.lab.robots import LINKS
from afterbill_dev.lab.traffic import DESK
from afterbill_dev.lab.traffic import HIDDEN as HIDDEN_LINK

_RATINGS = tuple({HIDDEN_LINK: HIDDEN}.get(one, one) for one in LINKS)
_TAPPED, _SENT = Answer(9, confirmed=False), Answer(9)


def heads(mail: ServedMail) -> None:
    """Send HEAD for every link."""
    for rating in _RATINGS:
        mail.fetch(rating, "HEAD")


def fetches(mail: ServedMail) -> None:
    """Fetch every link."""
    for rating in _RATINGS:
        mail.fetch(rating)


def browser_of_all(mail: ServedMail) -> None:
    """The first four links in a browser, each visible for two seconds."""
    with mail.device("robot", DESK) as device:
        for rating in _RATINGS[:4]:
            device.tap(rating, 2)


def detonation(mail: ServedMail) -> None:
    """Open the first four links three hours later."""
    mail.laboratory.pass_time(3 * 3600)
    browser_of_all(mail)


def hover(mail: ServedMail) -> None:
    """A browser fetches ahead what the mouse points at."""
    with mail.device("home", DESK) as device:
        device.point_at("3", "9")


def preview(mail: ServedMail) -> None:
    """A page that is loaded with its script, and never visible."""
    with mail.device("robot") as device:
        device.context.add_init_script(HIDDEN_PAGE)
        device.tap("6", 5)


def first_link(mail: ServedMail) -> None:
    """A virus scanner opens the first link."""
    mail.fetch(HIDDEN)


def random_fetch(mail: ServedMail) -> None:
    """Fetch one number."""
    mail.fetch("4")


def random_browser(mail: ServedMail) -> None:
    """One number in a visible browser."""
    with mail.device("robot", DESK) as device:
        device.tap("4", 5)


def leaves(seconds: float) -> Callable[[ServedMail], None]:
    """Return a person's action: tap 9 and leave after so many seconds."""

    def act(mail: ServedMail) -> None:
        with mail.device() as device:
            device.tap("9", seconds)

    return act


def confirms(mail: ServedMail) -> None:
    """A person taps 9 and sends it."""
    with mail.device() as device:
        page = device.open("9")
        device.stay(page, 3)
        device.send(page)


def taps_twice(mail: ServedMail) -> None:
    """A person taps 9 twice."""
    with mail.device() as device:
        device.tap("9", 1)
        device.tap("9", 1)


def thinks_again(mail: ServedMail) -> None:
    """A person taps 3, and four seconds later 9."""
    with mail.device() as device:
        device.tap("3", 4)
        device.tap("9", 1)


def thinks_again_on_the_page(mail: ServedMail) -> None:
    """A person taps 3, chooses 9 on the page and sends it."""
    with mail.device() as device:
        page = device.open("3")
        device.stay(page, 4)
        page.locator("label", has=page.locator("input[name=rating][value='9']")).click()
        device.send(page)


def chooses_on_the_page(mail: ServedMail) -> None:
    """A person chooses another number on the page, and leaves without sending."""
    with mail.device() as device:
        page = device.open("4")
        device.stay(page, 2)
        page.locator("input[name=rating][value='9']").check(force=True)
        device.stay(page, 2)
        page.close()


def two_tabs(mail: ServedMail) -> None:
    """A person's first page stays in the background until the second was seen."""
    with mail.device() as device:
        first = device.open("4")
        first.evaluate(_shown("hidden"))
        mail.laboratory.pass_time(20)
        device.tap("9", 3)
        mail.laboratory.pass_time(40)
        first.evaluate(_shown("visible"))
        device.stay(first, 3)
        first.close()


def _shown(state: str) -> str:
    property_ = f"Object.defineProperty(document, 'visibilityState', {{value: '{state}', configurable: true}})"
    return f"{property_}; document.dispatchEvent(new Event('visibilitychange'))"


def two_devices(mail: ServedMail) -> None:
    """A person taps 3 at the desk, and 9 on the phone."""
    with mail.device("office", DESK) as desk, mail.device("home") as phone:
        desk.tap("3", 1)
        mail.laboratory.pass_time(3600)
        phone.tap("9", 1)


def hovers_and_taps(mail: ServedMail) -> None:
    """A person's browser prefetched the number that is tapped."""
    with mail.device("home", DESK) as device:
        device.point_at("3", "9")
        device.tap("9", 3)


def without_script(mail: ServedMail) -> None:
    """A person sends without JavaScript."""
    with mail.device(java_script_enabled=False) as device:
        page = device.open("9")
        device.send(page)


def without_script_nor_sending(mail: ServedMail) -> None:
    """A person taps without JavaScript, and leaves."""
    with mail.device(java_script_enabled=False) as device:
        device.open("9").close()


def before_it_is_shown(mail: ServedMail) -> None:
    """A person leaves before the page counts as visible."""
    with mail.device() as device:
        device.tap("9", 0.3)


def after_a_gateway(mail: ServedMail) -> None:
    """A person taps a minute after a gateway's browser."""
    browser_of_all(mail)
    mail.laboratory.pass_time(60)
    leaves(3)(mail)


ACTIONS: Mapping[str, tuple[Callable[[ServedMail], None], Answer | None]] = {
    "HEAD only": (heads, None),
    "GET all links": (fetches, None),
    "browser, all links": (browser_of_all, None),
    "detonation hours later": (detonation, None),
    "prefetch on hover": (hover, None),
    "mobile preview": (preview, None),
    "antivirus, first link": (first_link, None),
    "one number, no script": (random_fetch, None),
    "one number, visible": (random_browser, Answer(4, confirmed=False)),
    "tap, leave after 1 s": (leaves(1), _TAPPED),
    "tap, leave after 3 s": (leaves(3), _TAPPED),
    "tap, leave after 10 s": (leaves(10), _TAPPED),
    "tap and send": (confirms, _SENT),
    "tap twice": (taps_twice, _TAPPED),
    "change of mind in the mail": (thinks_again, _TAPPED),
    "change of mind on the page": (thinks_again_on_the_page, _SENT),
    "picks another on the page, leaves": (chooses_on_the_page, _TAPPED),
    "two tabs": (two_tabs, _TAPPED),
    "two devices": (two_devices, _TAPPED),
    "hover, then tap": (hovers_and_taps, _TAPPED),
    "no JavaScript, send": (without_script, _SENT),
    "no JavaScript, no sending": (without_script_nor_sending, None),
    "leave before it is shown": (before_it_is_shown, None),
    "tap after a gateway's browser": (after_a_gateway, _TAPPED),
}
"""Each kind with what it comes to; a robot that opens one number as a person does is the stated residual."""
