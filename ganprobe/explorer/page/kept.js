// Pictures that somebody keeps, in this tab alone: each goes back to its state, and can be taken away.

import { made } from "./controls.js";

export class Kept {
  constructor(list, goTo, changed) {
    this.list = list;
    this.goTo = goTo;
    this.changed = changed;
    this.items = [];
  }

  get states() {
    return this.items.map((item) => item.state);
  }

  add(state, picture, said) {
    const small = made("canvas", {});
    const scale = Math.min(1, 168 / picture.naturalWidth);
    small.width = Math.round(picture.naturalWidth * scale);
    small.height = Math.round(picture.naturalHeight * scale);
    small.getContext("2d").drawImage(picture, 0, 0, small.width, small.height);
    const item = { state };
    const image = made("img", { src: small.toDataURL(), alt: said });
    item.element = made("li", {},
      made("button", { type: "button", class: "back", "aria-label": `Go back to ${said}`, onclick: () => this.goTo(item.state) }, image),
      made("button", { type: "button", class: "away", text: "×", "aria-label": `Take away ${said}`, onclick: () => this.remove(item) }));
    this.items.push(item);
    this.list.append(item.element);
    this.changed(this.items.length);
  }

  remove(item) {
    this.items = this.items.filter((each) => each !== item);
    item.element.remove();
    this.changed(this.items.length);
  }

  empty() {
    for (const item of [...this.items]) this.remove(item);
  }
}
