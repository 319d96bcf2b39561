// Keys for the scorecard. They act only inside a signal (and not while writing), and can be turned off.

const dialog = document.querySelector("#keys");
const box = dialog.querySelector("[data-keys-on]");
const signals = () => [...document.querySelectorAll("[data-signal]")];
const options = (signal) => [...signal.querySelectorAll("[type=radio]")];

try {
  box.checked = localStorage.getItem("keys") !== "off";
} catch {
  // Storage is blocked: keys are on, and can be turned off for this page.
}
box.addEventListener("change", () => {
  try {
    localStorage.setItem("keys", box.checked ? "on" : "off");
  } catch {
    // Kept for this page only.
  }
});

for (const button of document.querySelectorAll("[data-keys-open]")) {
  button.hidden = false;
  button.addEventListener("click", () => dialog.showModal());
}

const goTo = (signal) => {
  if (!signal) return;
  const all = options(signal);
  (all.find((option) => option.checked) ?? all[0]).focus({ preventScroll: true });
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  signal.scrollIntoView({ block: "nearest", behavior: still ? "auto" : "smooth" });
};

document.addEventListener("keydown", (event) => {
  if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog.open) return;
  const at = event.target;
  if (at.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
  if (event.key === "?") {
    event.preventDefault();
    dialog.showModal();
    return;
  }
  const signal = at.closest("[data-signal]");
  if (!signal) return;
  if (["1", "2", "3", "4"].includes(event.key)) {
    event.preventDefault();
    const option = options(signal)[Number(event.key) - 1];
    option.focus({ preventScroll: true });
    option.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault(); // left and right still choose within the signal, as in any group of radio buttons
    const all = signals();
    goTo(all[all.indexOf(signal) + (event.key === "ArrowDown" ? 1 : -1)]);
  }
});
