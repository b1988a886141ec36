// The experiment of the front page: a network of 4-6-6-2 units, its hidden outputs zeroed by chance.

const SIZES = [4, 6, 6, 2], HIDDEN = [1, 2], RADIUS = 15, ACROSS = 150, DOWN = 46, TOP = 150;
const SVG = "http://www.w3.org/2000/svg";
const find = (id) => document.getElementById(id);
const shape = (name, attributes) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};

// Weights and inputs are the same at each visit: a linear congruential generator, seeded. They are positive, so that
// each unit is active and the mean of a layer is what its formula says.
let state = 7;
const fixed = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
const input = Array.from({ length: SIZES[0] }, () => 0.5 + fixed());
const weights = SIZES.slice(1).map((width, layer) =>
  Array.from({ length: width }, () => Array.from({ length: SIZES[layer] }, () => (0.2 + fixed()) / SIZES[layer])));
const mean = (numbers) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

function forward(masks) {
  const layers = [input];
  weights.forEach((rows, layer) => {
    const out = rows.map((row) => row.reduce((sum, w, i) => sum + w * layers[layer][i], 0));
    layers.push(masks[layer] ? out.map((each, i) => each * masks[layer][i]) : out);
  });
  return layers;
}

const chosen = { p: 0.5, inverted: false, answer: null };
let coins = [], drawn = 0, now = 0;
const factor = () => (chosen.inverted ? 1 / (1 - chosen.p) : 1);
const masks = (tosses) => tosses.map((layer) => layer.map((coin) => (coin < chosen.p ? 0 : factor())));
const toss = () => HIDDEN.map((layer) => Array.from({ length: SIZES[layer] }, Math.random));
const last = (layers) => mean(layers[HIDDEN.at(-1)]);

const atTest = () => last(forward([]));
// The mean over all masks: every unit is active, so what a mask does on average is what the layer does on average.
const inTraining = () => ((1 - chosen.p) * factor()) ** HIDDEN.length * atTest();

const place = (layer, unit) => [40 + ACROSS * layer, TOP + DOWN * (unit - (SIZES[layer] - 1) / 2)];
const lines = [], units = [];
(() => {
  const quiet = shape("g", { "data-quiet": "" });
  find("net").append(quiet);
  weights.forEach((rows, layer) => rows.forEach((row, to) => row.forEach((w, from) => {
    const [[x1, y1], [x2, y2]] = [place(layer, from), place(layer + 1, to)];
    const line = shape("line", { x1, y1, x2, y2, "stroke-width": 0.6 + 5 * w });
    quiet.append(line);
    lines.push({ line, layer, from, to });
  })));
  SIZES.forEach((width, layer) => units.push(Array.from({ length: width }, (_, unit) => {
    const [x, y] = place(layer, unit), group = shape("g", { transform: `translate(${x} ${y})` });
    const ring = shape("circle", { r: RADIUS, class: "ring" }), fill = shape("circle", { class: "fill" });
    const cross = shape("path", { d: "M-7-7L7 7M7-7L-7 7", class: "cross" });
    group.append(ring, fill, cross);
    find("net").append(group);
    return { group, fill };
  })));
})();

function draw() {
  const mask = masks(coins), layers = forward(mask);
  const kept = (layer, unit) => !HIDDEN.includes(layer) || mask[layer - 1][unit] > 0;
  units.forEach((layer, l) => layer.forEach(({ group, fill }, u) => {
    group.classList.toggle("dropped", !kept(l, u));
    fill.setAttribute("r", Math.min(RADIUS, RADIUS * Math.sqrt(layers[l][u] / 1.6)));
  }));
  for (const { line, layer, from, to } of lines)
    line.classList.toggle("cut", !kept(layer, from) || !kept(layer + 1, to));
  now = last(layers);
  const count = mask.flat().filter((m) => m > 0).length;
  find("said").textContent = `Mini-batch ${drawn}, one sample of it: ${count} of ${mask.flat().length} hidden units are kept.`;
  bars();
}

function bars() {
  const widest = 1.3 * atTest(), share = (value) => `${Math.min(100, (100 * value) / widest)}%`;
  const training = inTraining();
  find("training").style.width = share(training);
  find("training-value").textContent = training.toFixed(2);
  find("now").style.left = share(now);
  if (!chosen.answer) return;
  find("test").style.width = share(atTest());
  find("test-value").textContent = atTest().toFixed(2);
}

function next() {
  coins = toss();
  drawn += 1;
  draw();
}

const SEEN = {
  zeroing: () => `At test time every unit is there, and the layers' outputs are larger than any that the next layer
    learned from: ${atTest().toFixed(2)} against ${inTraining().toFixed(2)} in training, at this p. So zeroing alone is
    not all of it. Switch to inverted.`,
  inverted: () => `Inverted dropout passes kept outputs on enlarged, so that the mean in training is that of test time,
    and a trained network is used as it is. By how much, what backward has to do with it, and how to test a layer that
    rolls dice: that is the course.`,
};
const RIGHT = "larger";

function answer() {
  for (const button of document.querySelectorAll("[data-answer]"))
    button.setAttribute("aria-pressed", button.dataset.answer === chosen.answer);
  const said = chosen.inverted ? "" : chosen.answer === RIGHT ? "So it is. " : "It is the third. ";
  find("answer").textContent = (said + SEEN[chosen.inverted ? "inverted" : "zeroing"]()).replace(/\s+/g, " ");
  find("scheme").disabled = false;
  find("test-row").classList.remove("closed");
}

find("p").addEventListener("input", (event) => {
  chosen.p = event.target.valueAsNumber;
  find("p-value").textContent = chosen.p.toFixed(2);
  draw();
  if (chosen.answer) answer();
});
find("next").addEventListener("click", next);
for (const button of document.querySelectorAll("[data-answer]"))
  button.addEventListener("click", () => { chosen.answer = button.dataset.answer; answer(); bars(); });
for (const radio of document.querySelectorAll("[name=scheme]"))
  radio.addEventListener("change", () => { chosen.inverted = radio.value === "inverted"; draw(); answer(); });
for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(button.dataset.copy);
    button.textContent = "copied";
  });
next();
