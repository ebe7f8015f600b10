"""What is wrong with the layout of an open page: shifts, broken words, colliding labels, and pages out of sight."""

from playwright.sync_api import BrowserContext, Page

_WATCH_SHIFTS = """
globalThis.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.layoutShift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
_BROKEN_WORDS = r"""() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const host = node.parentElement;
    if (!host.checkVisibility() || host.closest("script, style, noscript, .sr-only, select")) continue;
    for (const word of node.data.matchAll(/[\p{L}\p{N}]+/gu)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = [...range.getClientRects()].filter(({ width }) => width).map(({ top }) => Math.round(top));
      if (new Set(lines).size > 1) broken.push(`${word[0]} in ${host.outerHTML.slice(0, 80)}`);
    }
  }
  return broken;
}"""
# Ranges of numbers with a dash or "to", each with its unit.
_BROKEN_RANGES = r"""() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const broken = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const host = node.parentElement;
    if (!host.checkVisibility() || host.closest("script, style, noscript, .sr-only, select")) continue;
    for (const numbers of node.data.matchAll(/\d[^ \u2013]*(?:\u2013| \u2013 | to )[+\u2212]?\d[^ ]*/g)) {
      const range = document.createRange();
      range.setStart(node, numbers.index);
      range.setEnd(node, numbers.index + numbers[0].length);
      if (range.getBoundingClientRect().height > 1.7 * parseFloat(getComputedStyle(host).fontSize))
        broken.push(numbers[0]);
    }
  }
  return broken;
}"""
# Every text that the chart library painted, by its place on the canvas.
_LABELS = r"""() => {
  const wrong = [];
  for (const canvas of document.querySelectorAll(".canvas")) {
    const chart = echarts.getInstanceByDom(canvas);
    if (!chart) continue;
    const { id } = canvas.closest("[id]");
    const texts = chart.getZr().storage.getDisplayList(true)
      .filter(({ type, ignore, invisible }) => ["text", "tspan"].includes(type) && !ignore && !invisible)
      .map((part) => {
        const box = part.getBoundingRect().clone();
        const transform = part.getComputedTransform();
        if (transform) box.applyTransform(transform);
        return { text: part.style.text, box };
      });
    if (!texts.length) wrong.push(`${id}: no label`);
    for (const [index, { text, box }] of texts.entries()) {
      const { x, y, width, height } = box;
      if (x < -1 || y < -2 || x + width > canvas.clientWidth + 1 || y + height > canvas.clientHeight + 2)
        wrong.push(`${id}: ${text} is cut off`);
      for (const other of texts.slice(index + 1)) {
        const meets = x < other.box.x + other.box.width - 0.5 && other.box.x < x + width - 0.5
          && y < other.box.y + other.box.height - 2 && other.box.y < y + height - 2;
        if (meets) wrong.push(`${id}: ${text} meets ${other.text}`);
      }
    }
  }
  return wrong;
}"""
_CURRENT_PAGE_OUT_OF_SIGHT = """() => {
  const link = document.querySelector(".nav [aria-current]");
  const { left, right, top } = link.getBoundingClientRect();
  const { left: from, right: to } = document.querySelector(".nav").getBoundingClientRect();
  return left < from - 1 || right > to + 1 || top < 0 || right > innerWidth;
}"""


def watch_shifts(context: BrowserContext) -> None:
    """Count the layout shifts of every page that the context opens from now on."""
    context.add_init_script(_WATCH_SHIFTS)


def layout_shift(page: Page) -> float:
    """The sum of the page's layout shifts that no input caused."""
    return float(page.evaluate("globalThis.layoutShift"))


def layout_faults(page: Page) -> list[str]:
    """Words that break inside, labels of charts that meet or are cut, and a current page that is out of sight."""
    labels: list[str] = page.evaluate(_LABELS)
    faults = [f"broken: {text}" for text in page.evaluate(_BROKEN_WORDS) + page.evaluate(_BROKEN_RANGES)] + labels
    if page.evaluate(_CURRENT_PAGE_OUT_OF_SIGHT):
        faults.append("the navigation does not show the current page")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("the page scrolls sideways")
    return faults
