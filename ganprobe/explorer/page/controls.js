// Parts of the page. Whatever comes from files is put in as text, never as markup.

export const at = (id) => document.getElementById(id);

export function made(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...inside);
  return element;
}

let count = 0;

// A labelled slider. said(value): the text beside it. onmove(value, settled). Gives { row, set(value), input }.
export function slider({ label, note = "", least, most, step, said, rest, onmove, extra = [] }) {
  const id = `slider-${++count}`;
  const input = made("input", { type: "range", id, min: least, max: most, step });
  const output = made("output", { for: id });
  const name = made("label", { for: id, text: label });
  if (note) name.append(made("span", { class: "quiet", text: note }));
  const back = made("button", { type: "button", class: "small", text: "0", "aria-label": `${label}: back to ${said(rest)}` });
  back.textContent = said(rest);
  const row = made("div", { class: "slider" }, name, input, output, made("span", { class: "ends" }, back, ...extra));
  const write = (value) => {
    output.textContent = said(value);
    input.setAttribute("aria-valuetext", said(value));
    row.classList.toggle("moved", value !== rest);
    back.disabled = value === rest;
  };
  const set = (value) => {
    if (Number(input.value) !== value) input.value = value;
    write(value);
  };
  input.addEventListener("input", () => { write(Number(input.value)); onmove(Number(input.value), false); });
  input.addEventListener("change", () => onmove(Number(input.value), true));
  back.addEventListener("click", () => { set(rest); onmove(rest, true); });
  set(rest);
  return { row, set, input };
}

// A whole number of a field, kept within its bounds; null where there is none.
export function whole(input) {
  if (input.value.trim() === "" || !Number.isSafeInteger(Number(input.value))) return null;
  const least = input.min === "" ? -Infinity : Number(input.min);
  const most = input.max === "" ? Infinity : Number(input.max);
  return Math.min(most, Math.max(least, Number(input.value)));
}

export function signed(value) {
  if (value === 0) return "0";
  return `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(1)}`;
}
