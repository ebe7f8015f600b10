// Runs before the first paint, so that the page never flashes in the wrong scheme, nor moves while it is built. The stored choice is `auto`, `light`
// or `dark`.
declare global {
  // `toggle` goes from automatic to the scheme that the system does not have, to that which it has, and back.
  var footfallTheme: { toggle(): void; chosen(): string };
}

const dark = matchMedia("(prefers-color-scheme: dark)");
// High contrast: the page is on the system's colours, whose scheme the charts must have, whatever was chosen.
const forced = matchMedia("(forced-colors: active)");

function stored(): string {
  try {
    return localStorage.getItem("footfall-theme") || "auto";
  } catch {
    return "auto";
  }
}

function show(scheme: string): void {
  document.documentElement.dataset.theme = scheme;
  document.dispatchEvent(new CustomEvent("themechange"));
}

function apply(): void {
  show(stored() === "auto" || forced.matches ? (dark.matches ? "dark" : "light") : stored());
}

dark.addEventListener("change", apply);
forced.addEventListener("change", apply);
globalThis.footfallTheme = {
  toggle() {
    const [other, same] = dark.matches ? ["light", "dark"] : ["dark", "light"];
    const next = { auto: other, [other]: same }[stored()] ?? "auto";
    try {
      localStorage.setItem("footfall-theme", next);
    } catch {
      // A browser without storage keeps the choice for this page.
    }
    if (!forced.matches) show(next === "auto" ? same : next);
  },
  chosen() {
    const choice = stored();
    return choice === "auto" ? "automatic" : choice;
  },
};
apply();

// Nothing is shown before its place is known, for at most this long; a page whose scripts are lost is shown then too.
const SETTLE_MS = 2500;
document.documentElement.dataset.settling = "";
setTimeout(() => delete document.documentElement.dataset.settling, SETTLE_MS);

export {};
