"use strict";
// A photograph's points: dragged, moved by keys, saved one change after the other. The server's answer is what is shown.

const SVG = "http://www.w3.org/2000/svg";
const here = location.pathname;
let state = JSON.parse(document.getElementById("state").textContent);
const face = document.getElementById("face"), layer = document.getElementById("points");
const saved = document.getElementById("saved"), lens = document.getElementById("lens");
let chosen = null, view = "face", held = null, later = null, waiting = 0, queue = Promise.resolve();
const nodes = new Map(), pending = new Map();

const point = name => state.points.find(one => one.name === name);
const scale = () => 1 / (face.getScreenCTM()?.a || 1);  // photograph's pixels per screen's

// Saving: each change waits for the one before it. What could not be saved stays on the page, is told, and is sent again
// with the next change.
const failed = [];
function save(path, body) {
  waiting += 1;
  tell("", "Saving …");
  queue = queue.then(async () => {
    waiting -= 1;
    failed.push([path, body]);
    try {
      let answer;
      while (failed.length) { answer = await send(here + failed[0][0], failed[0][1]); failed.shift(); }
      if (!waiting && !held && !pending.size) { state = answer; render(); }
      trouble("");
      if (waiting || pending.size) tell("", "Saving …"); else tell("good", `Saved at ${new Date().toLocaleTimeString("en-GB")}.`);
    } catch (error) {
      tell("bad", `NOT saved: ${failed.length === 1 ? "1 change" : `${failed.length} changes`}.`);
      trouble(error.message);
    }
  });
  return queue;
}
function tell(kind, text) { saved.className = kind; saved.textContent = text; }
addEventListener("beforeunload", event => { if (failed.length) event.preventDefault(); });
function savePoint(name) {
  const one = point(name);
  pending.delete(name);
  return save("/points", { point: name, x: one.x, y: one.y });
}
function saveSoon(name) {
  pending.set(name, true);
  tell("", "Not saved yet …");
  clearTimeout(later);
  later = setTimeout(flush, 400);
}
function flush() {
  clearTimeout(later);
  for (const name of [...pending.keys()]) savePoint(name);
}
addEventListener("pagehide", flush);

// What is shown.
function draw() {
  const unit = scale(), seen = new Set();
  for (const one of state.points) {
    seen.add(one.name);
    let node = nodes.get(one.name);
    if (!node) {
      node = document.createElementNS(SVG, "g");
      node.dataset.point = one.name;
      if (state.editable) node.setAttribute("tabindex", "0");
      node.setAttribute("role", state.editable ? "button" : "img");
      for (const part of ["line", "circle", "circle"]) node.append(document.createElementNS(SVG, part));
      node.addEventListener("focus", () => choose(one.name));
      nodes.set(one.name, node);
      layer.append(node);
    }
    const moved = one.original && Math.hypot(one.x - one.original[0], one.y - one.original[1]) > .005;
    node.setAttribute("class", ["point", moved && "moved", one.others.length && "shared", one.name === chosen && "chosen"].filter(Boolean).join(" "));
    node.setAttribute("aria-label", `${one.called}, ${one.x.toFixed(1)}, ${one.y.toFixed(1)}${moved ? ", moved" : ""}`);
    const [line, ...circles] = node.children;
    line.setAttribute("class", "ghost");
    const from = moved ? one.original : [one.x, one.y];
    for (const [key, value] of Object.entries({ x1: from[0], y1: from[1], x2: one.x, y2: one.y })) line.setAttribute(key, value);
    for (const circle of circles) {
      circle.setAttribute("cx", one.x); circle.setAttribute("cy", one.y); circle.setAttribute("r", (one.name === chosen ? 6 : 4) * unit);
    }
  }
  for (const [name, node] of nodes) if (!seen.has(name)) { node.remove(); nodes.delete(name); }
}

function render() {
  draw();
  const undo = document.getElementById("undo"), redo = document.getElementById("redo");
  undo.disabled = !state.undo; redo.disabled = !state.redo;
  describe(); list(); magnify();
  document.getElementById("measures").replaceChildren(measures());
  document.getElementById("findings").replaceChildren(...(state.findings.length ? state.findings.map(finding) : [element("p", { class: "note" }, "None.")]), ...(state.unasked ? [element("p", { class: "note" }, state.unasked)] : []));
  document.getElementById("notes").replaceChildren(...state.notes.map(one => element("p", {}, one.words, element("span", { class: "why" }, `${one.who}, ${clock(one.at)}`))));
}
function describe() {
  const one = point(chosen), box = document.getElementById("point");
  if (!one) { box.replaceChildren(element("p", { class: "note" }, "None is chosen.")); return; }
  const parts = [element("h3", {}, one.called), element("p", { class: "note" }, one.words), element("p", {}, `x ${one.x.toFixed(1)}, y ${one.y.toFixed(1)} px`)];
  if (one.by) {
    const from = one.original ? ` The model had it at ${one.original[0].toFixed(1)}, ${one.original[1].toFixed(1)}.` : "";
    parts.push(element("p", { class: "note" }, `Placed by ${one.by === state.who ? "you" : one.by}, ${clock(one.at)}.${from}`));
  }
  for (const other of one.others) {
    parts.push(element("p", { class: "also" }, `Also corrected by ${other.who === state.who ? "you" : other.who} at ${clock(other.at)}: x ${other.x.toFixed(1)}, y ${other.y.toFixed(1)}. Both are kept; the later one is shown.`));
  }
  if (one.mine) parts.push(element("button", { type: "button", onclick: () => takeBack(one.name) }, "Take my value back"));
  box.replaceChildren(...parts);
}
function list() {
  const moved = one => one.by !== null;
  document.getElementById("list").replaceChildren(...state.points.map(one => element("button", {
    type: "button", class: moved(one) && "moved", "aria-pressed": String(one.name === chosen),
    onclick: () => { choose(one.name); nodes.get(one.name).focus({ preventScroll: true }); },
  }, one.called)));
}
function measures() {
  const known = state.measures.filter(one => one.value !== null), not = state.measures.filter(one => one.value === null);
  if (!known.length) return element("p", { class: "note" }, state.measures.length ? "Nothing can be measured with these points." : "None yet.");
  const rows = [];
  let region = null;
  for (const one of known) {
    if (one.region !== region) rows.push(element("tr", { class: "group" }, element("th", { scope: "rowgroup", colspan: "3" }, region = one.region)));
    const value = element("td", { class: "number" }, String(one.value));
    if (one.low !== null) value.append(element("span", { class: "interval" }, `${one.low} to ${one.high}`));
    if (one.before !== null) value.append(element("span", { class: "why" }, `was ${one.before}`));
    if (one.bar) value.append(normBar(one));
    const beside = [one.unit, one.side, one.mm !== null && `${one.mm.toFixed(1)} mm`].filter(Boolean).join(", ");
    rows.push(element("tr", { class: one.before !== null && "changed" }, element("th", { scope: "row", title: one.meaning }, one.words), value, element("td", {}, beside)));
  }
  const why = not.length ? [element("details", {}, element("summary", {}, `${not.length} cannot be measured here`), element("ul", {}, ...not.map(one => element("li", {}, `${one.words}: ${one.reason}`))))] : [];
  const changed = known.filter(one => one.before !== null).length;
  return element("div", {}, element("p", { class: "note" }, changed ? `${changed} changed by what people corrected.` : "As the models' points give them.", ` ${state.norms}`),
    element("div", { class: "scroll measures", tabindex: "0", role: "region", "aria-label": "Measures" }, element("table", {}, element("tbody", {}, ...rows))), ...why);
}
function normBar(one) {
  const { bar } = one, parts = [
    ["rect", { x: 0, y: 5.5, width: 100, height: 1, class: "ground" }],
    ["rect", { x: bar.from, y: 2, width: bar.to - bar.from, height: 8, class: "band" }],
    ["line", { x1: bar.low, x2: bar.high, y1: 6, y2: 6 }],
    ["rect", { x: bar.value - 1.2, y: 1, width: 2.4, height: 10, class: bar.outside ? "mark outside" : "mark" }],
  ];
  const label = `${bar.outside ? "outside" : "within"} the norm, ${one.norm}`;
  const svg = document.createElementNS(SVG, "svg");
  const set = (node, all) => { for (const [key, value] of Object.entries(all)) node.setAttribute(key, value); return node; };
  set(svg, { class: "normbar", viewBox: "0 0 100 12", preserveAspectRatio: "none", role: "img", "aria-label": label });
  const title = document.createElementNS(SVG, "title");
  title.textContent = label;
  svg.append(title, ...parts.map(([name, all]) => set(document.createElementNS(SVG, name), all)));
  return svg;
}
function finding(one) {
  const mine = one.said.find(said => said.who === state.who)?.judgement;
  const says = (judgement, words) => element("button", {
    type: "button", "aria-pressed": String(mine === judgement),
    onclick: () => save("/opinion", { finding: one.name, judgement: mine === judgement ? "taken back" : judgement }),
  }, words);
  const others = one.said.filter(said => said.who !== state.who).map(said => element("p", { class: "also" }, `${said.who}: ${said.judgement}, ${clock(said.at)}`));
  const choice = one.added && mine === "added" ? [says("added", "Take back")] : [says("accepted", "Accept"), says("rejected", "Reject")];
  return element("div", { class: "finding" }, element("strong", {}, one.name), element("p", {}, one.words), ...others, element("span", { class: "choice" }, ...choice));
}
function choose(name) {
  if (chosen === name) { magnify(); return; }
  if (pending.size) flush();
  chosen = name;
  draw(); describe(); list(); magnify();
}

// The magnifier shows the surroundings of the chosen point, in the corner that is farther from it.
function magnify() {
  const one = point(chosen);
  lens.hidden = !one || !(held || document.activeElement?.dataset?.point === chosen);
  if (lens.hidden) return;
  const half = lens.clientWidth / 2, nearer = Math.min(4 / scale(), half / 12);  // at least 24 of the photograph's pixels
  lens.style.backgroundImage = `url("/picture/${state.image_id}")`;
  lens.style.backgroundSize = `${state.width * nearer}px ${state.height * nearer}px`;
  lens.style.backgroundPosition = `${half - one.x * nearer}px ${half - one.y * nearer}px`;
  const box = face.viewBox.baseVal;
  lens.classList.toggle("right", one.x < box.x + box.width / 2);
}

// Which part of the face is shown.
function show(name) {
  view = name;
  const kinds = { lips: /alar|nasale|nostril|columella|philtr|labiale|stomion|cheilion/, eyes: /canthion|palpebrale|pupil|iris|ciliare|nasion|glabella/, face: /./ };
  const inside = name === "all" ? [] : state.points.filter(one => kinds[name].test(one.name) || !state.editable);
  if (!inside.length) return setView(0, 0, state.width, state.height);
  const xs = inside.map(one => one.x), ys = inside.map(one => one.y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const margin = .12 * Math.max(right - left, bottom - top) + 4;
  setView(left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin);
}
function setView(x, y, width, height) {
  face.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  for (const button of document.querySelectorAll("[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
  draw(); magnify();
}
function zoom(factor) {
  const box = face.viewBox.baseVal, one = point(chosen);
  const [x, y] = one ? [one.x, one.y] : [box.x + box.width / 2, box.y + box.height / 2];
  view = "";
  setView(x - box.width * factor / 2, y - box.height * factor / 2, box.width * factor, box.height * factor);
}
for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => show(button.dataset.view));
document.getElementById("nearer").addEventListener("click", () => zoom(1 / 1.5));
document.getElementById("farther").addEventListener("click", () => zoom(1.5));
face.addEventListener("wheel", event => { event.preventDefault(); zoom(event.deltaY < 0 ? 1 / 1.15 : 1.15); }, { passive: false });
addEventListener("resize", () => { draw(); magnify(); });

// Dragging. A finger hides the point, so the point keeps its distance from the finger and the magnifier shows it.
const at = event => {
  const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(face.getScreenCTM().inverse());
  return [place.x, place.y];
};
face.addEventListener("pointerdown", event => {
  if (!event.isPrimary || event.button) return;
  const [x, y] = at(event), reach = (event.pointerType === "touch" ? 28 : 14) * scale();
  const far = one => Math.hypot(one.x - x, one.y - y);
  const near = state.points.filter(one => far(one) <= reach).sort((a, b) => far(a) - far(b))[0];
  if (!near) return;
  event.preventDefault();
  choose(near.name);
  nodes.get(near.name).focus({ preventScroll: true });
  if (!state.editable) return;
  held = { name: near.name, from: [near.x - x, near.y - y], began: [near.x, near.y] };
  face.setPointerCapture(event.pointerId);
  magnify();
});
face.addEventListener("pointermove", event => {
  if (!held) return;
  const [x, y] = at(event);
  place(held.name, x + held.from[0], y + held.from[1]);
});
function drop(keep) {
  if (!held) return;
  const { name, began } = held, one = point(name);
  held = null;
  if (!keep) place(name, ...began);
  else if (Math.hypot(one.x - began[0], one.y - began[1]) > .01) savePoint(name);
  magnify();
}
face.addEventListener("pointerup", () => drop(true));
face.addEventListener("pointercancel", () => drop(false));
function place(name, x, y) {
  const one = point(name);
  one.x = Math.min(Math.max(x, 0), state.width); one.y = Math.min(Math.max(y, 0), state.height);
  draw(); describe(); magnify();
}

// Keys.
const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function takeBack(name) { pending.delete(name); save("/points", { point: name }); }
function step(which) { flush(); if (state[which] || waiting) save(`/${which}`); }
addEventListener("keydown", event => {
  const typing = /INPUT|TEXTAREA|SELECT/.test(event.target.tagName);
  if ((event.ctrlKey || event.metaKey) && !typing && /^[zy]$/i.test(event.key)) {
    event.preventDefault();
    step(/y/i.test(event.key) || event.shiftKey ? "redo" : "undo");
    return;
  }
  const name = event.target.dataset?.point;
  if (!name || !state.editable) return;
  if (steps[event.key]) {
    event.preventDefault();
    const far = event.shiftKey ? .1 : 1, [x, y] = steps[event.key], one = point(name);
    place(name, one.x + far * x, one.y + far * y);
    saveSoon(name);
  } else if (event.key === "Delete" || event.key === "Backspace") { event.preventDefault(); if (point(name).mine) takeBack(name); }
  else if (event.key === "Escape") { flush(); event.target.blur(); lens.hidden = true; }
});
document.getElementById("undo").addEventListener("click", () => step("undo"));
document.getElementById("redo").addEventListener("click", () => step("redo"));

document.getElementById("add").addEventListener("submit", event => {
  event.preventDefault();
  save("/opinion", { finding: event.target.finding.value, judgement: "added" });
  event.target.reset();
});
document.getElementById("note").addEventListener("submit", event => {
  event.preventDefault();
  keepNote();
});
// Whoever leaves the field has written the note, whether they press the button or a link of the page.
const note = document.getElementById("note").words;
let kept = state.notes.find(one => one.who === state.who)?.words ?? "";
note.value = kept;
note.addEventListener("change", () => keepNote());
function keepNote() {
  if (note.value.trim() === kept) return;
  kept = note.value.trim();
  save("/opinion", { judgement: "noted", words: note.value });
}

show(state.points.length ? "face" : "all");
render();
