"""The MappingEditor and the ExportForm in JupyterLab."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.browser import LabPage

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=window.__x=1>"
SETUP = """
import pandas as pd
import celigo_pandas as celigo
client = celigo.local(demo="shop")
desk, shop = client.connections["Delay desk"], client.connections["Small shop"]
df = pd.DataFrame({"id": range(6), "who": ["Ann", "Bob", "Cy", "Di", "Ed", "Flo"], "late": [1, 2, "x", 4, 5, "y"]})
def entry(generate, extract, kind="string"):
    return {"generate": generate, "dataType": kind, "extract": extract, "status": "Active"}
doc = {"http": {"method": ["POST"], "relativeURI": ["/notices"]},
       "mappings": [entry("flight", "$.id"), entry("minutes", "$.late", "number"), entry("tail", "$.who")]}
"""
SLOW = """
QUERY = '''with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000)
select i, (select count(*) from (
    with recursive m(j) as (select i union all select j + 1 from m where j < i + 2000) select j from m)) as c from n'''
form = celigo.ExportForm(shop, {"rdbms": {"query": QUERY}})
form.set("page_size", "100")
form
"""


def output(lab: LabPage) -> list[list[str]]:
    table = lab.form().locator('[aria-label^="Click a cell"] tbody')
    return [[cell.strip() for cell in row.locator("td").all_text_contents()] for row in table.locator("tr").all()]


def test_mapping_is_edited_until_the_preview_shows_the_wanted_rows_then_pushed_retried_and_undone(
    open_notebook: Callable[..., LabPage],
) -> None:
    lab = open_notebook(SETUP, "editor = celigo.MappingEditor(df, doc, desk)\neditor")
    form = lab.form()
    expect(form).to_contain_text("4 mapped, 2 failed")

    lab.press("next_failing")
    expect(form.locator("tr.cp-line-selected td").first).to_have_text("2")
    lab.type("mappings[0]|generate", "name")
    expect(form.locator("td.cp-cell-changed").first).to_be_visible()
    lab.press("undo")
    expect(lab.field("mappings[0]|generate").locator("input")).to_have_value("flight")
    lab.type("mappings[0]|source", "{{uppercase record.who}}")
    expect(form.locator("td", has_text="ANN").first).to_be_visible()

    # Send as it is: the rows that cannot be mapped fail, the others arrive.
    lab.press("push")
    expect(form.locator("button[data-action=send]")).to_contain_text("Send 6 rows")
    lab.press("send")
    expect(form.locator("button[data-action=retry_failed]")).to_be_visible()
    assert lab.text_of("print(editor.result.counts['ok'] > 0, editor.result.counts['failed'])") == "True 2"

    # Mend the rule and send the failed rows again.
    lab.choose("mappings[1]|how", "fixed")
    lab.type("mappings[1]|source", "0")
    expect(form).to_contain_text("6 mapped")
    lab.press("retry_failed")
    expect(form.locator(".cp-notice-good")).to_contain_text("2 ok")
    assert lab.text_of("print(len(editor.result), editor.result.counts['ok'])") == "2 2"

    lab.press("undo")
    lab.press("undo")
    expect(form).to_contain_text("4 mapped, 2 failed")


def test_mapping_cell_click_shows_its_blame_and_keys_move_between_cells(
    open_notebook: Callable[..., LabPage],
) -> None:
    lab = open_notebook(SETUP, "editor = celigo.MappingEditor(df.head(2), doc)\neditor")
    form = lab.form()
    form.locator("td", has_text="1").nth(1).wait_for()
    cell = form.locator('[aria-label^="Click a cell"] tbody tr').first.locator("td").nth(1)
    cell.click()
    expect(form).to_contain_text("rule mappings[0]")
    expect(form.locator('[data-field="mappings[0]|dataType"]')).to_be_visible()
    cell.focus()
    lab.page.keyboard.press("ArrowRight")
    lab.page.keyboard.press("ArrowDown")
    lab.page.keyboard.press("Enter")
    expect(form).to_contain_text("minutes of row 1: rule mappings[1]")


def test_mapping_rules_are_added_moved_and_removed_and_typing_shows_at_once(
    open_notebook: Callable[..., LabPage],
) -> None:
    lab = open_notebook(SETUP, "editor = celigo.MappingEditor(df.head(2), doc)\neditor")
    lab.form()
    lab.press("add_object")
    lab.press("add_below", "mappings[3]")
    lab.type("mappings[3]|generate", "person")
    lab.type("mappings[3].mappings[0]|generate", "name")
    # Live: the output follows while the box still has the focus.
    box = lab.field("mappings[3].mappings[0]|source").locator("input")
    box.focus()
    offered = f"#{box.get_attribute('list')} option"
    assert "$.who" in [option.get_attribute("value") for option in lab.page.locator(offered).all()]
    box.fill("$.who")
    expect(lab.form().locator("th", has_text="person.name")).to_be_visible()
    expect(box).to_be_focused()
    lab.press("pick", "mappings[3]")
    lab.press("move_up", "mappings[3]")
    expect(lab.field("mappings[2]|generate").locator("input")).to_have_value("person")
    lab.press("remove", "mappings[2]")
    expect(lab.form().locator("th", has_text="person.name")).to_have_count(0)
    assert lab.text_of("print(editor.import_doc['mappings'] == doc['mappings'])") == "True"


def test_mapping_text_from_outside_is_never_html(open_notebook: Callable[..., LabPage]) -> None:
    code = f"""
evil = {EVIL!r}
frame = pd.DataFrame({{evil: [evil, 1], "q": [evil, "x"]}}, index=[evil, 1])
rules = {{"mappings": [entry(evil, "$.[" + evil + "]"), entry("n", "$.q", "number"), entry("t", evil)],
         "lookups": [{{"name": evil, "map": {{evil: evil}}}}]}}
editor = celigo.MappingEditor(frame, rules, desk)
editor.pick("mappings[0]")
editor.state.say("error", evil, evil)
editor
"""
    lab = open_notebook(SETUP, code)
    form = lab.form()
    lab.press("next_failing")
    form.locator('[aria-label^="Click a cell"] tbody tr').first.locator("td").nth(1).click()
    lab.page.wait_for_timeout(500)

    assert lab.page.evaluate("window.__x") is None
    assert lab.page.locator(".cp-form img").count() == 0


def test_export_stop_ends_a_long_pull_within_one_request_while_another_cell_runs(
    open_notebook: Callable[..., LabPage],
) -> None:
    busy = """
import time
stop_event, answered = form.state.worker._task.stop_event, []
set_event = stop_event.set
def stop_and_count():
    answered.append(len(client.history))
    set_event()
stop_event.set = stop_and_count
began = time.monotonic()
while form.state.busy and time.monotonic() - began < 20:
    time.sleep(0.01)
answered.append(len(client.history))
print("RESULT", form.state.busy or "ended", form.state.partial, round(time.monotonic() - began, 1))
"""
    lab = open_notebook(SETUP, SLOW, "print('ready')")
    form = lab.form()
    lab.press("pull")
    expect(form.locator(".cp-progress")).to_contain_text("page")
    lab.page.wait_for_timeout(300)
    lab.start_cell(2, busy)
    lab.page.wait_for_timeout(1500)
    assert "RESULT" not in lab.page.locator(".jp-OutputArea-output").last.inner_text()
    lab.press("stop")
    result = lab.page.locator(".jp-OutputArea-output", has_text="RESULT").last
    result.wait_for()

    # The cell saw the end of the pull while it was running itself: the click did not wait for it.
    assert result.inner_text().split()[1] == "ended"
    assert float(result.inner_text().split()[3]) < 19
    assert lab.text_of("print(answered[1] - answered[0] <= 1, len(form.df) < 1000000, client.last_pull.pages > 0)") == (
        "True True True"
    )
    expect(form.locator(".cp-notice")).to_contain_text("Pull was stopped")


def test_export_preview_and_pull_show_rows_and_progress(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, "form = celigo.ExportForm(shop)\nform")
    form = lab.form()
    lab.press("preview")
    expect(lab.field("rdbms.query").locator(".cp-problems")).to_contain_text("needed")
    lab.type("rdbms.query", "select id, 'v' || id as v from orders order by id")
    lab.press("preview")
    expect(form.locator(".cp-notice-good")).to_contain_text("rows shown")
    expect(form.locator("th", has_text="v").last).to_be_visible()
    lab.press("pull")
    expect(form.locator(".cp-notice-good")).to_contain_text("They are in form.df")
    assert lab.text_of("print(list(form.df.columns))") == "['id', 'v']"


def test_explorer_lists_pings_and_opens_the_form(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, "explorer = celigo.Explorer(client)\nexplorer")
    form = lab.form()
    expect(form.locator("td", has_text="Small shop")).to_be_visible()
    lab.press("ping_all")
    expect(form.locator(".cp-lamp-good")).to_have_count(2)
    box = lab.field("search").locator("input")
    box.fill("desk")
    expect(form.locator("td", has_text="Small shop")).to_have_count(0)
    form.locator("td", has_text="Delay desk").first.click()
    expect(form).to_contain_text("Audit (")
    expect(lab.field("name", 1).locator("input")).to_have_value("Delay desk")
    # A secret that was stored before the form was drawn shows as dots, and opens to be replaced.
    token = lab.field("http.auth.token.token", 1)
    expect(token.locator(".cp-dots")).to_be_visible()
    expect(token.locator("input").first).to_be_hidden()
    token.get_by_role("button", name="Replace Token").click()
    expect(token.locator("input").first).to_be_focused()


def test_script_is_edited_in_colours_run_on_the_rows_in_view_and_mended_at_its_line(
    open_notebook: Callable[..., LabPage],
) -> None:
    code = """
code = '''function preMap({data}) {
  // late orders
  console.log('page of', data.length)
  return data.map((d) => ({data: {...d, late: Number(d.late) * 60}}))
}
'''
editor = celigo.MappingEditor(df, {**doc, "hooks": {"preMap": {"_scriptId": "1"}}}, scripts={"1": code})
editor"""
    lab = open_notebook(SETUP, code)
    form = lab.form()
    form.locator("summary", has_text="Scripts").click()
    box = lab.field("script:1|text")
    expect(box.locator(".cp-js-word").first).to_have_text("function")
    expect(box.locator(".cp-js-note")).to_have_text("// late orders")
    expect(box.locator(".cp-gutter > div")).to_have_count(6)

    lab.press("run_script")
    expect(form.locator('[aria-label^="Before → after"] td.cp-cell-changed').first).to_have_text("1 → 60")
    expect(form).to_contain_text("page of 6")
    lab.type("script:1|text", "function preMap({data}) {\n  return data.map((d) => ({data: {who: d.gone.name}}))\n}")
    lab.press("run_script")
    expect(form).to_contain_text("line 2: ")
    expect(box.locator(".cp-gutter-marked")).to_have_text("2")
    lab.press("revert_script")
    expect(box.locator("textarea")).to_have_value(re.compile("late orders"))
    expect(form).to_contain_text("6 mapped")
    lab.press("run_script")
    expect(form.locator('[aria-label^="Before → after"]')).to_be_visible()
