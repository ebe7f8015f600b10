// The names of filters on the page.
const labels = JSON.parse(document.getElementById("chips").dataset.labels);

export const labelOf = (name) => labels[name] ?? name;
export const listOf = (names) => names.map(labelOf).join(" and ");
