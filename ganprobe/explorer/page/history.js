// A state that changes, with undo and redo. A change in passing (a slider on its way) is no step; where it settles is.

export class History {
  constructor(state, changed) {
    this.state = state;
    this.changed = changed;
    this.past = [];
    this.future = [];
    this.settled = state;
  }

  // Takes `patch` into the state; settle: false while it is on its way.
  set(patch, settle = true) {
    this.state = { ...this.state, ...patch };
    if (settle) this.settle();
    this.changed(this.state);
  }

  settle() {
    if (JSON.stringify(this.state) === JSON.stringify(this.settled)) return;
    this.past.push(this.settled);
    this.settled = this.state;
    this.future = [];
  }

  undo() {
    this.settle();
    this.walk(this.past, this.future);
  }

  redo() {
    this.walk(this.future, this.past);
  }

  walk(from, to) {
    if (!from.length) return;
    to.push(this.settled);
    this.state = this.settled = from.pop();
    this.changed(this.state);
  }
}
