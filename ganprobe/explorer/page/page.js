// The page: one state, controls that change it, and a picture of it.

import { about, asked, pictureOf, Pictures, saved } from "./server.js";
import { at, made, signed, slider, whole } from "./controls.js";
import { History } from "./history.js";
import { Kept } from "./kept.js";

const MOST = 5;
const BETWEEN_FRAMES = 40;
const ROUND_TRIP = 4000;
const SMALL = 256;

const known = await about();
const sliders = new Map();
let playing = false;
let otherShown = "";

// The state is what the server takes for a scene, but that strengths stand by "file:number", and what is switched off
// keeps its numbers.
const first = {
  index: 0, seed: known.scene.seed, own: known.scene.own, label: null, truncation: known.scene.truncation, noise: known.scene.noise,
  noiseSeed: 0, strengths: {}, layersOn: false, layers: [0, Math.max(0, known.layers - 1)], otherOn: false, otherIndex: 1,
  otherSeed: known.scene.seed, position: 0, along: known.paths[0] ?? "z", mixOn: false,
  mix: [Math.floor(known.layers / 2), Math.max(0, known.layers - 1)],
};

function pointOf(index, seed, own) {
  return own ? { index, own } : { index, seed };
}

function sceneOf(state) {
  const moves = Object.entries(state.strengths).map(([key, strength]) => {
    const [file, number] = key.split(":").map(Number);
    return { file, number, strength };
  });
  const scene = {
    point: pointOf(state.index, state.seed, state.own), moves: moves.filter((move) => move.strength !== 0),
    truncation: state.truncation, noise: state.noise === "own" && !state.own ? "const" : state.noise, noise_seed: state.noiseSeed,
  };
  if (known.scene.cutoff !== null) scene.cutoff = known.scene.cutoff;
  if (state.label !== null) scene.label = state.label;
  if (state.layersOn) scene.layers = state.layers;
  if (state.otherOn) {
    scene.other = pointOf(state.otherIndex, state.otherSeed, state.own);
    scene.position = state.position;
    scene.along = state.along;
    if (state.mixOn) scene.mixed = state.mix;
  }
  return scene;
}

function said(state) {
  const parts = [state.own ? (known.own.names[state.index] || `latent ${state.index}`) : `sample ${state.index} of seed ${state.seed}`];
  if (state.label !== null) parts.push(`class ${known.classes[state.label]}`);
  if (state.otherOn && state.position) parts.push(`${Math.round(100 * state.position)}% of the way to ${state.otherIndex}`);
  if (state.otherOn && state.mixOn) parts.push(`layers ${state.mix.join(" to ")} of ${state.otherIndex}`);
  for (const [key, strength] of Object.entries(state.strengths)) {
    const [file, number] = key.split(":").map(Number);
    if (strength) parts.push(`${known.shelves[file].directions[number].name} ${signed(strength)}`);
  }
  return parts.join(", ");
}

function tell(line) {
  at("saved").textContent = line;
}

function complain(line) {
  at("error").textContent = line;
  at("error").hidden = false;
}

async function tried(work) {
  try {
    tell(await work());
  } catch (problem) {
    complain(problem.message);
  }
}

const pictures = new Pictures({
  async picture(address, milliseconds, scene, isNewest) {
    const state = history.state;
    const fresh = made("img", { src: address, alt: said(state), id: "picture", class: at("picture").className });
    await fresh.decode();
    if (!isNewest()) return URL.revokeObjectURL(address);
    const old = at("picture");
    old.replaceWith(fresh);
    URL.revokeObjectURL(old.src);
    fresh.dataset.scene = JSON.stringify(scene);
    at("error").hidden = true;
    at("caption").textContent = fresh.alt;
    at("took").textContent = milliseconds === null ? "" : `${Math.round(milliseconds)} ms`;
  },
  error: complain,
  scores(table) {
    at("scores-panel").hidden = false;
    at("scores").replaceChildren(...Object.entries(table).map(([name, value]) =>
      made("div", {}, made("dt", { text: name }), made("dd", { text: `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}` }))));
  },
}, known.scores);

const history = new History(first, changed);
const kept = new Kept(at("kept"), (state) => history.set(state), keptChanged);

function changed(state) {
  pictures.show(sceneOf(state));
  write(state);
  at("command").hidden = at("copy").hidden = at("save-command-latents").hidden = true;
  at("show-command").hidden = false;
  at("command-note").textContent = "";
}

// The controls say what the state is.
function write(state) {
  const put = (id, value) => { if (document.activeElement !== at(id) || whole(at(id)) !== value) at(id).value = value; };
  put("index", state.index);
  put("seed", state.seed);
  put("noise-seed", state.noiseSeed);
  put("other-index", state.otherIndex);
  put("other-seed", state.otherSeed);
  put("layers-first", state.layers[0]);
  put("layers-last", state.layers[1]);
  put("mix-first", state.mix[0]);
  put("mix-last", state.mix[1]);
  at("source").value = state.own ? "own" : "drawn";
  at("class").value = state.label ?? "";
  at("noise").value = state.noise;
  at("along").value = state.along;
  at("layers-on").checked = state.layersOn;
  at("other-on").checked = state.otherOn;
  at("mix-on").checked = state.mixOn;
  at("seed-field").hidden = at("other-seed-field").hidden = at("random").hidden = state.own;
  at("noise-seed-field").hidden = state.noise !== "seed";
  for (const id of ["layers-first", "layers-last"]) at(id).disabled = !state.layersOn;
  for (const id of ["other-index", "other-seed", "swap", "play", "along", "save-path", "mix-on"]) at(id).disabled = !state.otherOn;
  for (const id of ["mix-first", "mix-last"]) at(id).disabled = !state.otherOn || !state.mixOn;
  for (const id of ["index", "other-index"]) at(id).max = state.own ? known.own.count - 1 : "";
  position.input.disabled = !state.otherOn;
  position.set(state.position);
  truncation?.set(state.truncation);
  for (const [key, control] of sliders) control.set(state.strengths[key] ?? 0);
  at("undo").disabled = !history.past.length && history.state === history.settled;
  at("redo").disabled = !history.future.length;
  at("still").disabled = !Object.values(state.strengths).some(Boolean);
  showOther(state);
}

async function showOther(state) {
  const scene = { point: pointOf(state.otherIndex, state.otherSeed, state.own), truncation: state.truncation };
  if (known.scene.cutoff !== null) scene.cutoff = known.scene.cutoff;
  if (state.label !== null) scene.label = state.label;
  const wanted = state.otherOn ? JSON.stringify(scene) : "";
  if (wanted === otherShown) return;
  otherShown = wanted;
  at("other-picture").hidden = !state.otherOn;
  if (!state.otherOn) return;
  try {
    const address = await pictureOf(scene);
    if (otherShown !== wanted) return;
    at("other-picture").src = address;
    at("other-picture").alt = `The second sample, ${state.otherIndex}`;
  } catch (problem) {
    complain(problem.message);
  }
}

function keptChanged(count) {
  at("kept-none").hidden = count > 0;
  at("kept-bar").hidden = count === 0;
}

function fieldsOf(shelf, file) {
  const rows = shelf.directions.map((direction, number) => {
    const key = `${file}:${number}`;
    const scores = Object.entries(direction.scores).map(([name, value]) => `${name.replaceAll("_", " ")} ${Number(value.toPrecision(3))}`);
    const where = direction.space + (direction.layers ? `, layers ${direction.layers[0]} to ${direction.layers.at(-1)}` : "");
    const film = made("button", {
      type: "button", class: "small", text: "GIF", "aria-label": `${direction.name}: save a GIF from −3 to +3`,
      onclick: () => tried(() => saved({ kind: "sweep", scenes: [sceneOf(history.state)], file, number })),
    });
    const control = slider({
      label: direction.name, note: [where, ...scores].join(" · "), least: -MOST, most: MOST, step: 0.1, said: signed, rest: 0, extra: [film],
      onmove: (value, settled) => history.set({ strengths: { ...history.state.strengths, [key]: value } }, settled),
    });
    sliders.set(key, control);
    return control.row;
  });
  const title = made("h3", { id: `shelf-${file}`, text: `${shelf.title} (${shelf.method})` });
  return made("div", { role: "group", "aria-labelledby": `shelf-${file}` }, title, ...rows);
}

const position = slider({
  label: "Way to it", least: 0, most: 1, step: 0.01, rest: 0, said: (value) => `${Math.round(100 * value)}%`,
  onmove: (value, settled) => history.set({ position: value }, settled),
});
at("position-place").append(position.row);

const truncation = known.truncation && slider({
  label: known.truncation.name, least: known.truncation.least, most: known.truncation.most, step: 0.05, rest: 1,
  said: (value) => value.toFixed(2), onmove: (value, settled) => history.set({ truncation: value }, settled),
});
if (truncation) at("truncation-place").append(truncation.row);

function onWhole(id, take) {
  at(id).addEventListener("input", () => { const value = whole(at(id)); if (value !== null) take(value); });
  at(id).addEventListener("change", () => write(history.state));
}

function onRange(name, first, last) {
  onWhole(first, (value) => history.set({ [name]: [value, Math.max(value, history.state[name][1])] }));
  onWhole(last, (value) => history.set({ [name]: [Math.min(value, history.state[name][0]), value] }));
  for (const id of [first, last]) at(id).max = Math.max(0, known.layers - 1);
}

function onCheck(id, name) {
  at(id).addEventListener("change", () => history.set({ [name]: at(id).checked }));
}

function walk(by) {
  const most = history.state.own ? known.own.count - 1 : 2 ** 31 - 1;
  history.set({ index: Math.min(most, Math.max(0, history.state.index + by)) });
}

async function play() {
  playing = !playing && history.state.otherOn;
  at("play").setAttribute("aria-pressed", playing);
  at("play").textContent = playing ? "Pause" : "Play";
  if (!playing) return history.set({});
  const began = performance.now() - history.state.position * ROUND_TRIP / 2;
  while (playing && history.state.otherOn) {
    const phase = ((performance.now() - began) / ROUND_TRIP) % 1;
    history.set({ position: Math.round(100 * (phase < 0.5 ? 2 * phase : 2 - 2 * phase)) / 100 }, false);
    do await new Promise((ready) => setTimeout(ready, BETWEEN_FRAMES)); while (!pictures.idle);
  }
}

function keep() {
  const picture = at("picture");
  if (picture.naturalWidth) kept.add(history.state, picture, said(history.state));
}

async function command(save = false) {
  const told = await asked("command", { scene: sceneOf(history.state), save });
  at("command").value = told.line;
  at("command").hidden = at("copy").hidden = false;
  at("show-command").hidden = true;
  at("save-command-latents").hidden = !told.needs_latents || told.saved !== null;
  at("command-note").textContent = !told.needs_latents ? "As an edit of the sample."
    : told.saved ? `Its latents are in ${told.saved}.` : "No edit of one sample makes it: it reads latents.safetensors, to be saved first.";
}

at("previous").addEventListener("click", () => walk(-1));
at("next").addEventListener("click", () => walk(1));
at("random").addEventListener("click", () => history.set({ seed: crypto.getRandomValues(new Uint16Array(1))[0], index: 0 }));
at("undo").addEventListener("click", () => history.undo());
at("redo").addEventListener("click", () => history.redo());
at("still").addEventListener("click", () => history.set({ strengths: {} }));
at("keep").addEventListener("click", keep);
at("save-png").addEventListener("click", () => tried(() => saved({ kind: "png", scenes: [sceneOf(history.state)] })));
at("save-path").addEventListener("click", () => tried(() => saved({ kind: "path", scenes: [sceneOf(history.state)] })));
at("save-latents").addEventListener("click", () => tried(() => saved({ kind: "latents", scenes: kept.states.map(sceneOf) })));
at("save-command-latents").addEventListener("click", () => tried(async () => {
  if (known.folder === null) return saved({ kind: "latents", scenes: [sceneOf(history.state)] });
  await command(true);
  return "";
}));
at("forget").addEventListener("click", () => kept.empty());
at("show-command").addEventListener("click", () => tried(async () => { await command(); return ""; }));
at("copy").addEventListener("click", async () => {
  at("command").select();
  await navigator.clipboard?.writeText(at("command").value).catch(() => {});
  tell("Copied");
});
at("play").addEventListener("click", play);
at("swap").addEventListener("click", () => {
  const { index, seed, otherIndex, otherSeed } = history.state;
  history.set({ index: otherIndex, seed: otherSeed, otherIndex: index, otherSeed: seed });
});
at("source").addEventListener("change", () => history.set({ own: at("source").value === "own", index: 0, otherIndex: 0 }));
at("class").addEventListener("change", () => history.set({ label: at("class").value === "" ? null : Number(at("class").value) }));
at("noise").addEventListener("change", () => history.set({ noise: at("noise").value }));
at("along").addEventListener("change", () => history.set({ along: at("along").value }));
onWhole("index", (index) => history.set({ index }));
onWhole("seed", (seed) => history.set({ seed }));
onWhole("noise-seed", (noiseSeed) => history.set({ noiseSeed }));
onWhole("other-index", (otherIndex) => history.set({ otherIndex }));
onWhole("other-seed", (otherSeed) => history.set({ otherSeed }));
onRange("layers", "layers-first", "layers-last");
onRange("mix", "mix-first", "mix-last");
onCheck("layers-on", "layersOn");
onCheck("other-on", "otherOn");
onCheck("mix-on", "mixOn");

document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey && (key === "z" || key === "y")) {
    event.preventDefault();
    if (key === "y" || event.shiftKey) history.redo();
    else history.undo();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  const does = { arrowleft: () => walk(-1), arrowright: () => walk(1), k: keep, p: play }[key];
  if (does) {
    event.preventDefault();
    does();
  }
});

document.title = `${known.name} · Explorer`;
at("name").textContent = known.name;
at("facts").textContent = [`${known.size[1]} × ${known.size[0]} pixels`, `latents: ${Object.entries(known.spaces)
  .map(([name, shape]) => `${name} ${shape.join(" × ")}`).join(", ")}`].join(" · ");
for (const id of ["picture", "other-picture"]) at(id).classList.toggle("squares", Math.max(...known.size) < SMALL);
at("shelves").append(...known.shelves.map(fieldsOf));
at("directions-panel").hidden = known.shelves.length === 0;
at("drawing-panel").hidden = !(known.truncation || known.noise || (known.layers && known.shelves.length));
at("noise-bar").hidden = !known.noise;
at("layers-bar").hidden = !known.layers || !known.shelves.length;
at("mix-bar").hidden = !known.layers;
at("class-bar").hidden = known.classes.length === 0;
at("source-bar").hidden = known.own === null;
at("command-panel").hidden = !known.commands;
at("class").append(made("option", { value: "", text: "as drawn" }), ...known.classes.map((name, label) => made("option", { value: label, text: name })));
at("along").append(...known.paths.map((name) => made("option", { value: name, text: name === "z" ? "z (spherical)" : "w (straight)" })));
if (known.own?.noise) at("noise").append(made("option", { value: "own", text: "of the latents" }));
if (first.noise === "own" && !known.own?.noise) first.noise = "const";
history.set({});
