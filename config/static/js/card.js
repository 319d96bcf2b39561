// The scorecard saves itself and survives: every keystroke is kept on this device until the server has it.
//
// `base` is what the server was last known to hold. A save is refused when somebody (mostly oneself, on a phone) saved
// in between; then each field that differs is settled on its own: changed only there, it is brought in; changed only
// here, it stays; changed on both sides, the writer chooses. Nothing is overwritten unseen, and nothing stops typing.

const WAIT_TYPING = 1200;
const WAIT_CHOICE = 150;
const WAIT_RETRY = 5000;
const NO_REVISION = "-1"; // always stale: the server answers with what it holds

const form = document.querySelector("[data-card]");
const bar = form.querySelector("[data-bar]");
const taken = form.querySelector("[data-taken]");
const savesItself = form.hasAttribute("hx-post");
const place = form.dataset.card; // where on this device the text is kept
const refusedAs = form.dataset.refused;

const say = (state) => {
  bar.dataset.state = conflicts.size && ["saved", "refused"].includes(state) ? "conflict" : state;
};
const same = (one = "", two = "") => one.trim() === two.trim();

// --- the sheet as names and texts --------------------------------------------------------------------------------

// Stories are counted as the server counts them: one left out or empty is not there.
const parts = (story) => [...story.querySelectorAll("textarea, [type=radio]:checked")];
const told = () =>
  [...form.querySelectorAll("[data-story]")].filter(
    (story) => !story.querySelector(".omit :checked") && parts(story).some((part) => part.value.trim()),
  );
const partName = (name) => name.replace(/^story-[0-9]+-/, "");

const read = () => {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (!/^(story-|revision$|csrfmiddlewaretoken$)/.test(name)) fields[name] = value;
  }
  told().forEach((story, index) => {
    for (const control of [story.querySelector("[type=hidden]"), ...parts(story)]) {
      fields[`story-${index + 1}-${partName(control.name)}`] = control.value;
    }
  });
  return fields;
};
const differing = (one, two) => [...new Set([...Object.keys(one), ...Object.keys(two)])].filter((name) => !same(one[name], two[name]));

const addStory = (stories) => {
  const number = Math.max(0, ...[...form.querySelectorAll("[data-number]")].map((span) => Number(span.textContent))) + 1;
  const template = stories.querySelector("template");
  const copy = template.content.cloneNode(true);
  for (const element of copy.querySelectorAll("*")) {
    for (const attribute of element.attributes) attribute.value = attribute.value.replaceAll("NEXT", number);
  }
  copy.querySelector("[data-number]").textContent = number;
  template.before(copy);
  return stories.querySelector(`#story-${number}`);
};

const storyAt = (number, segment) => {
  const listed = told();
  if (listed[number - 1]) return listed[number - 1];
  const all = [...form.querySelectorAll("[data-stories]")];
  const stories = all.find((each) => each.querySelector("template").content.querySelector("[type=hidden]").value === segment) ?? all[0];
  const blank = [...stories.querySelectorAll("[data-story]")].find((story) => !listed.includes(story) && !story.querySelector(".omit :checked"));
  return blank ?? addStory(stories);
};
const controls = (name, segment) => {
  const story = name.match(/^story-([0-9]+)-(.+)$/);
  if (!story) return [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  return [...storyAt(Number(story[1]), segment).querySelectorAll("[name]")].filter((each) => partName(each.name) === story[2]);
};
const put = (name, value, segment) => {
  if (name.endsWith("-segment")) return;
  for (const control of controls(name, segment)) {
    if (control.type === "radio") control.checked = control.value === value;
    else if (control.type === "checkbox") control.checked = Boolean(value);
    else control.value = value;
  }
};
const putAll = (fields) => {
  const now = read();
  // What is written is put before what is taken away, so that no story moves while it is being filled.
  for (const [name, value] of Object.entries(fields)) put(name, value, fields[name.replace(/^(story-[0-9]+)-.*/, "$1-segment")]);
  for (const name of Object.keys(now)) if (!(name in fields)) put(name, "");
};

// --- what is kept on this device ------------------------------------------------------------------------------------

const labelOf = (name) => {
  const control = controls(name)[0];
  const within = control?.closest("[data-signal], [data-story]")?.querySelector("legend");
  return [within, control?.labels?.[0]].map((each) => each?.textContent.trim().replace(/\s+/g, " ")).filter(Boolean).join(": ");
};

let base = read();
let sending = null; // what is on its way to the server
let stuck = null; // what it would not take: the same again would be refused again
let timer = 0;
let paused = false;
let leaving = false;
let gone = false; // somebody else reads on this device now: nothing of this may stay
let submitter = null;
const conflicts = new Map(); // name -> what the other device wrote

// With a difference not settled, the rest is still saved: those fields go out as the server has them.
const toSend = () => ({ ...read(), ...Object.fromEntries(conflicts) });
const isDirty = () => differing(toSend(), base).length > 0;

const keep = ({ sent = false } = {}) => {
  if (gone) return;
  try {
    if (!isDirty() && !conflicts.size) {
      localStorage.removeItem(place);
      return;
    }
    const mine = read();
    const known = Object.fromEntries(Object.entries(base).filter(([name]) => !conflicts.has(name)));
    const words = differing(mine, base).filter((name) => mine[name]?.trim());
    const labels = Object.fromEntries(words.map((name) => [name, labelOf(name)]));
    const revision = conflicts.size ? NO_REVISION : form.elements.revision.value;
    localStorage.setItem(place, JSON.stringify({ revision, base: known, mine, labels, sent }));
  } catch {
    // Storage is blocked or full: the page itself still has the text, and asks before it is left.
  }
};

const restore = () => {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(place));
  } catch {
    // Nothing to be had.
  }
  if (!kept) return;
  if (!differing(kept.mine, read()).length) {
    localStorage.removeItem(place);
    return;
  }
  putAll(kept.mine);
  base = kept.base;
  form.elements.revision.value = kept.revision;
  say("typing");
};

// --- saving -----------------------------------------------------------------------------------------------------

// A log-in in another tab changes the token; the cookie has the current one.
const renewToken = () => {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  if (cookie) form.elements.csrfmiddlewaretoken.value = cookie[1];
};

const save = ({ evenIfClean = false } = {}) => {
  clearTimeout(timer);
  if (!savesItself || paused || leaving || sending !== null || !(evenIfClean || isDirty())) return;
  const fields = toSend();
  if (!evenIfClean && stuck && !differing(fields, stuck).length) return;
  sending = fields;
  if (isDirty()) say("saving");
  renewToken();
  window.htmx.trigger(form, "autosave");
};
const saveIn = (wait) => {
  clearTimeout(timer);
  timer = setTimeout(save, wait);
};

const changed = (wait) => {
  keep();
  if (!isDirty()) return;
  if (sending === null && !paused && !["offline", "loggedout", "broken"].includes(bar.dataset.state)) say("typing");
  saveIn(wait);
};
form.addEventListener("input", (event) => changed(event.target.matches("[type=radio], [type=checkbox]") ? WAIT_CHOICE : WAIT_TYPING));
form.addEventListener("change", () => changed(WAIT_CHOICE));
document.addEventListener("visibilitychange", () => document.hidden && save());
window.addEventListener("online", () => save());
window.addEventListener("focus", () => ["loggedout", "broken"].includes(bar.dataset.state) && save());
// The clock of another device brought word of a newer card: look, unless something is on its way anyhow.
form.addEventListener("card:newer", () => {
  if (isDirty() || sending !== null) return;
  form.elements.revision.value = NO_REVISION;
  save({ evenIfClean: true });
});

form.addEventListener("htmx:configRequest", (event) => {
  event.detail.path = form.getAttribute("hx-post"); // htmx would follow the button that was pressed last
  for (const [name, there] of conflicts) {
    const control = controls(name)[0];
    if (control) event.detail.parameters[control.name] = there;
  }
});

// The list of what is left stays open when the bar is swapped beneath it.
let leftOpen = false;
form.addEventListener("htmx:beforeSwap", () => {
  leftOpen = Boolean(form.querySelector(".left[open]"));
});

form.addEventListener("htmx:afterRequest", (event) => {
  const { status } = event.detail.xhr;
  const sent = sending;
  sending = null;
  const refusal = form.querySelector("#save-state [data-code]");
  if (status === 200) {
    base = sent;
    stuck = null;
    say("saved");
    const left = form.querySelector(".left");
    if (left?.tagName === "DETAILS") left.open = leftOpen;
    if (isDirty()) changed(WAIT_TYPING);
  } else if (status === 409 && refusal?.dataset.code === "stale_form") {
    compare(sent, refusal);
  } else if (status === 409) {
    paused = true;
    say("refused");
  } else if (status === 422) {
    stuck = sent;
    say("refused");
  } else if (status === 404) {
    leaving = gone = true; // somebody else is logged in here by now: what they may see is another page
    window.location.reload();
  } else {
    say(status === 0 ? "offline" : status === 401 ? "loggedout" : "broken");
    saveIn(WAIT_RETRY);
  }
  keep();
  if (submitter) handIn(status);
});

// --- two devices ------------------------------------------------------------------------------------------------

const compare = (sent, refusal) => {
  const theirs = { ...sent };
  const differences = [...refusal.querySelectorAll("[data-field]")];
  for (const each of differences) theirs[each.dataset.field] = each.dataset.there;
  const mine = read();
  const broughtIn = new Set();
  for (const each of differences) {
    const { field, there } = each.dataset;
    const segment = theirs[field.replace(/^(story-[0-9]+)-.*/, "$1-segment")];
    if (same(mine[field], there)) continue;
    if (field in base ? same(mine[field], base[field]) : !mine[field]?.trim()) {
      put(field, there, segment);
      broughtIn.add(each.querySelector("dt").textContent.trim());
    } else if (!(field in base ? same(there, base[field]) : !there.trim())) {
      differ(each);
    }
  }
  base = theirs;
  form.elements.revision.value = refusal.dataset.newer;
  refusal.remove();
  taken.hidden = !broughtIn.size;
  taken.querySelector("span").textContent = [...broughtIn].filter(Boolean).join(", ");
  say("saved");
  if (isDirty()) saveIn(0);
};

const differ = (difference) => {
  const { field, there, shown } = difference.dataset;
  form.querySelector(`[data-differs-at="${CSS.escape(field)}"]`)?.remove();
  const box = document.querySelector("template[data-differs]").content.cloneNode(true).firstElementChild;
  box.dataset.differsAt = field;
  box.querySelector("[data-there]").textContent = shown || "–";
  if (!("isText" in difference.dataset)) box.querySelector("[data-choose=both]").remove();
  const control = controls(field)[0];
  box.setAttribute("aria-label", difference.querySelector("dt").textContent.trim());
  (control.closest(".field, [data-how]") ?? control.closest("fieldset, .ran")).append(box);
  conflicts.set(field, there);
};

form.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-choose]")?.dataset.choose;
  if (!choice) return;
  const box = event.target.closest("[data-differs-at]");
  const field = box.dataset.differsAt;
  const there = conflicts.get(field);
  const here = read()[field] ?? "";
  put(field, { here, there, both: `${here.trim()}\n\n${there}` }[choice]);
  conflicts.delete(field);
  box.remove();
  say("saved");
  (form.querySelector("[data-differs-at] button") ?? controls(field)[0]).focus();
  changed(0);
});
form.querySelector("[data-settle]")?.addEventListener("click", () => form.querySelector("[data-differs-at] button").focus());

// --- handing in ---------------------------------------------------------------------------------------------------

// What is in the form goes out first, in the background; the page is only left when the server has it.
const handIn = (status) => {
  const button = submitter;
  if (status !== 200 || isDirty()) {
    if (status === 409 && !paused && !conflicts.size) save({ evenIfClean: true });
    else if (status === 200) save();
    else {
      submitter = null;
      form.querySelector("[data-differs-at] button")?.focus();
    }
    return;
  }
  submitter = null;
  if (conflicts.size) form.querySelector("[data-differs-at] button").focus();
  else if (button.hasAttribute("formaction")) form.requestSubmit(Object.assign(button, { isCleared: true }));
};

form.addEventListener("submit", (event) => {
  if (leaving) {
    event.preventDefault(); // pressed twice
    return;
  }
  const button = event.submitter;
  if (savesItself && !button?.isCleared && button?.name !== "over") {
    event.preventDefault();
    submitter = button ?? form.querySelector(".save");
    stuck = null;
    save({ evenIfClean: true });
    return;
  }
  clearTimeout(timer);
  renewToken();
  if (!savesItself) keep({ sent: true }); // an amendment is kept until it is in
  leaving = true;
});

// Back from the history: the page may be old, and may be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});
document.addEventListener("reader:changed", () => {
  leaving = gone = true;
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && isDirty()) event.preventDefault();
});

form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-another-story]");
  if (!button) return;
  event.preventDefault();
  addStory(button.closest("[data-stories]")).querySelector("textarea").focus();
});

// --- how it begins ------------------------------------------------------------------------------------------------

if (refusedAs && !["incomplete", "too_early"].includes(refusedAs)) {
  base = {}; // the form holds what the server has not
  paused = refusedAs !== "stale_form" && refusedAs !== "bad_content";
  keep();
} else {
  restore();
}
if (savesItself) window.addEventListener("load", () => isDirty() && saveIn(0));
