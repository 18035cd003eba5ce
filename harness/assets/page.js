// Sorting by a click on a column's head. Everything can be read without it.
for (const table of document.querySelectorAll("table:not(.witnesses table)")) {
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    head.classList.add("sorts");
    head.title = "sort by this column";
    head.addEventListener("click", () => {
      const up = head.dataset.up !== "1";
      heads.forEach((other) => delete other.dataset.up);
      head.dataset.up = up ? "1" : "0";
      const size = { "\u00b5s": 1e-6, ms: 1e-3, s: 1, k: 1e3, kB: 1e3, M: 1e6, MB: 1e6, G: 1e9, GB: 1e9 };
      const value = (row) => {
        const text = row.cells[column].textContent.trim();
        const found = text.match(/^[<> ]*(-?[\d.]+)\s*([^\s(]*)/);
        return found ? Number(found[1]) * (size[found[2]] ?? 1) : text;
      };
      const order = (a, b) => (typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1);
      const rows = [...table.tBodies[0].rows].sort((a, b) => order(value(a), value(b)) * (up ? 1 : -1));
      table.tBodies[0].append(...rows);
    });
  });
}
