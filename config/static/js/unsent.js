// The card is in. Words this device still has of it were never sent: they are shown to their author, and forgotten.

const section = document.querySelector("[data-unsent]");
const place = section.dataset.unsent;

const kept = () => {
  try {
    localStorage.removeItem(`${place}:clock`);
    const amended = JSON.parse(localStorage.getItem(`${place}:amend`));
    if (amended?.sent && Number(amended.revision) < Number(section.dataset.revision)) localStorage.removeItem(`${place}:amend`);
    return JSON.parse(localStorage.getItem(place));
  } catch {
    return null;
  }
};

const forget = () => {
  localStorage.removeItem(place);
  section.hidden = true;
};

const copy = kept();
for (const [name, label] of Object.entries(copy?.labels ?? {})) {
  const row = document.createElement("div");
  row.append(document.createElement("dt"), document.createElement("dd"));
  row.firstChild.textContent = label;
  row.lastChild.textContent = copy.mine[name];
  section.querySelector("dl").append(row);
  section.hidden = false;
}
if (copy && section.hidden) forget();
section.querySelector("button").addEventListener("click", forget);
