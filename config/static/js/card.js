// The scorecard saves itself: htmx sends the form, this file decides when, and says how it went.
//
// One save at a time; the answer brings the next revision with it. A submit waits for the save under way, because
// it would otherwise carry a revision that is already old.

const WAIT_TYPING = 1200;
const WAIT_CHOICE = 150;
const WAIT_RETRY = 5000;

const form = document.querySelector("[data-card]");
const bar = form.querySelector("[data-bar]");
const savesItself = form.hasAttribute("hx-post");

const written = () => {
  const data = new FormData(form);
  data.delete("revision");
  data.delete("csrfmiddlewaretoken");
  return JSON.stringify([...data]);
};

// What the server has. A form that comes back refused holds what the server has not.
const refusedAs = form.dataset.refused;
let kept = refusedAs && !["incomplete", "too_early"].includes(refusedAs) ? null : written();
let sending = null; // what is on its way to it
let timer = 0;
let paused = refusedAs === "stale_form" || refusedAs === "submitted"; // the server has a newer card: nothing is sent until the writer decides
let leaving = false;
let submitter = null;

const say = (state) => {
  bar.dataset.state = state;
};
const isDirty = () => written() !== kept;

// A log-in in another tab changes the token; the cookie has the current one.
const renewToken = () => {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (cookie) form.elements.csrfmiddlewaretoken.value = cookie[1];
};

const save = () => {
  clearTimeout(timer);
  if (!savesItself || paused || leaving || sending !== null || !isDirty()) return;
  sending = written();
  say("saving");
  renewToken();
  window.htmx.trigger(form, "autosave");
};
const saveIn = (wait) => {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
};

const changed = (wait) => {
  if (!isDirty()) return;
  if (sending === null && !paused) say("typing");
  saveIn(wait);
};
form.addEventListener("input", (event) => changed(event.target.matches("[type=radio], [type=checkbox]") ? WAIT_CHOICE : WAIT_TYPING));
form.addEventListener("change", () => changed(WAIT_CHOICE));
document.addEventListener("visibilitychange", () => document.hidden && save());
window.addEventListener("online", save);
window.addEventListener("focus", () => ["loggedout", "broken"].includes(bar.dataset.state) && save());

// The list of what is left stays open when the bar is swapped beneath it.
let leftOpen = false;
form.addEventListener("htmx:beforeSwap", () => {
  leftOpen = Boolean(form.querySelector(".left[open]"));
});

form.addEventListener("htmx:afterRequest", (event) => {
  const { status } = event.detail.xhr;
  const sent = sending;
  sending = null;
  if (status === 200) {
    kept = sent;
    say("saved");
    const left = form.querySelector(".left");
    if (left?.tagName === "DETAILS") left.open = leftOpen;
    if (isDirty()) changed(WAIT_TYPING);
  } else if (status === 409) {
    paused = true;
    say("refused");
  } else if (status === 422) {
    kept = sent; // the same again would be refused again
    say("refused");
  } else {
    say(status === 0 ? "offline" : status === 401 ? "loggedout" : "broken");
    saveIn(WAIT_RETRY);
  }
  if (submitter) {
    const button = submitter;
    submitter = null;
    form.requestSubmit(button);
  }
});

form.addEventListener("submit", (event) => {
  if (leaving) {
    event.preventDefault(); // pressed twice
    return;
  }
  if (sending !== null) {
    event.preventDefault();
    submitter = event.submitter;
    return;
  }
  clearTimeout(timer);
  renewToken();
  leaving = true;
});

// Back from the history: the page may be old, and may be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && isDirty()) event.preventDefault();
});

// --- another story ---------------------------------------------------------------------------------------------

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-another-story]");
  if (!button) return;
  event.preventDefault();
  const stories = button.closest("[data-stories]");
  const number = Math.max(0, ...[...form.querySelectorAll("[data-number]")].map((span) => Number(span.textContent))) + 1;
  const template = stories.querySelector("template");
  const copy = template.content.cloneNode(true);
  for (const element of copy.querySelectorAll("*")) {
    for (const attribute of element.attributes) attribute.value = attribute.value.replaceAll("NEXT", number);
  }
  copy.querySelector("[data-number]").textContent = number;
  template.before(copy);
  stories.querySelector(`#story-${number}-situation`).focus();
});
