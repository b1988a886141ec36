"""How well a page can be read: the contrast of computed colours, text by text and mark by mark, as WCAG defines it."""

TEXT, LARGE, MARK = 4.5, 3.0, 3.0  # the least, to 1; large: 24 px, or 18.66 px in bold
CARDS = ".dl-card, details.answer, article.mistake, div.alert"  # what is told apart by the border on its left

_SEEN = """([TEXT, LARGE, MARK, CARDS]) => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const read = new Map(), behind = new Map(), found = new Map();
  const rgba = (colour) => {
    if (!read.has(colour)) {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
      read.set(colour, [r, g, b, a / 255]);
    }
    return read.get(colour);
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a)).concat(1);
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const paper = Object.assign(document.createElement("div"), { style: "background: Canvas" });
  document.body.append(paper);
  const blank = rgba(getComputedStyle(paper).backgroundColor);
  paper.remove();
  const ground = (element) => {
    if (!element) return blank;
    if (!behind.has(element)) {
      const { backgroundColor, opacity } = getComputedStyle(element), below = ground(element.parentElement);
      const [r, g, b, a] = rgba(backgroundColor);
      behind.set(element, a ? over([r, g, b, a * opacity], below) : below);
    }
    return behind.get(element);
  };
  const faint = (element) => (element ? getComputedStyle(element).opacity * faint(element.parentElement) : 1);
  const judge = (element, colour, on, least, what) => {
    const [r, g, b, a] = rgba(colour), seen = over([r, g, b, a * faint(element)], on), is = ratio(seen, on);
    if (is + 0.005 >= least) return true;
    const name = `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`;
    const key = [name, colour, on].join();
    const paper = on.slice(0, 3).map(Math.round);
    if (!found.has(key)) found.set(key, `${is.toFixed(2)} of ${least}: ${what} in <${name}>, ${colour} on ${paper}`);
    return false;
  };
  for (const fold of document.querySelectorAll("details")) fold.open = true;
  const visible = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  };
  const off = (element) => element.closest("[disabled], [aria-disabled=true], script, style, noscript, template");
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const element = words.currentNode.parentElement, text = words.currentNode.data.trim();
    if (!text || off(element) || !visible(element)) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    const ink = element instanceof SVGElement ? style.fill : style.color;
    judge(element, ink, ground(element), large ? LARGE : TEXT, `"${text.slice(0, 40)}"`);
  }
  for (const field of document.querySelectorAll("input:not([type=range], [type=checkbox], [type=radio]), select"))
    if (visible(field) && !off(field)) judge(field, getComputedStyle(field).color, ground(field), TEXT, "its value");
  for (const card of document.querySelectorAll(CARDS))
    if (visible(card)) judge(card, getComputedStyle(card).borderLeftColor, ground(card), MARK, "its border");
  for (const shape of document.querySelectorAll("svg :is(path, line, polyline, circle, ellipse, rect, polygon)")) {
    if (!visible(shape.closest("svg")) || shape.closest("defs, [data-quiet], [aria-disabled=true]")) continue;
    const { fill, stroke, visibility, display } = getComputedStyle(shape);
    const inks = [fill, stroke].filter((ink) => ink !== "none" && rgba(ink)[3]);
    if (!inks.length || visibility === "hidden" || display === "none") continue;
    const on = ground(shape.closest("svg"));
    const best = inks.sort((one, other) => ratio(over(rgba(other), on), on) - ratio(over(rgba(one), on), on))[0];
    judge(shape, best, on, MARK, "a mark");
  }
  return [...found.values()];
}"""


def faults(page):
    """What is too faint on the page as it stands, everything unfolded: a sentence for each kind.

    Text is measured against the colours behind it; text above a picture, and controls that are off, are not.
    """
    return page.evaluate(_SEEN, [TEXT, LARGE, MARK, CARDS])
