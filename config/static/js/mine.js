// Counts down to today's interviews by the server's clock, and marks cards of which this device has words not sent yet.

const loaded = Date.now();
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });

const show = () => {
  const began = Number(document.querySelector("#mine").dataset.now) * 1000;
  const now = began + (Date.now() - loaded);
  for (const span of document.querySelectorAll("[data-until]")) {
    const minutes = Math.ceil((Number(span.dataset.until) * 1000 - now) / 60_000);
    if (minutes <= 0) span.textContent = words.format(0, "minute");
    else if (minutes < 120) span.textContent = words.format(minutes, "minute");
    else span.textContent = words.format(Math.round(minutes / 60), "hour");
    span.classList.toggle("soon", minutes <= 15);
  }
  for (const mark of document.querySelectorAll("[data-kept]")) {
    try {
      mark.hidden = localStorage.getItem(mark.dataset.kept) === null;
    } catch {
      // Nothing can have been kept.
    }
  }
};
show();
setInterval(show, 15_000);
document.addEventListener("htmx:afterSwap", show);
