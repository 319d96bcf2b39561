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
const step = (signal, by) => {
  const all = signals();
  goTo(signal ? all[all.indexOf(signal) + by] : all.find((each) => each.getBoundingClientRect().top >= 0) ?? all[0]);
};
const choose = (group, number) => {
  const option = options(group)[number - 1];
  option?.focus({ preventScroll: true });
  option?.click();
};

// Out of a text: to the rating it belongs to, or to how specific it was.
const leave = (text) => {
  const group = text.closest("[data-signal]") ?? text.closest(".field")?.querySelector("[data-how]");
  if (!group) return text.blur();
  const all = options(group);
  (all.find((option) => option.checked) ?? all[0]).focus();
};

document.addEventListener("keydown", (event) => {
  if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || dialog.open) return;
  const at = event.target;
  const { key } = event;
  const does = (act) => {
    event.preventDefault();
    act();
  };
  if (at.matches("textarea, select, input:not([type=radio], [type=checkbox])")) {
    if (key === "Escape" && at.matches("textarea")) does(() => leave(at));
    return;
  }
  const signal = at.closest("[data-signal]");
  const how = at.closest("[data-how]");
  const group = how ?? signal;
  if (key === "?") does(() => dialog.showModal());
  else if (key === "n" && document.querySelector("[data-clock]")) does(() => document.dispatchEvent(new Event("clock:next")));
  else if (key === "j" || key === "k") does(() => step(signal, key === "j" ? 1 : -1));
  else if (group && /^[1-4]$/.test(key)) does(() => choose(group, Number(key)));
  // Left and right still choose within the signal, as in any group of radio buttons.
  else if (signal && (key === "ArrowDown" || key === "ArrowUp")) does(() => step(signal, key === "ArrowDown" ? 1 : -1));
});
