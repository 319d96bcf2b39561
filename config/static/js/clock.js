// The clock of the interview. The server keeps it; this shows it to the second, and keeps a press while there is no
// connection, with the moment it was made. A part that runs has `data-since`, by the server's clock.

const LOOK_EVERY = 20_000;
const SOON = 5 * 60_000;

const clock = document.querySelector("[data-clock]");
const form = clock?.closest("form");
const place = `${form?.dataset.card}:clock`;
let ahead = 0; // how far the server's clock is ahead of this device's
let pressed = []; // what the server has not heard yet: [part, when]
let busy = false;
let said = "";

const now = () => Date.now() + ahead;
const buttons = () => [...clock.querySelectorAll(".clock-part")];
const running = () => buttons().find((part) => part.dataset.since);
const next = () => buttons()[buttons().indexOf(running()) + 1];

const arrived = () => {
  const { now: then, revision } = clock.querySelector("[data-now]").dataset;
  ahead = Number(then) - Date.now();
  if (Number(revision) > Number(form.elements.revision.value)) form.dispatchEvent(new Event("card:newer"));
};

const asTime = (milliseconds) => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

const show = () => {
  for (const part of buttons()) {
    const ran = Number(part.dataset.ran) + (part.dataset.since ? now() - Number(part.dataset.since) : 0);
    const left = Number(part.dataset.planned) * 60_000 - ran;
    part.querySelector("[data-ran-for]").textContent = asTime(ran);
    part.setAttribute("aria-pressed", Boolean(part.dataset.since));
    part.classList.toggle("over", left < 0);
    const minutes = document.querySelector(`#minutes-${CSS.escape(part.value)}`);
    if (minutes) {
      const whole = Math.round(ran / 60_000);
      minutes.placeholder = whole || "";
      document.querySelector(`[data-by-clock="${CSS.escape(part.value)}"]`).hidden = !whole;
    }
    if (part.dataset.since) warn(part, left);
  }
  clock.querySelector(".clock-stop").hidden = !running();
};

// Said once a part, for those who do not look.
const warn = (part, left) => {
  const says = clock.querySelector(".clock-says");
  const word = left < 0 ? (next() ? "over" : "overLast") : left < SOON ? "left" : "";
  if (!says?.dataset[word] || said === `${part.value} ${word}`) return;
  said = `${part.value} ${word}`;
  says.textContent = says.dataset[word];
};

const keep = () => {
  try {
    if (pressed.length) localStorage.setItem(place, JSON.stringify(pressed));
    else localStorage.removeItem(place);
  } catch {
    // Kept on this page only.
  }
};

const ask = async (how) => {
  const answer = await fetch(clock.dataset.clock, { ...how, headers: { "HX-Request": "true" } });
  if (![200, 409, 422].includes(answer.status)) throw new Error(answer.status);
  if (pressed.length > (how ? 1 : 0)) return; // the page is ahead of this answer
  const text = await answer.text();
  said = "";
  const held = clock.contains(document.activeElement) ? document.activeElement.value : null;
  clock.innerHTML = text;
  if (held !== null) clock.querySelector(`[value="${CSS.escape(held)}"]:not([hidden])`)?.focus();
  arrived();
  show();
};

const send = async () => {
  if (busy || !pressed.length) return;
  busy = true;
  try {
    while (pressed.length) {
      const [part, when] = pressed[0];
      const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1] ?? form.elements.csrfmiddlewaretoken.value;
      const body = new URLSearchParams({ run: part, ago: Math.max(0, Math.round(now() - when)), csrfmiddlewaretoken: token });
      await ask({ method: "POST", body });
      pressed.shift();
      keep();
    }
  } catch {
    const says = clock.querySelector(".clock-says");
    if (says?.dataset.waits) says.textContent = says.dataset.waits;
  } finally {
    busy = false;
  }
};

const press = (value, at = now()) => {
  for (const part of buttons()) {
    if (part.dataset.since && part.value !== value) {
      part.dataset.ran = Number(part.dataset.ran) + at - Number(part.dataset.since);
      part.dataset.since = "";
    } else if (part.value === value && !part.dataset.since) {
      part.dataset.since = at;
    }
  }
  said = "";
  pressed.push([value, at]);
  keep();
  show();
  send();
};

if (clock) {
  clock.addEventListener("click", (event) => {
    const button = event.target.closest("[name=run]");
    if (!button) return;
    event.preventDefault();
    press(button.value);
  });
  document.addEventListener("clock:next", () => next() && press(next().value));
  arrived();
  try {
    for (const [part, when] of JSON.parse(localStorage.getItem(place)) ?? []) {
      press(part, when);
    }
  } catch {
    // Nothing was kept.
  }
  setInterval(show, 1000);
  setInterval(() => {
    if (pressed.length) send();
    else if (!document.hidden && !busy) ask().catch(() => {});
  }, LOOK_EVERY);
  window.addEventListener("online", send);
  document.addEventListener("visibilitychange", () => !document.hidden && !pressed.length && ask().catch(() => {}));
  show();
}
