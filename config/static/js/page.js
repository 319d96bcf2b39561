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

// What was written and not sent stays on this device for its author alone: it goes with a log-out, and when another
// person logs in. A session that merely expired takes nothing.
const reader = document.body.dataset.reader;
const forget = (except) => {
  for (const key of Object.keys(localStorage)) if (key.startsWith("card:") && !(except && key.startsWith(except))) localStorage.removeItem(key);
};
try {
  if (reader) {
    forget(`card:${reader}:`);
    localStorage.setItem("reader", reader);
  } else if (sessionStorage.getItem("logging-out")) {
    sessionStorage.removeItem("logging-out");
    forget();
    localStorage.removeItem("reader"); // now that the log-in is gone, the other tabs close what they show
  }
} catch {
  // Storage is blocked: nothing was kept either.
}
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-log-out]")) return;
  try {
    forget();
    sessionStorage.setItem("logging-out", "yes");
  } catch {
    // Nothing was kept.
  }
});
window.addEventListener("storage", (event) => {
  if (!reader || event.key !== "reader" || event.newValue === reader) return;
  document.dispatchEvent(new Event("reader:changed"));
  window.location.reload();
});

const focusNews = (within) => within.querySelector("[data-focus]")?.focus();
focusNews(document);
document.addEventListener("htmx:afterSwap", (event) => focusNews(event.target));
