"""The report as a reader meets it: every result opens, nothing is fetched, structures turn."""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chain import FIGURES, MODEL, PAGES
from PIL import Image
from playwright.sync_api import FrameLocator, Locator, Page

from anodeflow.study.stages import STAGES

pytestmark = pytest.mark.browser

TITLES = ["Scorecard", *(stage.title for stage in STAGES.values()), "How it was computed"]
CATEGORIES = [f"{i}. {title}" for i, title in enumerate(dict.fromkeys(TITLES), start=1)]
RESULTS = {f"results/figures/{name}.png" for name in FIGURES}
RESULTS |= {f"results/report/{name}.html" for name in PAGES}
VIEWER = f"results/report/structures_{MODEL}.html"
SHOT_FOLDER = os.environ.get("ANODEFLOW_SCREENSHOTS")


def categories(page: Page) -> list[str]:
    """Return the categories in the order in which the menu shows them."""
    items = page.locator("nav li").all_inner_texts()
    return [item.strip() for item in items[items.index("RESULTS") + 1 :]]


def rows(page: Page) -> Iterator[tuple[Locator, str]]:
    """Go through every category and result by the menu, as a reader does; give row and path."""
    for category in categories(page):
        page.get_by_text(category, exact=True).click()
        for row in page.locator("nav tbody tr").all():
            row.locator("a").first.click()
            yield row, page.evaluate("app.state.resultPath")
        page.locator("nav a").nth(1).click()


def shown(page: Page) -> FrameLocator:
    """Return the page that the report shows in its frame."""
    return page.frame_locator("iframe")


def pixels(place: Locator) -> np.ndarray:
    """Return what a part of the page looks like, (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(place.screenshot())).convert("RGB"), dtype=int)


def turned(page: Page, canvas: Locator) -> float:
    """Drag across a canvas and return the share of its pixels that changed."""
    before, box = pixels(canvas), canvas.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 160, y + 40, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)
    return float((np.abs(pixels(canvas) - before).max(axis=2) > 8).mean())


def colours(canvas: Locator) -> int:
    """Return how many colours a canvas shows."""
    return len(np.unique(pixels(canvas).reshape(-1, 3), axis=0))


def keep_picture(page: Page, name: str) -> None:
    """Save a screenshot for a person to look at, where the environment names a folder."""
    if SHOT_FOLDER:
        page.screenshot(path=Path(SHOT_FOLDER) / f"{name}.png")


@pytest.mark.slow
def test_the_menu_names_the_categories_in_the_order_of_reading(opened):
    keep_picture(opened.page, "menu")
    assert categories(opened.page) == CATEGORIES


@pytest.mark.slow
def test_every_figure_and_page_is_there_and_opens(opened):
    page, seen = opened.page, set()
    for _, path in rows(page):
        seen.add(path)
        if path.endswith(".png"):
            image = page.locator("div.p-3 > img")
            image.wait_for()
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
        elif path == VIEWER:
            shown(page).locator("canvas").first.wait_for(timeout=60_000)
        else:
            assert shown(page).locator("table tbody tr, pre span").count() > 0, path
        keep_picture(page, Path(path).name)
    assert seen == RESULTS
    assert opened.complaints == []


@pytest.mark.slow
def test_every_result_has_a_caption_that_was_rendered(opened):
    page = opened.page
    captions = page.evaluate(
        "Object.fromEntries(Object.entries(results).map(([p, r]) => [p, r.caption]))"
    )
    assert captions.keys() == RESULTS
    for path, caption in captions.items():
        assert len(caption) > 150, path
        assert not [odd for odd in ("system-message", "{{", "{%", "None") if odd in caption], path


@pytest.mark.slow
def test_structures_in_the_report_are_drawn_and_turn_when_dragged(opened):
    page = opened.page
    for row, path in rows(page):
        if path == VIEWER:
            row.locator("a").first.click()
            break
    canvas = shown(page).locator("canvas").first
    canvas.wait_for(timeout=60_000)
    page.wait_for_timeout(1000)
    keep_picture(page, "structures")
    assert colours(canvas) > 200
    assert turned(page, canvas) > 0.02
    keep_picture(page, "structures_turned")
    assert opened.complaints == []


@pytest.mark.slow
def test_a_page_of_structures_opens_alone_and_shows_the_structure_chosen(browser, finished):
    page = browser.page
    page.goto((finished.folder / VIEWER).as_uri())
    canvas = page.locator("canvas").first
    canvas.wait_for(timeout=60_000)
    assert "m-g:" in page.locator(".gtitle").text_content()
    before = pixels(canvas)
    page.locator(".updatemenu-header").click()
    page.locator(".updatemenu-item-text", has_text="graphene_unit").dispatch_event("click")
    page.wait_for_timeout(1500)
    assert "graphene_unit: C2" in page.locator(".gtitle").text_content()
    assert (np.abs(pixels(canvas) - before).max(axis=2) > 8).mean() > 0.02
    assert turned(page, canvas) > 0.02
    assert browser.complaints == []


@pytest.mark.slow
def test_nothing_was_fetched_from_anywhere_but_the_files_themselves(opened, finished):
    files = {
        (finished.folder / "results/report.html").as_uri(),
        (finished.folder / VIEWER).as_uri(),
    }
    list(rows(opened.page))
    asked = [url for url in opened.requests if not url.startswith(("data:", "blob:"))]
    assert set(asked) <= files
    assert (finished.folder / "results/report.html").as_uri() in asked


@pytest.mark.slow
def test_a_report_reruns_nothing_and_leaves_nothing_to_be_done(finished):
    assert finished.planned() == set()


@pytest.mark.slow
def test_a_report_of_an_unfinished_study_names_what_is_missing(finished, tmp_path):
    shutil.copytree(finished.folder, tmp_path / "copy", symlinks=True)
    (tmp_path / "copy/results/figures/msd.png").unlink()
    result = replace(finished, folder=tmp_path / "copy").snakemake("--report", "results/new.html")
    assert result.returncode != 0
    assert "results/figures/msd.png marked for report but does not exist" in result.stdout
    assert "Traceback" not in result.stdout
    assert not (tmp_path / "copy/results/new.html").exists()
