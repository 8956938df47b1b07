// What the page asks of the server. All addresses are relative to the page's own, so that any proxy may stand before it.

const tab = crypto.getRandomValues(new Uint32Array(4)).join("-");
const MOST_AT_ONCE = 2;

async function posted(name, said) {
  const response = await fetch(name, { method: "POST", body: JSON.stringify(said), headers: { "Content-Type": "application/json" } });
  const isJson = (response.headers.get("Content-Type") ?? "").startsWith("application/json");
  return { response, told: isJson ? await response.json() : null };
}

export async function about() {
  return (await fetch("about")).json();
}

// JSON that is told of something; an Error with the server's line where it says one.
export async function asked(name, said) {
  const { told } = await posted(name, said);
  if (told?.error) throw new Error(told.error);
  return told;
}

export async function pictureOf(scene) {
  const { response, told } = await posted("picture", { scene });
  if (told?.error) throw new Error(told.error);
  return URL.createObjectURL(await response.blob());
}

// Saves on the server where it has a folder, else as a download. Gives what to say of it.
export async function saved(said) {
  const { response, told } = await posted("export", said);
  if (told?.error) throw new Error(told.error);
  if (told?.saved) return `Saved to ${told.saved}`;
  const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = named ? named[1] : "ganprobe";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return `Saved as ${link.download}`;
}

// Pictures of scenes as they change: the newest is always asked for, those between may be left out, and none is shown
// after a newer one. heard: 
// { picture(address, milliseconds, scene, isNewest), error(line), scores(table) }.
export class Pictures {
  constructor(heard, withScores) {
    this.heard = heard;
    this.withScores = withScores;
    this.number = 0;
    this.shown = this.scored = 0;
    this.scene = null;
    this.flying = 0;
    this.waiting = null;
  }

  show(scene) {
    this.waiting = { scene, number: ++this.number };
    this.send();
  }

  get idle() {
    return this.flying === 0 && this.waiting === null;
  }

  async send() {
    if (this.flying >= MOST_AT_ONCE || this.waiting === null) return;
    const { scene, number } = this.waiting;
    this.waiting = null;
    this.flying++;
    try {
      await this.fetch(scene, number);
    } catch (problem) {
      if (number >= this.shown) this.heard.error(`the server does not answer (${problem.message}); is it still there?`);
    }
    this.flying--;
    this.send();
    if (this.withScores && this.idle && this.scored !== this.shown) this.score();
  }

  async fetch(scene, number) {
    const { response, told } = await posted("picture", { scene, tab, number });
    if (number < this.shown || told?.superseded) return;
    this.shown = number;
    this.scene = scene;
    if (told) return this.heard.error(told.error);
    const took = /dur=([\d.]+)/.exec(response.headers.get("Server-Timing") ?? "");
    const address = URL.createObjectURL(await response.blob());
    await this.heard.picture(address, took ? Number(took[1]) : null, scene, () => number === this.shown);
  }

  // Of the picture that is shown, once nothing newer is on its way.
  async score() {
    const number = this.scored = this.shown;
    const { told } = await posted("scores", { scene: this.scene, tab, number });
    if (number === this.number && told?.scores) this.heard.scores(told.scores);
  }
}
