"use strict";
// One photograph after the other. An answer is shown as given once the server has it on its disk.

const given = JSON.parse(document.getElementById("state").textContent), sitting = given.sitting;
const place = document.getElementById("sitting");
let now = given.now, busy = false;
const key = score => String(score);

async function ask(path, body) {
  if (busy) return;
  busy = true;
  try {
    now = await send(path, { ...sitting, ...body });
    trouble("");
    render();
  } catch (error) { trouble(error.message); }
  busy = false;
}
const answer = score => ask("/rate/answer", { at: now.at, mark: now.mark, score });
const back = () => { if (now.at > 0) ask(`/rate/state/${now.at - 1}`); };

function render() {
  const bar = document.getElementById("progress");
  bar.max = now.total || 1; bar.value = now.done;
  document.getElementById("told").textContent = `${now.done} of ${now.total} answered`;
  place.replaceChildren(now.at === null ? end() : showing());
}
function showing() {
  const picture = element("img", { src: "/rate/picture?" + new URLSearchParams({ ...sitting, at: now.at }), alt: "The photograph to be rated", draggable: "false" });
  const buttons = now.scores.map(one => element("button", { type: "button", "aria-pressed": String(now.given === one.score), "aria-keyshortcuts": key(one.score), onclick: () => answer(one.score) }, element("b", {}, String(one.score)), element("span", {}, one.said)));
  const practice = now.practice ? [element("p", { class: "practice" }, "This one is for practice and does not count. The ends of the scale stand beside the keys.")] : [];
  return element("div", { class: "rating" },
    element("figure", {}, picture),
    element("div", {}, ...practice, element("div", { class: "answers", role: "group", "aria-label": "Answers" }, ...buttons),
      element("button", { type: "button", disabled: now.at === 0, onclick: back }, "Back to the one before"),
      element("p", { class: "note" }, `Keys ${key(now.scores[0].score)} to ${key(now.scores.at(-1).score)} answer, Backspace goes back. You may stop whenever you like; every answer is saved.`)));
}
function end() {
  const themself = now.themself, parts = [element("h2", {}, now.total ? "That was all." : "There is nothing to rate.")];
  if (!now.total) parts.push(element("p", {}, "You have rated every photograph on this scale, or there are none. Controls are asked for only if you choose so at the beginning."));
  if (themself.number) parts.push(element("p", {}, `${themself.number} ${themself.number === 1 ? "was" : "were"} shown twice: ${Math.round(100 * themself.same)} % of your second answers are the same, and they differ by ${themself.distance.toFixed(2)} on average.`));
  if (now.ready) {
    parts.push(element("p", { id: "waiting" }, `${now.ready} ${now.ready === 1 ? "answer is" : "answers are"} not handed in yet. Hand in, and what you said goes through the checks of \`vermilion ratings add\` into the project.`), element("button", { type: "button", class: "main", id: "hand", onclick: () => handIn(false) }, "Hand in"));
  } else if (now.handed) parts.push(element("p", {}, "All of it is handed in."));
  parts.push(element("div", { id: "outcome" }), element("p", {}, element("a", { href: "/rate" }, "Another scale")));
  return element("div", {}, ...parts);
}
async function handIn(isNew) {
  const button = document.getElementById("hand");
  button.disabled = true; button.textContent = "Checking …";
  try {
    const outcome = await send("/rate/hand-in", { ...sitting, new: isNew });
    trouble("");
    const words = { added: "Handed in.", there: "Nothing new was handed in.", rejected: "Not handed in; nothing was changed. Your answers stay." }[outcome.state];
    const again = outcome.state === "rejected" && !isNew ? [element("button", { type: "button", onclick: () => handIn(true) }, "I am somebody else: hand in under this name")] : [];
    document.getElementById("outcome").replaceChildren(element("p", {}, element("strong", {}, words)), element("ul", {}, ...outcome.said.map(line => element("li", {}, line))), ...again);
    button.hidden = document.getElementById("waiting").hidden = outcome.state !== "rejected";
  } catch (error) { trouble(error.message); }
  button.disabled = false; button.textContent = "Hand in";
}

// Keys: the digits of the scale.
addEventListener("keydown", event => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName) || now.at === null) return;
  const one = now.scores.find(own => key(own.score) === event.key);
  if (one) { event.preventDefault(); answer(one.score); }
  else if (event.key === "Backspace") { event.preventDefault(); back(); }
});
render();
