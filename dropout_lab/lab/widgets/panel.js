// The face of panel.py: labelled HTML controls, the picture, and a caption that is read out when it changes.

let count = 0; // for ids: a page may hold several panels, and a panel several views

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

// JupyterLab takes arrow keys and Enter for itself, except where this attribute stands on the focused element.
function own(node) {
  node.dataset.lmSuppressShortcuts = "true";
  return node;
}

const decimals = (step) => (String(step).split(".")[1] || "").length;

// Each kind gives the nodes to show, and a function that sets them to a value.
const kinds = {
  range(control, id, change) {
    const text = (value) => value.toFixed(decimals(control.step));
    const output = make("output", { htmlFor: id });
    const input = own(make("input", { type: "range", id, min: control.low, max: control.high, step: control.step }));
    input.oninput = () => { output.value = text(input.valueAsNumber); change(input.valueAsNumber); };
    return [[input, output], (value) => { input.value = value; output.value = text(value); }];
  },
  seed(control, id, change) {
    const { low = 0, high = Infinity } = control; // a page has few seeds; there the button begins again
    const input = own(make("input", { type: "number", id, min: low, max: high, step: 1 }));
    const button = own(make("button", { type: "button", textContent: control.button }));
    const take = (seed) => change(seed > high ? low : seed);
    input.oninput = () => { if (input.valueAsNumber >= low) take(Math.floor(input.valueAsNumber)); };
    button.onclick = () => take((Math.floor(input.valueAsNumber) || 0) + 1);
    return [[input, button], (value) => { input.value = value; }];
  },
  choice(control, id, change) {
    const options = control.options.map((option) => make("option", { value: option, textContent: option }));
    const select = own(make("select", { id }, ...options));
    select.onchange = () => change(select.value);
    return [[select], (value) => { select.value = value; }];
  },
  moves(control, id, change) {
    let made = [];
    const move = (name) => {
      if (!made.includes(name) && !made.some((each) => control.names.includes(each))) change([...made, name]);
    };
    const press = (text, act) => own(make("button", { type: "button", textContent: text, onclick: act }));
    const tests = control.options.map((option) => press(option, () => move(option)));
    const names = control.names.map((name) => make("option", { value: name, textContent: name }));
    const select = own(make("select", { id: `${id}-names` }, ...names));
    const name = press(control.button, () => move(select.value));
    const group = make("div", { id, className: "dl-moves" }, ...tests);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", control.label);
    const verdict = make("div", { className: "dl-moves" },
      make("label", { htmlFor: select.id, textContent: control.naming }), select, name);
    return [[group, verdict], (value) => {
      made = value;
      if (!made.length) select.selectedIndex = 0;
      const closed = made.some((each) => control.names.includes(each));
      for (const test of tests) test.setAttribute("aria-disabled", closed || made.includes(test.textContent));
      name.setAttribute("aria-disabled", closed);
    }];
  },
};

const style = `
.dl-panel .dl-moves { display: flex; flex-wrap: wrap; gap: .4em; align-items: center; }
.dl-panel [aria-disabled=true] { opacity: .55; }
.dl-panel select { max-width: 100%; }
.dl-panel .dl-controls { display: flex; flex-wrap: wrap; gap: .4em 1.6em; align-items: center; margin: .3em 0; }
.dl-panel .dl-control { display: flex; flex-wrap: wrap; gap: .5em; align-items: center; }
.dl-panel input, .dl-panel select, .dl-panel button, .dl-panel output { font: inherit; }
.dl-panel input[type=range] { width: 12em; }
.dl-panel input[type=number] { width: 5em; }
.dl-panel output { min-width: 2.5em; font-variant-numeric: tabular-nums; }
.dl-panel img { display: block; max-width: 100%; }
.dl-panel .dl-caption { margin: .4em 0; max-width: 52em; line-height: 1.4; }
.dl-panel :focus-visible { outline: 2px solid #0072B2; outline-offset: 2px; }`;

function render({ model, el }) {
  const group = make("div", { className: "dl-controls" });
  const image = make("img");
  const caption = make("p", { className: "dl-caption" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", model.get("title"));
  caption.setAttribute("role", "status");
  const start = Object.fromEntries(model.get("controls").map((control) => [control.name, control.value]));
  const setters = model.get("controls").map((control) => {
    const id = `dl-control-${++count}`;
    const change = (value) => {
      model.set("values", { ...(control.restarts ? start : model.get("values")), [control.name]: value });
      model.save_changes();
    };
    const [nodes, set] = kinds[control.kind](control, id, change);
    const label = make("label", { htmlFor: id, textContent: control.label });
    group.append(make("div", { className: "dl-control" }, label, ...nodes));
    return () => set(model.get("values")[control.name]);
  });
  const turn = () => setters.forEach((set) => set());
  const show = () => {
    image.hidden = !model.get("picture");
    image.src = model.get("picture");
    image.alt = model.get("alt");
    if (caption.textContent !== model.get("caption")) caption.textContent = model.get("caption");
  };
  turn();
  show();
  el.classList.add("dl-panel");
  el.append(make("style", { textContent: style }), group, image, caption);
  model.on("change:values", turn);
  model.on("change:picture change:caption", show);
}

export default { render };
