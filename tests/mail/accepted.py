"""What mail programs do not understand of our mails, and why each reads well and works all the same."""

from dataclasses import dataclass
from fnmatch import fnmatch

CLIENTS = (
    "gmail.desktop-webmail",
    "gmail.ios",
    "gmail.android",
    "gmail.mobile-webmail",
    "outlook.windows",
    "outlook.windows-mail",
    "outlook.macos",
    "outlook.outlook-com",
    "outlook.ios",
    "outlook.android",
    "apple-mail.macos",
    "apple-mail.ios",
    "gmx.desktop-webmail",
    "gmx.ios",
    "gmx.android",
    "web-de.desktop-webmail",
    "web-de.ios",
    "web-de.android",
)
"""Those of the data of doiuse-email (caniemail.com) that most of our readers use."""

WORD = "outlook.windows outlook.windows-mail"
"""Outlook on Windows up to 2019 and Windows Mail, which show mails with the engine of Word."""
GMAIL_APPS = "gmail.ios gmail.android"
"""They show accounts of other providers too, and those without any style sheet."""
GERMAN_WEB = "gmx.desktop-webmail web-de.desktop-webmail"
GERMAN_WEB_ANDROID = f"{GERMAN_WEB} gmx.android web-de.android"


@dataclass(frozen=True)
class Accepted:
    """Clients (patterns) that ignore a feature (`no`) or have it with limits (`partly`), and why that does no harm."""

    because: str
    no: str = ""
    partly: str = ""


ACCEPTED = {
    "!important keyword": Accepted(
        "Only rules for phones and for the dark need it. The web pages of GMX and WEB.DE leave these out and show the "
        "mail light and wide, as it is written. Gmail and Word want it in lower case, after a blank, and in a style "
        "sheet: so it is.",
        no=GERMAN_WEB,
        partly=f"gmail.* {WORD}",
    ),
    ":hover": Accepted(
        "Underlines a number under the mouse, an ornament; where a pointer is, it changes its shape over every link.",
        no=f"gmail.ios gmail.mobile-webmail outlook.ios {WORD} {GERMAN_WEB}",
        partly="gmail.android outlook.outlook-com",
    ),
    "<bdi> element": Accepted(
        "Its content stays. Day, amount and plan also stand between Unicode isolates where their direction may differ.",
        no=f"gmail.* outlook.ios outlook.android outlook.outlook-com {WORD} {GERMAN_WEB_ANDROID}",
    ),
    "<body> element": Accepted(
        "Becomes a <div> or goes; the table inside has the same background.",
        no="outlook.ios outlook.android",
        partly="gmail.* outlook.outlook-com",
    ),
    "@media": Accepted(
        "Without it the numbers keep 46 pixels and break into rows by themselves (Word: stay in one row of a wide "
        "window), and colours are those of the light. Nothing is nested, and no height is asked for.",
        no=f"gmail.mobile-webmail {WORD}",
        partly=f"{GMAIL_APPS} gmail.desktop-webmail outlook.ios outlook.android outlook.outlook-com",
    ),
    "Class selector": Accepted(
        "The style sheet holds only what is for phones and for the dark; all else stands in the elements.",
        no="gmail.mobile-webmail",
        partly=GMAIL_APPS,
    ),
    "Descendant combinator": Accepted(
        "As for class selectors.", no="gmail.mobile-webmail", partly=f"{GMAIL_APPS} {GERMAN_WEB}"
    ),
    "Type selector": Accepted("As for class selectors.", no=f"gmail.mobile-webmail {GERMAN_WEB}", partly=GMAIL_APPS),
    "aria-hidden attribute": Accepted(
        "On the link that no person sees; the block around it is not displayed, so no screen reader comes to it.",
        no=f"outlook.windows-mail {GERMAN_WEB_ANDROID}",
    ),
    "aria-label attribute": Accepted(
        "A screen reader then says the number alone; the question and both ends of the scale are text beside it.",
        no=f"outlook.windows-mail {GERMAN_WEB_ANDROID}",
    ),
    "background-color": Accepted(
        "GMX and WEB.DE know colours by name only and show their own white, on which every text of ours is dark.",
        partly=GERMAN_WEB,
    ),
    "border": Accepted("Not wider than 8 pixels and not on <p> or <div>: ours has 1 and is on cells.", partly=WORD),
    "border-radius": Accepted("Corners are square.", no=f"{WORD} {GERMAN_WEB}"),
    "box-sizing": Accepted(
        "A number is 2 pixels wider; there is room for that in one row, and else it breaks.",
        no=f"gmail.mobile-webmail {WORD}",
    ),
    "dir attribute": Accepted(
        "Alignment is also written as left or right, and every shipped language runs from the left. Not on links.",
        no=GERMAN_WEB,
        partly=f"gmail.mobile-webmail {WORD}",
    ),
    "display": Accepted(
        "Only block, inline-block and none are used. In Word the cells of the numbers stay cells, in one row.",
        partly=f"{GMAIL_APPS} {WORD} {GERMAN_WEB}",
    ),
    "display:none": Accepted(
        "Hides the preheader and the link in it that nobody sees. There is no table in it and no picture, and it has "
        "max-height, overflow and mso-hide as well.",
        no="gmail.mobile-webmail",
        partly=WORD,
    ),
    "font-weight": Accepted("Only normal or bold: we use 700, which is bold.", partly=WORD),
    "height attribute": Accepted(
        "Of the logo; on screens set to 120 dpi it stays smaller than the text around it.", partly="outlook.windows"
    ),
    "lang attribute": Accepted(
        "A screen reader then guesses the language, as with every mail there.", no=GERMAN_WEB_ANDROID
    ),
    "line-height": Accepted("Lines stand a little closer or wider.", partly=WORD),
    "margin": Accepted(
        "No margin is negative or auto. Word leaves out that around the numbers, whose cells then touch.",
        partly=f"gmail.* outlook.ios outlook.android outlook.outlook-com {WORD}",
    ),
    "max-width": Accepted(
        "Word takes it on tables only, where it stands; Apple Mail on all but tables: there the card is as wide as the "
        "window, which on an iPhone it should be.",
        partly=f"{WORD} apple-mail.ios",
    ),
    "overflow": Accepted(
        "Only hides the preheader and the link in it, together with display:none, which these understand.",
        no=f"outlook.android {WORD}",
        partly="apple-mail.macos",
    ),
    "overflow-wrap": Accepted(
        "Long words without a blank, as a name may be; there is word-break for these.",
        no=f"{GMAIL_APPS} gmail.desktop-webmail outlook.ios outlook.android outlook.outlook-com {WORD} apple-mail.*",
        partly="gmail.mobile-webmail",
    ),
    "padding": Accepted(
        "On cells only. Around the numbers it is on their links, which are larger to hit, and mso-padding-alt says it "
        "to Word again; links in the footer stand closer.",
        partly=WORD,
    ),
    "role attribute": Accepted(
        "A screen reader may name the tables of the layout; what it reads stays in order.",
        no=f"outlook.windows-mail {GERMAN_WEB_ANDROID}",
    ),
    "table-layout": Accepted(
        "The cells of the numbers have equal widths of their own.", no=WORD, partly="gmail.mobile-webmail"
    ),
    "text-align": Accepted("Not start and end: we write left and right.", partly=f"{GMAIL_APPS} {WORD}"),
    "text-decoration": Accepted(
        "One value at a time is understood: none and underline are all we use. Where it goes, numbers are underlined.",
        partly=f"{GMAIL_APPS} {WORD} gmx.desktop-webmail web-de.desktop-webmail gmx.ios web-de.ios",
    ),
    "white-space": Accepted(
        "Keeps the two digits of 10 together, for which there is room.",
        no=WORD,
        partly=f"{GMAIL_APPS} gmx.android web-de.android",
    ),
    "width attribute": Accepted(
        "Those of tables are 100 %; a percentage of a picture is what goes wrong.", partly="outlook.windows"
    ),
    "word-break": Accepted(
        "Long words without a blank: broken anywhere, or by overflow-wrap where this is not understood.",
        no=f"outlook.windows-mail {GERMAN_WEB_ANDROID}",
        partly=f"{GMAIL_APPS} gmail.mobile-webmail outlook.ios outlook.android outlook.outlook-com apple-mail.*",
    ),
}
"""By feature, as caniemail.com calls it; its page says what exactly each program does."""


def warnings() -> set[str]:
    """The same in the words of doiuse-email."""
    return {
        f"`{feature}` {verdict} by `{client}`"
        for feature, accepted in ACCEPTED.items()
        for patterns, verdict in (
            (accepted.no, "is not supported"),
            (accepted.partly, "is only partially supported"),
        )
        for client in CLIENTS
        if any(fnmatch(client, pattern) for pattern in patterns.split())
    }
