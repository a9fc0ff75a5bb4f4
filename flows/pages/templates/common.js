"use strict";
// What every page does: who sits here, and a word to the server that is answered or told as trouble.

function trouble(text) {
  const box = document.getElementById("trouble");
  box.textContent = text || "";
  box.hidden = !text;
}

// Whose page this is: another tab may change the name, which all tabs share.
const whose = document.getElementById("name").defaultValue;

// Sends and returns the answer; throws with words for a person. Whatever was not answered was not saved.
async function send(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json", ...(whose && path !== "/who" ? { "Vermilion-Page-Of": encodeURIComponent(whose) } : {}) }, body: JSON.stringify(body ?? {}), keepalive: true,
    });
  } catch {
    throw new Error("The server does not answer. Start `vermilion review` again and open its new address; what you did last may not be saved.");
  }
  const text = await answer.text();
  let said = text;
  try { said = JSON.parse(text); } catch { /* plain words */ }
  if (answer.ok) return said;
  const why = said.detail ?? text;
  throw new Error(Array.isArray(why) ? why.map(one => one.msg).join("; ") : String(why));
}

function element(name, attributes, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

const clock = at => new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });

document.getElementById("who").addEventListener("submit", async event => {
  event.preventDefault();
  try {
    await send("/who", { name: document.getElementById("name").value });
    location.reload();
  } catch (error) { trouble(error.message); }
});
