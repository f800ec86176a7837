"""Keys, focus and several forms of one page, in JupyterLab."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.browser import LabPage

pytestmark = pytest.mark.browser

SETUP = "import celigo_pandas as celigo\nimport pandas as pd\nclient = celigo.local(demo='none')"
STORED = "import json; c = list(client.connections)[-1]; print(json.dumps(c.doc))"
RULES = """
doc = {"mappings": [{"generate": name, "dataType": "string", "extract": "$." + name, "status": "Active"}
                    for name in ("a", "b", "c")]}
editor = celigo.MappingEditor(pd.DataFrame({"a": ["1"], "b": ["2"], "c": ["3"]}), doc)
editor
"""
FOCUSED = "document.activeElement.dataset.action ?? document.activeElement.tagName"


def test_forms_two_of_one_page_share_no_id_and_no_label(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(
        SETUP, "one = celigo.ConnectionForm(client)\none", "two = celigo.ConnectionForm(client)\ntwo", RULES, "one"
    )
    for place in range(4):
        lab.form(place)
    ids = lab.page.evaluate("[...document.querySelectorAll('.celigo-form-root [id]')].map((node) => node.id)")
    assert len(ids) == len(set(ids)) > 40

    lab.form(1).locator('[data-field="name"] label').click()
    lab.page.keyboard.type("the second")
    lab.page.keyboard.press("Tab")
    expect(lab.field("name", 1).locator("input")).to_have_value("the second")
    expect(lab.field("name", 0).locator("input")).to_have_value("")
    assert lab.text_of("print([one.doc['name'], two.doc['name']])") == "['', 'the second']"
    offered = lab.page.evaluate(
        """[...document.querySelectorAll('.cp-form')[2].querySelectorAll('input[list]')]
            .some((input) => [...(input.list?.options ?? [])].some((option) => option.value === '$.b'))"""
    )
    assert offered


def test_form_key_of_save_takes_what_is_typed_first(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, "form = celigo.ConnectionForm(client, type='van')\nform")
    lab.type("name", "Mailbox")
    box = lab.field("van.as2Id").locator("input")
    box.focus()
    lab.page.keyboard.type("me")
    lab.page.keyboard.press("Control+s")
    expect(lab.form().locator(".cp-notice-good")).to_contain_text("Saved 'Mailbox'")
    assert json.loads(lab.text_of(STORED))["van"] == {"as2Id": "me"}
    # Undo while the committed box has the focus shows in the box at once, and typing goes on from there.
    lab.type("name", "Other")
    name = lab.field("name").locator("input")
    name.focus()
    name.press("Control+z")
    expect(name).to_be_focused()
    expect(name).to_have_value("Mailbox")
    name.press("End")
    name.press("s")
    name.press("Control+z")  # half-typed text: the box's own undo
    expect(lab.form().locator("button[data-action=redo]")).to_be_enabled()
    assert lab.text_of("print(form.doc['name'])") == "Mailbox"


def test_form_click_on_a_button_that_is_not_yet_free_counts(open_notebook: Callable[..., LabPage]) -> None:
    """A running cell holds the kernel: what was typed is not answered, so Save still looks disabled."""
    lab = open_notebook(
        SETUP + "\nimport pathlib, time\nlet = pathlib.Path('let-go')\nlet.unlink(missing_ok=True)",
        "saved = client.connections.create({'name': 'n', 'type': 'van', 'van': {'as2Id': 'x'}})\n"
        "form = celigo.ConnectionForm(saved)\nform",
        "0",
    )
    save = lab.form().locator("button[data-action=save]")
    expect(save).to_be_disabled()
    lab.start_cell(2, "print('holding')\nwhile not let.exists(): time.sleep(0.01)")
    expect(lab.page.locator(".jp-OutputArea-output", has_text="holding")).to_be_visible()
    lab.field("name").locator("input").fill("renamed")
    save.dispatch_event("click")
    expect(save).to_be_disabled()
    (lab.path.parent / "let-go").touch()

    expect(lab.form().locator(".cp-notice-good")).to_contain_text("Saved 'renamed'")
    assert json.loads(lab.text_of(STORED))["name"] == "renamed"


def test_editor_buttons_keep_the_focus_when_they_move_or_go(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, RULES)
    lab.form().locator("button[data-action=pick]").first.click()
    down = lab.form().locator("button[data-action=move_down]")
    down.focus()
    down.press("Enter")
    expect(down).to_have_attribute("data-argument", "mappings[1]")
    assert lab.page.evaluate(FOCUSED) == "move_down"
    lab.page.keyboard.press("Enter")
    expect(down).to_have_attribute("data-argument", "mappings[2]")
    remove = lab.form().locator("button[data-action=remove]")
    remove.focus()
    remove.press("Enter")
    expect(remove).to_have_count(0)
    assert lab.page.evaluate(FOCUSED) != "BODY"
    assert lab.page.evaluate("document.querySelector('.cp-form').contains(document.activeElement)")


def test_tables_are_walked_and_picked_by_keys(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, RULES)
    table = lab.form().locator(".cp-table-holder").first
    table.focus()
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("Enter")

    expect(lab.form().locator("caption", has_text="b of row 0")).to_be_visible()
    assert lab.page.evaluate("document.activeElement.tagName") == "TD"


def test_form_says_that_its_kernel_was_restarted(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, "form = celigo.ConnectionForm(client)\nform")
    lab.form()
    lab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")

    expect(lab.page.get_by_text("The kernel was restarted or is gone")).to_be_visible()
    assert lab.page.locator(".cp-form").first.evaluate("form => form.inert")
