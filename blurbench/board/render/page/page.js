"use strict";
// Sorting by a heading; filtering rows by words and by choices; the theme. Without this script all is shown, unsorted.

function valueOf(row, column) {
  const cell = row.cells[column];
  const given = cell.dataset.value;
  return given === undefined ? cell.textContent.trim().toLowerCase() : given === "" ? null : Number(given);
}

function order(a, b) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1; // what is missing comes last
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

function sort(heading) {
  const table = heading.closest("table"), body = table.tBodies[0], column = heading.cellIndex;
  const was = heading.getAttribute("aria-sort");
  const first = heading.dataset.first || "ascending";
  const now = was === null ? first : was === "ascending" ? "descending" : "ascending";
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", now);
  const rows = [...body.rows].map((row, place) => ({ row, place, value: valueOf(row, column) }));
  const sign = now === "ascending" ? 1 : -1;
  rows.sort((a, b) => (a.value === null || b.value === null ? 1 : sign) * order(a.value, b.value) || a.place - b.place);
  body.append(...rows.map((entry) => entry.row));
}

function filter(tools) {
  const table = document.getElementById(tools.dataset.table);
  const words = tools.querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const choices = [...tools.querySelectorAll("select")].filter((choice) => choice.value !== "");
  let shown = 0;
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    const kept = words.every((word) => text.includes(word)) &&
      choices.every((choice) => row.dataset[choice.dataset.key] === choice.value);
    row.hidden = !kept;
    shown += kept ? 1 : 0;
  }
  tools.querySelector("output").textContent = shown + (shown === 1 ? " row" : " rows");
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => sort(button.parentNode));
}
for (const tools of document.querySelectorAll(".tools[data-table]")) {
  tools.hidden = false;
  tools.addEventListener("input", () => filter(tools));
  filter(tools);
}
const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
