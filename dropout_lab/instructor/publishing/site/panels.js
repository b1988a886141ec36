// On a page, panel.js shows the views that the notebook kept. Python puts its text before this.

const place = (control, value) =>
  control.kind === "choice" ? control.options.indexOf(value) : Math.round((value - control.low) / (control.step ?? 1));
const size = (control) => control.options?.length ?? place(control, control.high) + 1;

// What panel.js uses of a widget's model: here the values choose a view, where Python would draw one.
class Kept {
  constructor({ title, controls, views }) {
    this.views = views;
    this.listeners = [];
    this.state = { title, controls, values: Object.fromEntries(controls.map((each) => [each.name, each.value])) };
    this.choose();
  }
  choose() {
    const { controls, values } = this.state;
    Object.assign(this.state, this.views[controls.reduce((at, c) => at * size(c) + place(c, values[c.name]), 0)]);
  }
  get(name) { return this.state[name]; }
  set(name, value) { this.state[name] = value; }
  on(events, listener) { this.listeners.push(listener); }
  save_changes() { this.choose(); this.listeners.forEach((listener) => listener()); }
}

for (const data of document.querySelectorAll(".dl-views script")) {
  const panel = data.parentElement.querySelector(".dl-panel");
  panel.replaceChildren();
  render({ model: new Kept(JSON.parse(data.textContent)), el: panel });
}
