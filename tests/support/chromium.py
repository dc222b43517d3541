"""Drives a real Chromium over its DevTools protocol: opens pages, acts as a user would, and notes what goes wrong."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import websocket

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
)
TIMEOUT_S = 60.0
KEYS = {
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Tab": ("Tab", 9, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
}


def find_chromium() -> str:
    """The browser's program; skips the test where there is none."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, until the block ends."""
    program = find_chromium()
    with tempfile.TemporaryDirectory(prefix="glimpse-chromium-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            running = Browser(address_of(Path(folder), process))
            try:
                yield running
            finally:
                running.close()
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def address_of(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the browser listens, once it does."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"Chromium ended with code {process.returncode}"
        with suppress(OSError, ValueError):
            port, path = (folder / "DevToolsActivePort").read_text(encoding="ascii").split()
            return f"ws://127.0.0.1:{port}{path}"
        time.sleep(0.05)
    raise AssertionError("Chromium did not start in time")


class Browser:
    """A connection to a running browser."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=TIMEOUT_S, suppress_origin=True)
        self._number = 0
        self._pages: dict[str, Page] = {}

    def close(self) -> None:
        """End the browser."""
        with suppress(Exception):
            self.call("Browser.close")
        self._socket.close()

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command; what it gives back. Events that come meanwhile go to their pages."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            if page := self._pages.get(answer.get("sessionId", "")):
                page.note(answer["method"], answer["params"])

    def page(self, width: int = 1280, height: int = 800, *, dark: bool = False) -> Page:
        """A new empty page of that size."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        page.resize(width, height)
        page.prefer(dark=dark)
        return page


class Page:
    """One page, as a user has it before them. ``problems`` are console messages, errors and violations of policy."""

    def __init__(self, owner: Browser, session: str, target: str) -> None:
        self._owner = owner
        self._session = session
        self._target = target
        self.problems: list[str] = []
        self.requests: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command about this page."""
        return self._owner.call(method, self._session, **parameters)

    def note(self, event: str, details: dict[str, Any]) -> None:
        """Keep what a test may want to know."""
        if event == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(details["exceptionDetails"]))
        elif event == "Runtime.consoleAPICalled":
            self.problems.append(f"console.{details['type']}: {json.dumps(details['args'])}")
        elif event == "Log.entryAdded":
            self.problems.append(f"{details['entry']['source']}: {details['entry']['text']}")

    def close(self) -> None:
        """Close the page."""
        self._owner.call("Target.closeTarget", targetId=self._target)

    def resize(self, width: int, height: int) -> None:
        """Give the page a size in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def prefer(self, *, dark: bool) -> None:
        """Pretend that the system is light or dark, and wants no motion: tests do not wait for it."""
        wanted = {"prefers-color-scheme": "dark" if dark else "light", "prefers-reduced-motion": "reduce"}
        self.call("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in wanted.items()])

    def open(self, path: Path, *, ready: str = "document.documentElement?.dataset.ready === 'yes'") -> None:
        """Open a file, and wait until it says that it is ready."""
        self.call("Page.navigate", url=path.as_uri())
        self.wait(ready)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, json.dumps(answer["exceptionDetails"])
        return answer["result"].get("value")

    def wait(self, expression: str, timeout_s: float = TIMEOUT_S) -> Any:
        """The value of an expression as soon as it is true."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if value := self.evaluate(expression):
                return value
            time.sleep(0.02)
        raise AssertionError(f"never true: {expression}; problems: {self.problems}")

    def text(self, selector: str) -> str:
        """The text that the user sees of an element; nothing if it is hidden or not there."""
        found = f"document.querySelector({json.dumps(selector)})"
        return str(self.evaluate(f"{found} && {found}.checkVisibility() ? {found}.innerText : ''"))

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go: a name such as ``Enter``, or a character."""
        name, code, text = KEYS.get(key, (key, ord(key[0].upper()), key))
        shared = {"key": name, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def point(self, kind: str, x: float, y: float, **more: Any) -> None:
        """Do something with the mouse at a place of the page."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click_at(self, x: float, y: float) -> None:
        """Click with the left button."""
        self.point("mouseMoved", x, y)
        self.point("mousePressed", x, y, button="left", clickCount=1, buttons=1)
        self.point("mouseReleased", x, y, button="left", clickCount=1)

    def click(self, selector: str) -> None:
        """Click on the middle of an element."""
        box = self.box(selector)
        self.click_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def box(self, selector: str) -> dict[str, float]:
        """Where an element is, in CSS pixels of the window."""
        found = self.evaluate(f"document.querySelector({json.dumps(selector)}).getBoundingClientRect().toJSON()")
        assert isinstance(found, dict)
        return found

    def screenshot(self, path: Path) -> Path:
        """Save what the page looks like."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path
