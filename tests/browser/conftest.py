"""One JupyterLab, one Chromium and one local engine for the session; a new page and notebook for a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import needs
from support.browser import FLAGS, LabPage, jupyter_lab, notebook, slug


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    root = tmp_path_factory.mktemp("lab")
    with jupyter_lab(root) as (base, token):
        yield root, base, token


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    program = needs.require("chromium")
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        # One context: the pages share the cache of JupyterLab's scripts.
        context = browser.new_context(viewport={"width": 1300, "height": 1000})
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield context
        browser.close()


@pytest.fixture
def open_notebook(
    lab: tuple[Path, str, str], chromium: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., LabPage]]:
    root, base, token = lab
    opened: list[LabPage] = []

    def go(*cells: str) -> LabPage:
        path = notebook(root / f"{slug(request.node.name)}.ipynb", *cells)
        page = LabPage(chromium.new_page(), base, token, path)
        opened.append(page)
        page.run_all()
        return page

    yield go
    for page in opened:
        if os.environ.get("CELIGO_TEST_SCREENSHOTS"):
            page.page.screenshot(path=str(tmp_path / "end.png"), full_page=True)
        page.page.evaluate(
            """async () => { const c = window.jupyterapp.shell.currentWidget.sessionContext;
                c.kernelPreference = {...c.kernelPreference, shouldStart: false}; await c.shutdown(); }"""
        )
        page.page.close()
        assert page.foreign == [], "requests to other hosts"
        assert page.errors == [], "errors in the page"
