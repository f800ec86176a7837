"""How the forms look: contrast in both themes, a query as wide as its form, a box beside its label."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from support.browser import LabPage

pytestmark = pytest.mark.browser

SETUP = "import celigo_pandas as celigo\nimport pandas as pd\nclient = celigo.local(demo='shop')"
FORM = "form = celigo.ConnectionForm(client)\nform.state.say('warning', 'A warning.', 'And a hint.')\nform"
EXPORT = """
export = celigo.ExportForm(client.connections['Small shop'], {'type': 'once', 'rdbms': {'query': 'select 1'}})
export"""
EDITOR = """
doc = {'mappings': [{'generate': 'a', 'dataType': 'number', 'extract': '$.a', 'status': 'Active'},
                    {'generate': 'b', 'dataType': 'string', 'extract': '$.x'}],
       'lookups': [{'name': 'l', 'map': {'A': 'B'}}]}
editor = celigo.MappingEditor(pd.DataFrame({'a': ['1', 'no']}), doc, client.connections['Delay desk'])
editor.pick('mappings[0]')
editor"""

# Text and what it stands on, the layers below it laid over each other; what is switched off is exempt.
TOO_FAINT = """() => {
    const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const over = (colours) => {
        context.fillStyle = '#fff'; context.fillRect(0, 0, 1, 1);
        for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
        return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    let seen = 0;
    for (const form of document.querySelectorAll('.cp-form')) {
        const walker = document.createTreeWalker(form, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const node = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || !node.checkVisibility()) continue;
            if (node.closest('[aria-disabled="true"], option, datalist')) continue;
            const grounds = [];
            for (let at = node; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
            const ground = over(grounds);
            const [one, other] = [light(over([...grounds, getComputedStyle(node).color])), light(ground)];
            const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
            seen += 1;
            if (ratio < 4.5) found.push([walker.currentNode.textContent.slice(0, 40), node.className, ratio]);
        }
    }
    return [seen, found];
}"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_forms_have_text_that_can_be_read(open_notebook: Callable[..., LabPage], theme: str) -> None:
    lab = open_notebook(SETUP, FORM, EXPORT, EDITOR)
    for place in range(3):
        lab.form(place)
    lab.page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", f"JupyterLab {theme}"
    )
    expect(lab.page.locator("body")).to_have_attribute("data-jp-theme-light", "true" if theme == "Light" else "false")
    lab.press("save")
    expect(lab.form().locator(".cp-count").first).to_be_visible()
    lab.form(2).locator("summary", has_text="Lookups").click()
    expect(lab.form(2).locator(".cp-text-problem", has_text="status").first).to_be_visible()

    seen, faint = lab.page.evaluate(TOO_FAINT)

    assert seen > 80
    assert faint == []


def test_forms_give_a_query_their_width_and_a_box_its_label(open_notebook: Callable[..., LabPage]) -> None:
    lab = open_notebook(SETUP, EXPORT, EDITOR)
    query = lab.form(0).locator('[data-field="rdbms.query"] textarea')
    expect(query).to_be_visible()
    form = lab.form(0).bounding_box()
    box = query.bounding_box()
    assert box["width"] > 0.9 * form["width"]

    lab.form(1).locator("summary", has_text="Lookups").click()
    field = lab.form(1).locator('[data-field="lookup:l|allowFailures"]')
    expect(field).to_be_visible()
    tick, label = field.locator("input").bounding_box(), field.locator("label").bounding_box()
    assert label["y"] <= tick["y"] + tick["height"] / 2 <= label["y"] + label["height"]
    assert label["x"] >= tick["x"] + tick["width"]
