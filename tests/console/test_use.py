"""The console in hands: by keyboard alone, without JavaScript, and with the comforts of the script."""

import pytest
from playwright.sync_api import expect

from afterbill_console.roles import Role

OVERVIEW = "/app/overview?window=30d"
WINDOW = "[name=window]"
REGION = """() => {
  const on = document.activeElement;
  const names = {
    '.skip': 'skip', '.top': 'top', nav: 'menu', '.account': 'account', '.filters': 'filters', main: 'page',
  };
  return Object.entries(names).find(([part]) => on.closest(part))?.[1] ?? on.tagName;
}"""
SEEN = """() => {
  const on = document.activeElement, style = getComputedStyle(on), box = on.getBoundingClientRect();
  const outlined = style.outlineStyle != 'none' && parseFloat(style.outlineWidth) >= 2;
  return outlined && box.top >= 0 && box.bottom <= innerHeight;
}"""
EXPANDED = "document.querySelector('#menu').matches(':popover-open')"


def tab(page, times=1):
    for _ in range(times):
        page.keyboard.press("Tab")


class TestKeyboard:
    def test_the_order_is_skip_link_menu_account_filters_page_and_the_focus_is_always_seen(self, fresh):
        screen = fresh()
        screen.open(OVERVIEW)
        regions, unseen = [], []
        for _ in range(60):
            tab(screen.page)
            if (region := screen.page.evaluate(REGION)) == "BODY":
                break
            regions.append(region)
            if not screen.page.evaluate(SEEN):
                unseen.append(screen.page.evaluate("document.activeElement.outerHTML"))

        order = list(dict.fromkeys(regions))
        assert order[:5] == ["skip", "top", "menu", "account", "filters"]
        assert unseen == []

    def test_the_skip_link_leads_past_the_menu(self, fresh):
        screen = fresh()
        screen.open(OVERVIEW)
        tab(screen.page)
        expect(screen.page.locator(".skip")).to_be_in_viewport()
        screen.page.keyboard.press("Enter")
        tab(screen.page)

        assert screen.page.evaluate(REGION) == "filters"

    @pytest.mark.parametrize("script", [True, False])
    def test_on_a_phone_a_button_opens_the_menu_and_escape_closes_it(self, fresh, script):
        screen = fresh("phone", java_script_enabled=script)
        screen.open(OVERVIEW)
        page = screen.page
        expect(page.locator("nav")).to_be_hidden()
        tab(page, 3)
        page.keyboard.press("Enter")
        expect(page.locator("nav")).to_be_visible()
        assert page.evaluate(EXPANDED)
        tab(page)
        assert page.evaluate(REGION) == "menu"
        page.keyboard.press("Escape")

        expect(page.locator("nav")).to_be_hidden()

    def test_on_a_desk_the_menu_is_there(self, fresh):
        screen = fresh()
        screen.open(OVERVIEW)

        expect(screen.page.locator("nav")).to_be_visible()
        expect(screen.page.locator(".menu-button")).to_be_hidden()
        expect(screen.page.locator("nav [aria-current=page]")).to_have_text("Overview")


@pytest.mark.parametrize("script", [True, False])
class TestFilters:
    def test_what_is_chosen_stands_in_the_address_afterwards(self, fresh, script):
        screen = fresh(java_script_enabled=script)
        screen.open(OVERVIEW)
        page = screen.page
        page.locator(WINDOW).select_option("90d")
        page.locator("[name=question]").select_option("csat")
        page.get_by_role("button", name="Show").click()

        expect(page).to_have_url(f"{screen.world.origin}/app/overview?window=90d&question=csat")
        expect(page.locator(WINDOW)).to_have_value("90d")

    def test_other_days_ask_for_a_first_and_a_last_one(self, fresh, script):
        screen = fresh(java_script_enabled=script)
        screen.open(OVERVIEW)
        page = screen.page
        expect(page.locator(".filters").get_by_label("From")).to_have_count(2)
        expect(page.locator(".custom-window")).to_be_hidden()
        page.locator(WINDOW).select_option("custom")
        page.locator("[name=from]").fill("2026-11-01")
        page.locator("[name=to]").fill("2026-11-20")
        page.get_by_role("button", name="Show").click()

        expect(page).to_have_url(f"{screen.world.origin}/app/overview?window=2026-11-01..2026-11-20")

    def test_a_scope_is_added_and_removed(self, fresh, script):
        screen = fresh(java_script_enabled=script)
        screen.open("/app/overview?window=90d")
        page = screen.page
        page.get_by_text("Add a filter").click()
        page.locator("[name=add_dimension]").select_option("plan")
        page.locator("[name=add_value]").fill("Team")
        page.get_by_role("button", name="Show").click()
        expect(page).to_have_url(f"{screen.world.origin}/app/overview?window=90d&where=plan%3ATeam")
        page.get_by_role("link", name="Remove the filter Plan").click()

        expect(page).to_have_url(f"{screen.world.origin}/app/overview?window=90d")


class TestComforts:
    def test_whoever_points_need_not_press_the_button(self, fresh):
        screen = fresh()
        screen.open(OVERVIEW)
        page = screen.page
        page.locator(WINDOW).click()
        page.locator(WINDOW).select_option("90d")

        expect(page).to_have_url(f"{screen.world.origin}/app/overview?window=90d")

    def test_with_a_keyboard_a_choice_waits_for_the_button(self, fresh):
        screen = fresh()
        screen.open(OVERVIEW)
        screen.page.locator(WINDOW).focus()
        screen.page.keyboard.press("ArrowDown")
        screen.page.wait_for_timeout(100)

        assert screen.page.url.endswith(OVERVIEW)

    def test_a_report_that_is_being_computed_comes_without_a_reload(self, fresh):
        screen = fresh()
        screen.open("/app/overview?window=44d", Role.VIEWER)
        page = screen.page
        assert page.locator("[data-computing]").count(), "it was there at once"
        page.evaluate("window.same = true")
        expect(page.locator("[data-computing]")).to_have_count(0)
        expect(page.locator("h1")).to_have_count(1)

        assert page.evaluate("window.same")

    def test_a_report_that_is_being_computed_comes_without_javascript_too(self, fresh):
        screen = fresh(java_script_enabled=False)
        screen.open("/app/overview?window=43d", Role.VIEWER)
        expect(screen.page.locator("[data-computing]")).to_have_count(1)

        expect(screen.page.locator("[data-computing]")).to_have_count(0, timeout=15_000)

    def test_what_was_opened_stays_open(self, fresh):
        screen = fresh()
        screen.open(OVERVIEW)
        page = screen.page
        page.get_by_text("Add a filter").click()
        expect(page.locator("details.narrow")).to_have_attribute("open", "")
        page.reload()
        expect(page.locator("details.narrow")).to_have_attribute("open", "")
        page.get_by_text("Add a filter").click()
        expect(page.locator("details.narrow")).not_to_have_attribute("open", "")
        page.reload()

        expect(page.locator("details.narrow")).not_to_have_attribute("open", "")


def test_print_is_light_and_shows_no_controls(fresh):
    screen = fresh(scheme="dark")
    screen.open(OVERVIEW)
    page = screen.page
    page.emulate_media(media="print")

    expect(page.locator("nav")).to_be_hidden()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.locator(WINDOW)).to_be_hidden()
    expect(page.locator(".looked")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
