"use strict";
// The face of tasks/surface/pages/page.html.j2, to be turned: its colours, its points, points placed by hand.
// Without WebGL nothing happens, and the page says so. Places are the head's frame: x to the patient's left, y up, z forward.

(async () => {
const FIELD = 18, STEP = 10, NEARER = 1.25, CLICK = 6, HIDDEN = 8, ROOM = 1.05;
const by = id => document.getElementById(id);
if (!by("given") || !self.DecompressionStream) return;
const given = JSON.parse(by("given").textContent);
const stage = document.querySelector(".stage"), canvas = stage.querySelector("canvas");
const marks = stage.querySelector(".marks"), reading = stage.querySelector(".reading");

const bytesOf = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));

async function unpacked() {
  const stream = new Blob([bytesOf(by("mesh").textContent)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const { vertices, faces } = given.mesh;
  let at = 0;
  const column = (count, size, Kind) => {
    const whole = new Uint8Array(count * size);
    for (let byte = 0; byte < size; byte++) for (let i = 0; i < count; i++) whole[i * size + byte] = bytes[at++];
    const numbers = new Kind(whole.buffer);
    for (let i = 1; i < count; i++) numbers[i] += numbers[i - 1];
    return numbers;
  };
  const position = new Float32Array(3 * vertices), colour = new Uint8Array(3 * vertices);
  for (let axis = 0; axis < 3; axis++) {
    const steps = column(vertices, 2, Int16Array);
    for (let i = 0; i < vertices; i++) position[3 * i + axis] = given.mesh.middle[axis] + given.mesh.step * steps[i];
  }
  const index = column(3 * faces, 4, Uint32Array), steps = column(vertices, 2, Int16Array);
  for (let channel = 0; channel < 3; channel++) {
    const own = column(vertices, 1, Uint8Array);
    for (let i = 0; i < vertices; i++) colour[3 * i + channel] = own[i];
  }
  const seen = column(vertices, 1, Uint8Array), value = new Float32Array(vertices), known = new Float32Array(vertices);
  for (let i = 0; i < vertices; i++) if (steps[i] !== given.mesh.unknown) {
    value[i] = given.mesh.value_step * steps[i];
    known[i] = 1;
  }
  return { position, colour, index, value, known, seen: Float32Array.from(seen) };
}

let renderer;
try {
  if (!document.createElement("canvas").getContext("webgl2")) return;
  THREE.ColorManagement.enabled = false;
  renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
} catch { return; }
renderer.outputColorSpace = THREE.LinearSRGBColorSpace;
renderer.setClearColor(0xffffff);
renderer.setPixelRatio(Math.min(devicePixelRatio, 2));

const mesh = await unpacked();
const geometry = new THREE.BufferGeometry();
geometry.setAttribute("position", new THREE.BufferAttribute(mesh.position, 3));
geometry.setAttribute("tint", new THREE.BufferAttribute(mesh.colour, 3, true));
for (const name of ["value", "known", "seen"]) geometry.setAttribute(name, new THREE.BufferAttribute(mesh[name], 1));
geometry.setIndex(new THREE.BufferAttribute(mesh.index, 1));
geometry.computeVertexNormals();
geometry.computeBoundingSphere();

const tints = bytesOf(given.tints), rgba = new Uint8Array(tints.length / 3 * 4).fill(255);
for (let i = 0; i < tints.length / 3; i++) rgba.set(tints.subarray(3 * i, 3 * i + 3), 4 * i);
const scale = new THREE.DataTexture(rgba, rgba.length / 4, 1);
scale.magFilter = scale.minFilter = THREE.LinearFilter;
scale.needsUpdate = true;

const uniforms = {
  mode: { value: 0 }, limit: { value: given.limit || 1 }, scale: { value: scale }, stripe: { value: 10 },
  unknown: { value: given.unknown[0] / 255 }, hatch: { value: new THREE.Vector2(...given.hatch.map(grey => grey / 255)) },
  filled: { value: given.filled.map(own => new THREE.Vector3(...own.map(part => part / 255))) },
};
const material = new THREE.ShaderMaterial({
  uniforms, side: THREE.DoubleSide,
  vertexShader: `
    attribute vec3 tint; attribute float value, known, seen;
    varying vec3 vTint, vNormal, vAway; varying float vValue, vKnown, vSeen;
    void main() {
      vec4 place = modelViewMatrix * vec4(position, 1.0);
      vTint = tint; vValue = value; vKnown = known; vSeen = seen;
      vNormal = normalMatrix * normal; vAway = -place.xyz;
      gl_Position = projectionMatrix * place;
    }`,
  fragmentShader: `
    uniform int mode; uniform float limit, stripe, unknown; uniform vec2 hatch; uniform vec3 filled[2]; uniform sampler2D scale;
    varying vec3 vTint, vNormal, vAway; varying float vValue, vKnown, vSeen;
    void main() {
      vec3 normal = normalize(vNormal);
      float bright = mode == 2 ? 0.3 : 0.6;
      float light = bright + (1.0 - bright) * clamp(dot(normal, normalize(normalize(vAway) + vec3(0.0, 0.3, 0.0))), 0.0, 1.0);
      vec3 colour = vTint;
      if (mode == 1) colour = vKnown > 0.99 ? texture2D(scale, vec2(clamp(vValue / limit, -1.0, 1.0) * 0.498 + 0.5, 0.5)).rgb : vec3(unknown);
      if (mode == 2) colour = vec3(0.82);
      bool first = fract((gl_FragCoord.x - gl_FragCoord.y) / stripe) < 0.5;
      if (vSeen < 0.5) colour = vec3(first ? hatch.x : hatch.y);
      if (vSeen > 1.5) colour = first ? filled[0] : filled[1];
      if (mode != 0) colour *= light;
      if (!gl_FrontFacing) colour = vec3(0.55);
      gl_FragColor = vec4(colour, 1.0);
    }`,
});
const face = new THREE.Mesh(geometry, material), scene = new THREE.Scene();
scene.add(face);

const { center, radius } = geometry.boundingSphere;
const camera = new THREE.PerspectiveCamera(FIELD, 1, radius / 20, radius * 40);
const controls = new THREE.OrbitControls(camera, canvas);
controls.minDistance = radius * 0.6;
controls.maxDistance = radius * 20;
controls.enableZoom = false;  // the page scrolls until the face is chosen
canvas.addEventListener("focus", () => { controls.enableZoom = true; });
canvas.addEventListener("blur", () => { controls.enableZoom = false; });
canvas.addEventListener("pointerdown", () => { canvas.focus({ preventScroll: true }); controls.enableZoom = true; }, true);

const degrees = radians => Math.round(radians * 180 / Math.PI);
const turned = () => [controls.getAzimuthalAngle(), Math.PI / 2 - controls.getPolarAngle()];

function stand(turn, height, distance) {
  const flat = Math.cos(height);
  camera.position.set(Math.sin(turn) * flat, Math.sin(height), Math.cos(turn) * flat).multiplyScalar(distance).add(controls.target);
  controls.update();
  draw();
}
function look(turn) {
  const across = canvas.clientWidth / canvas.clientHeight || 1;
  controls.target.copy(center);
  stand(turn, 0, ROOM * away(turn, Math.tan(FIELD / 2 * Math.PI / 180), across));
}
// How far a camera must stand for every vertex to lie inside its picture.
function away(turn, high, across) {
  const sine = Math.sin(turn), cosine = Math.cos(turn), at = mesh.position;
  let far = 0;
  for (let n = 0; n < at.length; n += 3) {
    const x = at[n] - center.x, y = at[n + 1] - center.y, z = at[n + 2] - center.z;
    const near = sine * x + cosine * z, aside = Math.abs(cosine * x - sine * z);
    far = Math.max(far, near + Math.max(Math.abs(y), aside / across) / high);
  }
  return far;
}
function approach(factor) {
  const distance = camera.position.distanceTo(controls.target) / factor;
  stand(...turned(), Math.min(controls.maxDistance, Math.max(controls.minDistance, distance)));
}
function shift(right, up) {
  const reach = camera.position.distanceTo(controls.target) / 40;
  const move = new THREE.Vector3(right, up, 0).applyQuaternion(camera.quaternion).multiplyScalar(reach);
  controls.target.add(move);
  camera.position.add(move);
  controls.update();
  draw();
}

let waiting = false;
function draw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    renderer.render(scene, camera);
    say();
    mark();
  });
}
function say() {
  const [turn, height] = turned().map(degrees);
  canvas.dataset.turn = turn;
  canvas.dataset.height = height;
  const side = turn === 0 ? "the front" : `${Math.abs(turn)} degrees towards the patient’s ${turn > 0 ? "left" : "right"}`;
  const level = height === 0 ? "" : `, ${Math.abs(height)} degrees from ${height > 0 ? "above" : "below"}`;
  canvas.setAttribute("aria-label", `The face from ${side}${level}`);
  for (const button of document.querySelectorAll("#views [data-turn]")) {
    button.setAttribute("aria-pressed", String(height === 0 && turn === Number(button.dataset.turn)));
  }
}

// Points: buttons over the picture. One behind the face is hidden, told by the nearest vertices of coarse cells.
const shown = [], edge = edgeLength();
function edgeLength() {
  let sum = 0, count = 0;
  for (let i = 0; i + 2 < mesh.index.length; i += 3 * Math.max(1, Math.floor(mesh.index.length / 3000))) {
    const [a, b] = [3 * mesh.index[i], 3 * mesh.index[i + 1]];
    sum += Math.hypot(...[0, 1, 2].map(axis => mesh.position[a + axis] - mesh.position[b + axis]));
    count++;
  }
  return sum / Math.max(1, count);
}
function add(point, hand) {
  const button = document.createElement("button"), name = document.createElement("span");
  button.type = "button";
  button.className = hand ? "hand" : "";
  name.textContent = point.name.replaceAll("_", " ");
  const sure = point.interval == null ? "" : `, ± ${point.interval.toFixed(1)} mm`;
  button.setAttribute("aria-label", `${name.textContent}${hand ? ", placed by hand" : ""}${sure}`);
  button.title = [point.words, sure.slice(2), point.views ? `seen in ${point.views} photographs` : ""].filter(Boolean).join("; ");
  button.append(name);
  marks.append(button);
  const own = { button, at: new THREE.Vector3(...point.at) };
  shown.push(own);
  return own;
}
const cells = new Float32Array(128 * 128);
function mark() {
  const high = 2 * camera.position.distanceTo(controls.target) * Math.tan(FIELD / 2 * Math.PI / 180);
  const size = Math.max(8, Math.min(128, Math.floor(high / Math.max(2.5, 1.5 * edge))));
  const m = camera.projectionMatrix.clone().multiply(camera.matrixWorldInverse).elements, p = mesh.position;
  cells.fill(Infinity, 0, size * size);
  for (let i = 0; i < p.length; i += 3) {
    const w = m[3] * p[i] + m[7] * p[i + 1] + m[11] * p[i + 2] + m[15];
    const x = Math.floor(((m[0] * p[i] + m[4] * p[i + 1] + m[8] * p[i + 2] + m[12]) / w + 1) / 2 * size);
    const y = Math.floor((1 - (m[1] * p[i] + m[5] * p[i + 1] + m[9] * p[i + 2] + m[13]) / w) / 2 * size);
    if (w > 0 && x >= 0 && x < size && y >= 0 && y < size && w < cells[y * size + x]) cells[y * size + x] = w;
  }
  const { clientWidth: wide, clientHeight: tall } = canvas, flat = new THREE.Vector3();
  const off = by("dots") && !by("dots").checked;
  for (const { button, at } of shown) {
    flat.copy(at).project(camera);
    const [x, y] = [(flat.x + 1) / 2, (1 - flat.y) / 2];
    const away = m[3] * at.x + m[7] * at.y + m[11] * at.z + m[15];
    const inside = x >= 0 && x < 1 && y >= 0 && y < 1;
    const behind = inside && away > cells[Math.floor(y * size) * size + Math.floor(x * size)] + Math.max(HIDDEN, 3 * high / size);
    button.hidden = off || !inside || behind;
    button.style.display = button.hidden ? "none" : "";
    button.style.left = `${x * wide}px`;
    button.style.top = `${y * tall}px`;
    button.classList.toggle("turned", x > 0.65);
  }
}

// What lies under a place of the picture.
const ray = new THREE.Raycaster();
function under(x, y) {
  camera.updateMatrixWorld(); // it may have been moved since the last picture
  ray.setFromCamera(new THREE.Vector2(2 * x / canvas.clientWidth - 1, 1 - 2 * y / canvas.clientHeight), camera);
  const hit = ray.intersectObject(face)[0];
  if (!hit) return null;
  const { a, b, c } = hit.face, corners = [a, b, c];
  const known = corners.every(i => mesh.known[i] === 1), seen = corners.filter(i => mesh.seen[i] === 1).length > 1;
  const near = corners.map(i => 1 / (1e-6 + Math.hypot(...[0, 1, 2].map(axis => mesh.position[3 * i + axis] - hit.point.getComponent(axis)))));
  const all = near.reduce((sum, own) => sum + own);
  return { point: hit.point, seen, filled: mesh.seen[a] === 2, value: known ? corners.reduce((sum, i, k) => sum + mesh.value[i] * near[k] / all, 0) : null };
}
function told(hit) {
  if (!hit) return "";
  if (hit.filled) return "a model of heads filled this; nobody saw it";
  if (!hit.seen) return "no photograph saw this";
  if (uniforms.mode.value !== 1) return "";
  if (hit.value === null) return "not known";
  const size = Math.abs(hit.value).toFixed(1);
  return size === "0.0" ? "even" : `${size} mm fuller on the patient’s ${hit.value > 0 ? "left" : "right"}`;
}

const placing = () => stage.classList.contains("placing");
let pressed = null, asked = null;
canvas.addEventListener("pointerdown", event => { pressed = [event.clientX, event.clientY]; });
canvas.addEventListener("pointerup", event => {
  const still = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < CLICK;
  pressed = null;
  if (!still) return;
  if (placing()) put(under(event.offsetX, event.offsetY));
  else reading.textContent = told(under(event.offsetX, event.offsetY));
});
canvas.addEventListener("pointermove", event => {
  const first = !asked;
  asked = [event.offsetX, event.offsetY];
  if (pressed || event.pointerType === "touch") asked = null;
  else if (first) requestAnimationFrame(() => { if (asked) reading.textContent = told(under(...asked)); asked = null; });
});
canvas.addEventListener("pointerleave", () => { asked = null; reading.textContent = ""; });

canvas.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const arrow = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
  const [turn, height] = turned(), distance = camera.position.distanceTo(controls.target), step = STEP * Math.PI / 180;
  if (arrow && event.shiftKey) shift(-arrow[0], -arrow[1]);
  else if (arrow) stand(turn - step * arrow[0], Math.max(-1.5, Math.min(1.5, height - step * arrow[1])), distance);
  else if (event.key === "+" || event.key === "=") approach(NEARER);
  else if (event.key === "-") approach(1 / NEARER);
  else if (event.key === "0" || event.key === "Home") look(0);
  else if (event.key === "Enter" && placing()) put(under(canvas.clientWidth / 2, canvas.clientHeight / 2));
  else return;
  event.preventDefault();
});
for (const button of by("views").querySelectorAll("[data-turn]")) {
  button.addEventListener("click", () => look(Number(button.dataset.turn) * Math.PI / 180));
}
by("nearer").addEventListener("click", () => approach(NEARER));
by("farther").addEventListener("click", () => approach(1 / NEARER));
by("modes").addEventListener("change", event => {
  uniforms.mode.value = Number(event.target.value);
  if (by("key")) by("key").hidden = uniforms.mode.value !== 1;
  draw();
});
if (by("limit")) by("limit").addEventListener("change", event => {
  uniforms.limit.value = Number(event.target.value);
  const said = event.target.selectedOptions[0].textContent;
  by("key").querySelector(".low").textContent = `−${said}`;
  by("key").querySelector(".high").textContent = `+${said}`;
  draw();
});
by("dots").addEventListener("change", draw);
by("names").addEventListener("change", event => marks.classList.toggle("named", event.target.checked));

// Points placed by hand: a list that the person saves.
const placed = new Map();
let saved = true;
function put(hit) {
  const name = by("which").value;
  if (!hit) by("told").textContent = "That is not on the face.";
  else if (!hit.seen) by("told").textContent = "No photograph saw this place: no point can be placed here.";
  else {
    const again = placed.has(name);
    if (keeping) return keep("/points", { point: name, x: hit.point.x, y: hit.point.y, z: hit.point.z }, again ? null : name);
    take(name);
    placed.set(name, { at: hit.point.toArray(), mark: add({ name, at: hit.point.toArray(), words: "" }, true) });
    by("told").textContent = `${name.replaceAll("_", " ")} is placed.`;
    saved = false;
    list();
    if (!again) goOn();
  }
}
function goOn() {  // who places one again goes on with that one
  const next = given.placeable.find(one => one.missing && !placed.has(one.name));
  if (!next) return;
  choose(next.name);
  by("told").textContent += ` Next: ${next.name.replaceAll("_", " ")}.`;
}
// Where the page is served: each change is sent, and what the server answers is what stands.
const keeping = given.keeping;
let sending = Promise.resolve();
function keep(path, body, fresh) {
  by("told").textContent = "Saving …";
  saved = false;
  sending = sending.then(async () => {
    try {
      const answer = await fetch(keeping.path + path, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}),
      });
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(typeof said.detail === "string" ? said.detail : "the server refused it");
      stands(said);
      by("told").textContent = fresh ? `${fresh.replaceAll("_", " ")} is placed and saved.` : "Saved.";
      saved = true;
      if (fresh) goOn();
    } catch (error) { by("told").textContent = `NOT saved: ${error.message}`; }
  });
}
function stands(state) {
  for (const name of [...placed.keys()]) take(name);
  for (const { name, at, by: who, mine } of state.placed) placed.set(name, { at, who, mine, mark: add({ name, at, words: `placed by ${who}` }, true) });
  by("undo").disabled = !state.undo;
  by("redo").disabled = !state.redo;
  list();
}
function take(name) {
  const old = placed.get(name);
  if (!old) return;
  old.mark.button.remove();
  shown.splice(shown.indexOf(old.mark), 1);
  placed.delete(name);
}
function list() {
  by("placed").replaceChildren(...[...placed].map(([name, { at, who, mine }]) => {
    const line = document.createElement("li"), words = document.createElement("span"), button = document.createElement("button");
    words.textContent = `${name.replaceAll("_", " ")}: ${at.map(one => fixed(one, 1)).join(", ")}${who ? `, by ${who}` : ""}`;
    button.type = "button";
    button.textContent = "remove";
    button.setAttribute("aria-label", `remove ${name.replaceAll("_", " ")}`);
    button.addEventListener("click", () => {
      if (keeping) return keep("/points", { point: name });
      take(name); saved = placed.size === 0; list();
    });
    line.append(words);
    if (!keeping || mine) line.append(button);
    return line;
  }));
  by("save").disabled = placed.size === 0;
  draw();
}
const fixed = (number, digits) => number.toFixed(digits).replace(/^-(0(\.0*)?)$/, "$1");
const quoted = text => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
function table() {
  const rows = [...placed].map(([name, { at }]) => [quoted(name), ...at.map(one => fixed(one, 2))].join(","));
  return ["name,x,y,z", ...rows, ""].join("\r\n");
}
function choose(name) {
  by("which").value = name;
  by("meaning").textContent = given.placeable.find(one => one.name === name)?.words ?? "";
}
if (by("placing")) {
  for (const one of given.placeable) by("which").add(new Option(one.name.replaceAll("_", " ") + (one.missing ? " (missing)" : ""), one.name));
  const missing = given.placeable.find(one => one.missing);
  choose(missing ? missing.name : by("which").value);
  by("which").addEventListener("change", () => choose(by("which").value));
  by("place").addEventListener("click", () => {
    stage.classList.toggle("placing");
    by("place").setAttribute("aria-pressed", String(placing()));
    if (placing()) canvas.focus({ preventScroll: true });
  });
  by("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
    link.download = "points.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
  });
  if (keeping) {
    for (const step of ["undo", "redo"]) by(step).addEventListener("click", () => keep(`/${step}`));
    stands(keeping);
  }
  addEventListener("beforeunload", event => { if (!saved) event.preventDefault(); });
}

by("turnable").hidden = false;
by("flat").hidden = true;
for (const point of given.points) add(point, false);
new ResizeObserver(() => {
  const { clientWidth: wide, clientHeight: tall } = canvas;
  if (!wide || !tall) return;
  renderer.setSize(wide, tall, false);
  uniforms.stripe.value = 10 * renderer.getPixelRatio();
  camera.aspect = wide / tall;
  camera.updateProjectionMatrix();
  draw();
}).observe(stage);
controls.addEventListener("change", draw);
look(0);
canvas.dataset.ready = "yes";
})();
