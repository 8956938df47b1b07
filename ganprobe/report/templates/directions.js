"use strict";
document.documentElement.classList.add("js");
const players = [...document.querySelectorAll(".player")].map((root) => {
  const slider = root.querySelector("input");
  if (!slider) {
    for (const cell of root.querySelectorAll(".frame")) cell.classList.add("on");
    return null;
  }
  const said = root.querySelector("output");
  const play = root.querySelector("button");
  const marks = JSON.parse(root.dataset.marks);
  const cells = [...root.querySelectorAll("[data-step]")];
  const at = () => Number(slider.value);
  let timer = 0;
  let way = 1;
  let peers = [];
  const draw = (step) => {
    slider.value = step;
    slider.setAttribute("aria-valuetext", marks[step]);
    said.textContent = marks[step];
    for (const cell of cells) cell.classList.toggle("on", cell.dataset.step === String(step));
  };
  const show = (step) => {
    draw(step);
    for (const peer of peers) peer.draw(step);
  };
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.setAttribute("aria-pressed", "false");
    play.firstElementChild.textContent = "\u25B6";
  };
  const halt = () => {
    stop();
    for (const peer of peers) peer.stop();
  };
  const start = () => {
    halt();
    play.setAttribute("aria-pressed", "true");
    play.firstElementChild.textContent = "\u23F8";
    timer = setInterval(() => {
      if (at() + way < 0 || at() + way >= marks.length) way = -way;
      show(at() + way);
    }, 140);
  };
  slider.addEventListener("input", () => { halt(); show(at()); });
  play.addEventListener("click", () => (timer ? stop() : start()));
  root.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target === slider) return;
    event.preventDefault();
    halt();
    show(Math.min(marks.length - 1, Math.max(0, at() + by)));
  });
  const film = root.querySelector(".film");
  for (const cell of cells.slice(0, marks.length)) {
    if (cell.classList.contains("between")) continue;
    const picture = cell.firstElementChild.cloneNode();
    picture.addEventListener("click", () => { halt(); show(Number(cell.dataset.step)); });
    film.append(picture);
  }
  draw(at());
  return { root, steps: marks.length, draw, stop, join: (others) => { peers = others; } };
}).filter(Boolean);
for (const player of players) {
  const card = player.root.closest("article");
  player.join(players.filter((other) => other !== player && other.steps === player.steps && card.contains(other.root)));
}
