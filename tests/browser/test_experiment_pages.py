"""Names, values, rules and messages from outside, shown by a real browser: they are read, never run."""

from __future__ import annotations

import pandas as pd
import pytest

from celigo_pandas import Mapping
from celigo_pandas.experiments.findings import failing_rows

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=window.__x=1>"
CLOSING = '"></td></script><script>window.__x=1</script>'


@pytest.fixture
def page(chromium):
    page = chromium.new_page()
    yield page
    page.close()


def frame():
    return pd.DataFrame({HOSTILE: [HOSTILE, CLOSING, None], "unused" + HOSTILE: [1, 2, 3], "n": ["7", "8", HOSTILE]})


def mapping():
    return (
        Mapping()
        .set(HOSTILE, f"$.[{HOSTILE}]", members={"description": HOSTILE})
        .set("n", "$.n", data_type="number")
        .set("dead", f"$.missing.[{HOSTILE}]")
        .set("fixed", value=CLOSING)
        .set_lookup(HOSTILE, {HOSTILE: CLOSING})
    )


def changed():
    return mapping().set(HOSTILE, value=CLOSING).set("n", "$.n", data_type="string")


OUTPUTS = {
    "mapping": lambda: mapping()._repr_html_(),
    "coverage": lambda: mapping().coverage(frame())._repr_html_(),
    "diff": lambda: mapping().diff(changed(), frame())._repr_html_(),
    "blame": lambda: mapping().blame(frame(), 0, HOSTILE)._repr_html_(),
    "blame of a failure": lambda: mapping().blame(frame(), 2, "n")._repr_html_(),
    "failing rows": lambda: failing_rows(mapping().apply(frame()), frame()),
    "dry run": lambda: frame().celigo.dry_run(mapping().to_import())._repr_html_(),
    "report": lambda: changed().report(frame(), against=mapping(), title=HOSTILE).html,
    "report in a notebook": lambda: changed().report(frame(), against=mapping(), title=HOSTILE)._repr_html_(),
}


@pytest.mark.filterwarnings("ignore:dead reads:celigo_pandas.errors.HintWarning")
@pytest.mark.parametrize("name", OUTPUTS)
def test_hostile_text_sets_nothing_and_is_readable(page, name):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(OUTPUTS[name](), wait_until="load")
    page.wait_for_timeout(100)

    assert page.evaluate("window.__x") is None
    assert [url for url in asked if not url.startswith(("about:", "data:"))] == []
    text = page.locator("body").inner_text()
    if name == "report in a notebook":
        text = page.frame_locator("iframe").locator("body").inner_text()
        assert page.frames[1].locator("script, img").count() == 0
    assert page.locator("body script, body img").count() == 0
    assert "onerror=window.__x=1>" in text
