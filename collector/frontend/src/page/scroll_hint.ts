// A box that scrolls says at its lower edge how many of its rows are below it.
const known = new WeakSet<Element>();
// A row is only below where more than its border is. The hint covers what is behind it.
const TOLERANCE_PX = 4;
const COVERED_PX = 32;

const sizes = new ResizeObserver((entries) => {
  for (const box of new Set(entries.map(({ target }) => target.closest<HTMLElement>(".scroll")))) if (box) say(box);
});

function say(box: HTMLElement): void {
  const end = box.getBoundingClientRect().top + box.clientHeight;
  const ends = [...box.querySelectorAll("tbody tr")].map((row) => row.getBoundingClientRect().bottom);
  const isMore = Math.max(...ends) > end + TOLERANCE_PX;
  if (isMore) box.dataset.more = `${ends.filter((each) => each > end - COVERED_PX).length} more`;
  else delete box.dataset.more;
}

function watch(): void {
  for (const box of document.querySelectorAll<HTMLElement>(".scroll")) {
    if (known.has(box)) continue;
    known.add(box);
    box.addEventListener("scroll", () => say(box), { passive: true });
    sizes.observe(box);
    for (const part of box.children) sizes.observe(part);
  }
}

watch();
new MutationObserver(watch).observe(document.body, { childList: true, subtree: true });
