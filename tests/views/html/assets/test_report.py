"""The page as a whole, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glimpse.cli import main
from tests.support.chromium import Browser, Page
from tests.traces.recording import Recorder

VIEWS = {"1": "#timeline", "2": "#tree", "3": "#functions", "4": "#failures"}
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\u202e\x00'\"`${1}"


def test_opens_offline(opened: Page, shop_report: Path) -> None:
    """One request, for the file itself; nothing on the console, nothing against the policy; the figures are there."""
    for key in VIEWS:
        opened.press(key)
    requests = [url for url in opened.requests if not url.startswith("data:")]
    assert requests == [shop_report.as_uri()]
    assert opened.problems == []
    figures = opened.text("#figures").split("\n")
    assert figures[figures.index("Calls") + 1] == "2,137"
    assert figures[figures.index("Exceptions") + 1] == "4"
    assert opened.evaluate("document.title") == "shop.jsonl – Glimpse"


def test_the_policy_holds(page: Page, shop_report: Path) -> None:
    """What a text of the trace would have to do to harm is refused by the browser."""
    page.open(shop_report)
    page.evaluate("""{
      const script = document.createElement("script");
      try { script.textContent = "window.hacked = 1"; } catch {}
      document.body.append(script);
      try { document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.hacked=1'>"); } catch {}
      fetch("https://example.com/").catch(() => (window.refused = 1));
    }""")
    page.wait("window.refused === 1")
    assert page.evaluate("window.hacked") is None
    assert [url for url in page.requests if "example.com" in url] == []
    page.problems.clear()


def hostile_report(folder: Path) -> Path:
    """A report of a trace whose every text is an attack."""
    program = Recorder(service=HOSTILE)
    call = program.start(f"app.{HOSTILE}", f"a={HOSTILE!r}", thread=HOSTILE, task=HOSTILE, file=HOSTILE, line=1)
    program.spend(3)
    program.fail(call, ValueError(HOSTILE))
    trace, report = program.save(folder / "t.jsonl"), folder / "t.html"
    assert main(["report", str(trace), "-o", str(report), "--title", HOSTILE.replace("\x00", "")]) == 0
    return report


def test_hostile_texts_are_shown_and_do_nothing(page: Page, tmp_path: Path) -> None:
    """They stand in every view as text, in safe characters."""
    page.open(hostile_report(tmp_path))
    page.evaluate("document.getElementById('lanes').focus()")
    page.press("ArrowDown")
    page.wait("document.querySelector('#details .error') !== null")
    for key in VIEWS:
        page.press(key)
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.images.length") == 0
    assert "</script><script>window.hacked=1</script>" in page.text("#details .error")
    assert "\\u202e\\x00" in page.text("#details .error")
    assert page.evaluate("/[\\u202e\\u0000]/.test(document.body.innerText)") is False
    assert "onerror" in page.text("#failures")


SMALL = """[...document.querySelectorAll('button, input, [role=tab]')].filter((each) => each.checkVisibility())
  .map((each) => [each.id || each.innerText, each.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.height < 32 || box.width < 28)).map(([name]) => name)"""
"""What a finger may miss."""
INSIDE = "document.querySelector('{}').contains(document.activeElement)"


def test_a_small_telephone_by_keyboard(chromium: Browser, shop_report: Path) -> None:
    """At 360 px each view is reached by tab; what is there is chosen by arrows and enter, and escape leaves it."""
    page = chromium.page(360, 740)
    page.open(shop_report)
    for key, selector in VIEWS.items():
        page.press(key)
        page.evaluate(f"document.getElementById('tab-{selector[1:]}').focus()")
        for _ in range(9):
            page.press("Tab")
            if page.evaluate(f"{INSIDE.format(selector)} && !/^zoom|order$/.test(document.activeElement.id)"):
                break
        assert page.evaluate(INSIDE.format(selector)), selector
        for pressed in ("ArrowDown", "ArrowDown", "Enter", "ArrowUp", "Enter"):
            page.press(pressed)
            assert page.evaluate("document.documentElement.scrollWidth") == 360, (selector, pressed)
        chosen = page.text("#details h2") or page.evaluate("document.activeElement.id")
        assert chosen != f"tab-{selector[1:]}", selector
        page.press("Escape")
        assert page.text("#details") == "", selector
    assert page.problems == []
    page.close()


@pytest.mark.parametrize("dark", [False, True])
def test_fits_a_small_telephone(chromium: Browser, shop_report: Path, dark: bool) -> None:
    """At 360 px no view scrolls sideways, also with a call selected."""
    page = chromium.page(360, 740, dark=dark)
    page.open(shop_report)
    page.evaluate("document.getElementById('lanes').focus()")
    page.press("ArrowDown")
    page.wait("document.querySelector('#details h2') !== null")
    for key, selector in VIEWS.items():
        page.press(key)
        assert page.text(selector), selector
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        overflow = f"(box => box.scrollWidth - box.clientWidth)(document.querySelector('{selector}'))"
        assert page.evaluate(overflow) == 0, selector
        assert page.evaluate(SMALL) == [], selector
    box = page.box("#details")
    assert box["x"] == 0
    assert box["width"] == 360
    assert page.problems == []
    page.close()


def test_light_and_dark(page: Page, shop_report: Path) -> None:
    """As the system has it, until the reader decides; the decision is remembered."""
    ground = "getComputedStyle(document.body).backgroundColor"
    page.prefer(dark=True)
    page.open(shop_report)
    dark = page.evaluate(ground)
    page.prefer(dark=False)
    light = page.wait(f"{ground} !== {json.dumps(dark)} && {ground}")
    page.press("t")
    assert page.evaluate(ground) == dark
    page.open(shop_report)
    assert page.evaluate(ground) == dark
    page.click("#theme")
    assert page.evaluate(ground) == light
    page.evaluate("localStorage.clear()")


CONTRAST = """(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const channels = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => channels(colour).map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(name).trim();
  const pairs = ["ink", "soft", "accent", "bad"].flatMap((ink) => ["paper", "surface"].map((ground) => [ink, ground]));
  const named = ([ink, ground]) => [`${ink} on ${ground}`, ratio(value(`--${ink}`), value(`--${ground}`))];
  return Object.fromEntries(pairs.map(named));
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_is_legible(page: Page, shop_report: Path, dark: bool) -> None:
    """Every colour of text has the contrast of WCAG AA on every ground, in light and in dark."""
    page.prefer(dark=dark)
    page.open(shop_report)
    ratios = page.evaluate(CONTRAST)
    assert len(ratios) == 8
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_what_is_shown_together_is_said(page: Page, shop_report: Path, tmp_path: Path) -> None:
    """A page with few rows says how many calls stand in how many bundles; opening one says it again."""
    trace = shop_report.with_suffix(".jsonl")
    report = tmp_path / "few.html"
    assert main(["report", str(trace), "-o", str(report), "--calls", "60", "--texts", "0"]) == 0
    page.open(report)
    notes = page.text("#notes")
    assert "drawn together as" in notes
    assert "Arguments and results of" in notes
    page.press("2")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.press(key)
    lines = "[...document.querySelectorAll('#tree-rows .line')]"
    bundle = f"{lines}.find((line) => line.innerText.includes('short calls'))"
    page.wait(f"{bundle} !== undefined")
    page.evaluate(f"{bundle}.click()")
    page.wait("document.querySelector('#details h2')?.textContent.includes('short calls')")
    assert "They are counted one by one under Functions." in page.text("#details")


def test_an_empty_trace(page: Page, tmp_path: Path) -> None:
    """It says so, and every view opens."""
    (tmp_path / "empty.jsonl").write_bytes(b"")
    report = tmp_path / "empty.html"
    assert main(["report", str(tmp_path / "empty.jsonl"), "-o", str(report)]) == 0
    page.open(report)
    assert page.text("#progress") == "This trace has no calls."
    for key in (*VIEWS, "1", "+", "ArrowDown", "0"):
        page.press(key)
    assert page.problems == []


def test_a_link_to_a_call(page: Page, shop_report: Path) -> None:
    """The address names the call that is selected, and opens it again."""
    page.open(shop_report)
    page.call("Page.navigate", url=f"{shop_report.as_uri()}#call=2")
    page.wait("document.querySelector('#details h2')?.textContent === 'load_orders'")
    page.evaluate("document.getElementById('lanes').focus()")
    page.press("ArrowUp")
    page.wait("location.hash === '#call=1'")
