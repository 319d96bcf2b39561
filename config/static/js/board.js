// Moving a block by dragging it: the nearest time on offer is chosen in the list, which then says whether it fits.

const QUARTER = 15 * 60;

const begin = (event) => {
  const block = event.target.closest(".is-moving");
  const select = document.getElementById("starts");
  if (!block || !select || event.button !== 0) return;
  event.preventDefault();
  const track = block.parentElement;
  const day = block.closest("[data-begins]");
  const from = event.clientX;
  const left = parseFloat(block.getAttribute("x"));
  block.classList.add("is-held");
  block.setPointerCapture(event.pointerId);

  const moved = (to) => left + (100 * (to - from)) / track.clientWidth;
  const follow = (move) => block.setAttribute("x", `${moved(move.clientX)}%`);
  const drop = (up) => {
    block.removeEventListener("pointermove", follow);
    block.classList.remove("is-held");
    const seconds = Number(day.dataset.begins) + (moved(up.clientX) / 100) * day.dataset.minutes * 60;
    const wanted = Math.round(seconds / QUARTER) * QUARTER;
    const away = (option) => Math.abs(Date.parse(option.value) / 1000 - wanted);
    const nearest = [...select.options].reduce((one, two) => (away(two) < away(one) ? two : one));
    select.value = nearest.value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  block.addEventListener("pointermove", follow);
  block.addEventListener("pointerup", drop, { once: true });
  block.addEventListener(
    "pointercancel",
    () => {
      block.removeEventListener("pointermove", follow);
      block.removeEventListener("pointerup", drop);
      block.classList.remove("is-held");
      block.setAttribute("x", `${left}%`);
    },
    { once: true },
  );
};

document.addEventListener("pointerdown", begin);
