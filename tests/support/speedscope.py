"""The program speedscope, where npm has it: its schema, and what it shows of a file."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.chromium import Browser, Page

BROKEN = "Something went wrong"


def speedscope_release() -> Path:
    """The folder of an installed speedscope, here or where npm keeps global packages; skips the test without."""
    npm = shutil.which("npm")
    folders = [Path.cwd() / "node_modules"]
    if npm is not None:
        root = subprocess.run([npm, "root", "--global"], capture_output=True, text=True, check=False)
        folders.append(Path(root.stdout.strip()))
    releases = [folder / "speedscope/dist/release" for folder in folders]
    found = next((release for release in releases if release.exists()), None)
    if found is None:
        pytest.skip("speedscope is not installed (npm install --global speedscope)")
    return found


def opened(text: str, folder: Path, browser: Browser) -> Page:
    """The program in a browser, with this file as its command line would open it, when it shows it or an error."""
    release = speedscope_release()
    content = json.dumps(base64.b64encode(text.encode()).decode())
    script = folder / "profile.js"
    script.write_text(f"speedscope.loadFileFromBase64('profile', {content})", encoding="utf-8")
    page = browser.page()
    page.call("Page.navigate", url=f"{(release / 'index.html').as_uri()}#localProfilePath={script}")
    page.wait(f"/Sandwich|{BROKEN}/.test(document.body?.innerText)")
    return page
