"""A report of a small finished study, opened in a headless Chromium."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from browser import Browser
from chain import finished_chain
from playwright.sync_api import sync_playwright
from project import Project

PACKAGE = ["apt-get", "install", "-y", "--no-install-recommends", "chromium"]
ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses to run as root with it
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",  # draws WebGL without a graphics card
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the path of Chromium, which is installed if need be."""
    if not shutil.which("chromium"):
        if os.getuid() or not shutil.which("apt-get"):
            pytest.exit("Chromium is not installed, and installing it needs root and apt-get.", 1)
        for command in (["apt-get", "update"], PACKAGE):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=600)
    return shutil.which("chromium")


@pytest.fixture(scope="session")
def finished(tmp_path_factory, root) -> Project:
    """Return a project with a finished small study and its report."""
    project = finished_chain(tmp_path_factory.mktemp("report"), root)
    style = str(root / "workflow/report/report.css")
    result = project.snakemake("--report", "results/report.html", "--report-stylesheet", style)
    assert result.returncode == 0, result.stdout
    return project


@pytest.fixture(scope="session")
def browser(chromium) -> Iterator[Browser]:
    """Open a browser for the whole session; what it asked for and complained of adds up."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield Browser(started.new_page(viewport={"width": 1400, "height": 900}))
        started.close()


@pytest.fixture
def opened(browser, finished) -> Browser:
    """Open the report anew."""
    browser.page.goto((finished.folder / "results/report.html").as_uri())
    return browser
