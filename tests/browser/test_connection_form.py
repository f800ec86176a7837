"""The ConnectionForm in JupyterLab: every HTTP authentication kind, secrets, and text from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from support.browser import LabPage

pytestmark = pytest.mark.browser

CANARY = "canary-0ddba11-57"
EVIL = "<img src=x onerror=window.__x=1>"
SETUP = "import celigo_pandas as celigo\nclient = celigo.local(demo='none')"
STORED = "import json; c = list(client.connections)[-1]; print(json.dumps(c.doc))"

T, C, S = "text", "choice", "secret"
KINDS: dict[str, list[tuple[str, str, str]]] = {
    "basic": [(T, "basic.username", "u"), (S, "basic.password", CANARY)],
    "digest": [(T, "basic.username", "u"), (S, "basic.password", CANARY)],
    "wsse": [(T, "basic.username", "u"), (S, "basic.password", CANARY)],
    "token": [(S, "token.token", CANARY), (C, "token.location", "url"), (T, "token.paramName", "key")],
    "oauth": [
        (C, "oauth.grantType", "clientcredentials"),
        (T, "oauth.tokenURI", "https://login.example/token"),
        (T, "oauth.clientId", "id"),
        (S, "oauth.clientSecret", CANARY),
        (T, "oauth.scope", "read\nwrite"),
    ],
    "oauth1": [
        (C, "oauth.oauth1.signatureMethod", "hmac-sha256"),
        (T, "oauth.oauth1.consumerKey", "k"),
        (S, "oauth.oauth1.accessToken", CANARY),
        (S, "oauth.oauth1.consumerSecret", CANARY),
        (S, "oauth.oauth1.tokenSecret", CANARY),
    ],
    "cookie": [(T, "cookie.uri", "https://shop.example/login"), (C, "cookie.method", "POST")],
    "jwtbearer": [
        (C, "jwt.signatureMethod", "hmac-sha256"),
        (T, "jwt.payload", '{"iss": "me"}'),
        (S, "jwt.secret", CANARY),
    ],
    "custom": [],
}


def filled(steps: list[tuple[str, str, str]]) -> dict[str, Any]:
    """The auth block that the steps make, masked as the API answers it."""
    block: dict[str, Any] = {}
    for how, path, value in steps:
        holder = block
        *parents, last = path.split(".")
        for step in parents:
            holder = holder.setdefault(step, {})
        shown: Any = "******" if how == S else value
        if path == "oauth.scope":
            shown = value.split("\n")
        if path == "jwt.payload":
            shown = json.loads(value)
        holder[last] = shown
    return block


def test_connection_of_each_http_auth_kind_is_filled_saved_and_leaks_nothing(
    open_notebook: Callable[..., LabPage],
) -> None:
    """One page for all kinds: opening JupyterLab is most of the time."""
    lab = open_notebook(SETUP, "form = celigo.ConnectionForm(client)\nform")
    lab.form()
    for kind, steps in KINDS.items():
        lab.text_of("form.state.connection = None; form.state.stored = {}; form.state.__init__(client)"
                    "; form.state.subscribe(form.redraw); form.redraw()")  # fmt: skip
        expect(lab.field("name").locator("input")).to_have_value("")
        lab.type("name", f"Shop by {kind}")
        lab.type("http.baseURI", "https://shop.example")
        lab.choose("http.auth.type", kind)
        for how, path, value in steps:
            id = f"http.auth.{path}"
            if how == C:
                lab.choose(id, value)
            elif how == T:
                lab.type(id, value)
            else:
                lab.field(id).locator("input, textarea").first.fill(value)
                lab.field(id).locator("input, textarea").first.blur()
                expect(lab.field(id).locator(".cp-dots")).to_be_visible()
                expect(lab.field(id).locator("input, textarea").first).to_have_value("")
        lab.press("save")
        expect(lab.form().locator(".cp-notice-good")).to_contain_text("Saved")

        stored = json.loads(lab.text_of(STORED))
        assert stored["name"] == f"Shop by {kind}"
        assert stored["http"]["auth"] == {"type": kind, **filled(steps)}

    text = lab.save()
    checkpoint = lab.path.parent / ".ipynb_checkpoints" / f"{lab.path.stem}-checkpoint.ipynb"
    assert "widget-view+json" in text
    assert CANARY not in text
    assert not checkpoint.exists() or CANARY not in checkpoint.read_text(encoding="utf-8")


def test_connection_problem_shows_at_its_field_and_goes_when_mended(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, "form = celigo.ConnectionForm(client)\nform")
    lab.form()
    lab.press("save")
    field = lab.field("http.baseURI")
    expect(field.locator(".cp-problems")).to_contain_text("Expected field: baseURI")
    expect(field.locator("input")).to_have_attribute("aria-invalid", "true")
    # The label, the help and the problem are tied to the box for screen readers.
    described = str(field.locator("input").get_attribute("aria-describedby"))
    assert [lab.page.locator(f"#{id}").count() for id in described.split()] == [1, 1]
    box = lab.form().get_by_label("Base URL")
    box.fill("https://shop.example")
    box.press("Enter")
    expect(field.locator(".cp-problems")).to_be_hidden()
    # Undo by its key while the box has the focus: the box follows once it is left.
    box.press("Control+z")
    expect(lab.form().locator("button[data-action=undo]")).to_be_disabled()
    box.blur()
    expect(box).to_have_value("")
    lab.press("redo")
    expect(box).to_have_value("https://shop.example")


def test_connection_works_by_keyboard_alone(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, "form = celigo.ConnectionForm(client, type='van')\nform")
    name = lab.form().get_by_label("Name")
    name.focus()
    lab.page.keyboard.type("Mailbox")
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.type("me")
    lab.page.keyboard.press("Tab")
    lab.page.keyboard.press("Control+s")
    expect(lab.form().locator(".cp-notice-good")).to_contain_text("Saved 'Mailbox'")
    assert json.loads(lab.text_of(STORED))["van"] == {"as2Id": "me"}


def test_connection_secret_that_is_typed_and_not_taken_is_in_no_saved_file(
    open_notebook: Callable[..., LabPage],
) -> None:
    """Widget state is saved here (``saveState``), while the secret stands in its box and after it was refused."""
    other = (
        "doc = {'name': 'n', 'type': 'http', 'http': {'mediaType': 'json', 'auth': {'basic': {}}}}\n"
        "other = celigo.ConnectionForm(client, document=doc)\nother"
    )
    lab = open_notebook(SETUP, "form = celigo.ConnectionForm(client)\nform", other, "[repr(form), repr(other)]")
    lab.form()
    lab.choose("http.auth.type", "token")
    lab.field("http.auth.token.token").locator("input").first.fill(CANARY)
    lab.type("name", "Marker of this test")
    lab.field("http.auth.token.token").get_by_role("button", name="Replace Token").click()
    lab.field("http.auth.token.token").locator("input").first.fill(CANARY + "-more")
    lab.save()
    # Where no secret belongs: as a member without a field, and inside the JSON of one that has none.
    lab.form().locator("summary", has_text="Everything else").click()
    lab.type("extra:path", "http.auth.basic.password")
    value = lab.field("extra:value").locator("input")
    value.fill(CANARY + "-extra")
    lab.press("add_member")
    expect(lab.form().locator(".cp-notice-error")).to_contain_text("http.auth.basic.password is a secret")
    expect(value).to_have_value("")
    lab.save()
    value.fill(CANARY + "-left-there")
    value.blur()
    lab.type("name", "Marker of this test, at last")
    expect(value).to_have_value(CANARY + "-left-there")
    lab.form(1).locator("summary", has_text="Everything else").click()
    row = lab.form(1).locator('[data-field="http.auth.basic"] textarea')
    row.fill(json.dumps({"password": CANARY + "-json"}))
    row.blur()
    expect(lab.form(1).locator(".cp-notice-error")).to_contain_text("http.auth.basic.password is a secret")
    expect(row).to_have_value(json.dumps({"password": CANARY + "-json"}))
    deadline = time.monotonic() + 30
    while "Marker of this test, at last" not in lab.path.read_text(encoding="utf-8") and time.monotonic() < deadline:
        lab.save()
        time.sleep(0.2)

    text = lab.path.read_text(encoding="utf-8")
    assert "Marker of this test, at last" in text, "no widget state was saved, so the test proves nothing"
    for left in lab.path.parent.rglob("*"):
        if left.is_file():
            assert CANARY not in left.read_text(encoding="utf-8", errors="replace"), left
    assert isinstance(lab.path, Path)


def test_connection_text_from_outside_is_never_html(open_notebook: Callable[..., LabPage]) -> None:
    code = f"""
evil = {EVIL!r}
doc = {{"name": evil, "type": "http", "externalId": evil, evil: evil, "settings": {{evil: evil}},
       "http": {{"baseURI": "https://a.example/" + evil, "mediaType": "json", "auth": {{"type": "custom"}},
                "headers": [{{"name": evil, "value": evil}}]}}}}
form = celigo.ConnectionForm(client, document=doc)
form.state.say("error", evil, evil)
form
"""
    lab = open_notebook(SETUP, code, "celigo.Explorer(client)")
    lab.form()
    lab.press("save")
    lab.press("ping")
    expect(lab.form().locator(".cp-notice").first).to_be_visible()
    lab.page.wait_for_timeout(500)

    assert lab.page.evaluate("window.__x") is None
    assert lab.page.locator(".cp-form img").count() == 0
    expect(lab.field("name").locator("input")).to_have_value(EVIL)
