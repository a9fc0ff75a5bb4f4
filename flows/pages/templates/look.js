"use strict";
// The table of photographs: which rows are shown.

const rows = [...document.querySelectorAll("table.sortable tbody tr")];
const words = rows.map(row => (row.cells[0].textContent + " " + row.cells[1].textContent).toLowerCase());

function filter() {
  const [text, population, kind] = ["find", "population", "kind"].map(id => document.getElementById(id).value);
  let shown = 0;
  rows.forEach((row, at) => {
    const fits = words[at].includes(text.trim().toLowerCase())
      && (!population || row.dataset.population === population)
      && (!kind || row.dataset.kind.split(" ").includes(kind));
    row.hidden = !fits;
    shown += fits;
  });
  document.getElementById("shown").textContent = `${shown} shown`;
}
document.getElementById("filter").addEventListener("input", filter);
document.getElementById("filter").addEventListener("submit", event => event.preventDefault());
filter();
