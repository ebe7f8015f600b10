// Runs before the first paint, so that the page never flashes in the wrong scheme. The stored choice is `auto`, `light` or `dark`.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const choice = () => { try { return localStorage.getItem("footfall-theme") || "auto"; } catch { return "auto"; } };
  const apply = () => {
    const scheme = choice() === "auto" ? (dark.matches ? "dark" : "light") : choice();
    document.documentElement.dataset.theme = scheme;
    document.dispatchEvent(new CustomEvent("themechange"));
  };
  dark.addEventListener("change", apply);
  globalThis.footfallTheme = {
    toggle() {
      const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("footfall-theme", next); } catch { /* a browser without storage keeps the choice for this page */ }
      document.documentElement.dataset.theme = next;
      document.dispatchEvent(new CustomEvent("themechange"));
    },
  };
  apply();
})();
