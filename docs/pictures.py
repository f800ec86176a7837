"""Take the pictures of the documentation from the product: the editor in JupyterLab, light and dark, and a plan.

    .venv/bin/python docs/pictures.py         writes editor-light.png, editor-dark.png and plan.png into docs/pictures
    .venv/bin/python docs/pictures.py plan    only that of the plan

It needs Chromium and the development environment; the notebooks are those of the README and of docs/plans.md.
"""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from playwright.sync_api import sync_playwright  # noqa: E402
from support import needs  # noqa: E402
from support.browser import FLAGS, LabPage, jupyter_lab, notebook  # noqa: E402
from support.pages import read_blocks  # noqa: E402

SETUP = '''
import celigo_pandas as celigo
client = celigo.local(demo="shop")
query = """select o.id, o.ordered_at, c.name, c.email from orders o join customers c on c.id = o.customer_id
           where o.status = 'open' order by o.id"""
late = celigo.read_export({"rdbms": {"query": query}}, client.connections["Small shop"], progress=False)
rules = celigo.Mapping().set("order", "{{record.id}}").set("email", "$.email")
rules.set("ordered", "$.ordered_at", generate_date_format="D MMM YYYY")
import_doc = celigo.build.http_import("/orders", mapping=rules)'''
EDITOR = "celigo.MappingEditor(late, import_doc)"


def plan() -> None:
    """Write the picture of the plan that the first block of its page makes."""
    setup = read_blocks((ROOT / "docs" / "plans.md").read_text(encoding="utf-8"))[0].code
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.require("chromium"), headless=True, args=FLAGS)
        with jupyter_lab(Path(folder), save_state=False) as (base, token):
            context = browser.new_context(viewport={"width": 900, "height": 900})
            context.set_default_timeout(180_000)
            lab = LabPage(context.new_page(), base, token, notebook(Path(folder) / "plan.ipynb", setup, "plan"))
            lab.run_all()
            output = lab.page.locator(".jp-OutputArea-output", has_text="destination read")
            output.wait_for()
            output.screenshot(path=ROOT / "docs" / "pictures" / "plan.png")
        browser.close()


def editor() -> None:
    """Write one picture of the editor for each theme."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.require("chromium"), headless=True, args=FLAGS)
        with jupyter_lab(Path(folder), save_state=False) as (base, token):
            context = browser.new_context(viewport={"width": 1180, "height": 900})
            context.set_default_timeout(180_000)
            lab = LabPage(context.new_page(), base, token, notebook(Path(folder) / "editor.ipynb", SETUP, EDITOR))
            lab.run_all()
            form = lab.page.locator(".cp-form")
            form.locator("text=5 May 2026").first.wait_for()
            for theme in ("Light", "Dark"):
                lab.page.evaluate(
                    "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})",
                    f"JupyterLab {theme}",
                )
                lab.page.wait_for_function(
                    "(light) => document.body.dataset.jpThemeLight === light", arg=str(theme == "Light").lower()
                )
                box = form.bounding_box()
                clip = {**box, "height": min(box["height"], 550)}
                lab.page.screenshot(path=ROOT / "docs" / "pictures" / f"editor-{theme.lower()}.png", clip=clip)
        browser.close()


if __name__ == "__main__":
    if sys.argv[1:] != ["plan"]:
        editor()
    plan()
