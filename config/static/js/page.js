// What every page has: the colour switch, the menu, and focus where something was just said.

const root = document.documentElement;
const order = { system: "light", light: "dark", dark: "system" };

for (const button of document.querySelectorAll("[data-theme-switch]")) {
  const show = () => {
    const says = button.dataset[root.dataset.theme || "system"];
    button.setAttribute("aria-label", says);
    button.title = says;
  };
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    const next = order[root.dataset.theme || "system"];
    if (next === "system") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Kept for this page only.
    }
    show();
  });
}

for (const menu of document.querySelectorAll("[data-menu]")) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

const focusNews = (within) => within.querySelector("[data-focus]")?.focus();
focusNews(document);
document.addEventListener("htmx:afterSwap", (event) => focusNews(event.target));
