// Runs before the first paint, so that the page never flashes in the wrong scheme, nor moves while it is built. The stored choice is `auto`, `light`
// or `dark`.
declare global {
  var footfallTheme: { toggle(): void };
}

const dark = matchMedia("(prefers-color-scheme: dark)");

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
  show(stored() === "auto" ? (dark.matches ? "dark" : "light") : stored());
}

dark.addEventListener("change", apply);
globalThis.footfallTheme = {
  toggle() {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("footfall-theme", next);
    } catch {
      // A browser without storage keeps the choice for this page.
    }
    show(next);
  },
};
apply();

// Nothing is shown before its place is known, for at most this long; a page whose scripts are lost is shown then too.
const SETTLE_MS = 2500;
document.documentElement.dataset.settling = "";
setTimeout(() => delete document.documentElement.dataset.settling, SETTLE_MS);

export {};
