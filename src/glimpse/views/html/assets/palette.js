// Colours: light or dark, and one hue a module; red is left to errors.

const HUES = [258, 155, 78, 312, 205, 130, 285, 100, 182, 55, 232, 335];
const dark = matchMedia("(prefers-color-scheme: dark)");
const functions = facts.functions.map((row, index) => {
  const [module, name, calls, errors, total, self, mean, p50, p95, max] = row;
  const full = module ? `${module}.${name}` : name;
  return { index, module, name, full, calls, errors, total, self, mean, p50, p95, max };
});
const modules = rankedModules();
let theme = storedTheme();
let paints = {};

// Modules in the order of the time spent in them, so that the busiest get the most different colours.
function rankedModules() {
  const sums = new Map();
  for (const each of functions) sums.set(each.module, (sums.get(each.module) || 0) + each.self);
  const names = [...sums.keys()].sort((a, b) => sums.get(b) - sums.get(a) || (a < b ? -1 : 1));
  return new Map(names.map((name, rank) => [name, { name, rank, self: sums.get(name) }]));
}

function storedTheme() {
  try {
    return localStorage.getItem("glimpse-theme");
  } catch {
    return null; // a browser that stores nothing for files
  }
}

const isDark = () => (theme ? theme === "dark" : dark.matches);

function applyTheme() {
  const root = document.documentElement;
  root.dataset.theme = isDark() ? "dark" : "light";
  byId("theme").setAttribute("aria-pressed", String(isDark()));
  const style = getComputedStyle(root);
  const value = (name) => style.getPropertyValue(name).trim();
  const names = ["paper", "surface", "ink", "soft", "faint", "line", "accent", "veil", "bad", "bundle"];
  paints = Object.fromEntries(names.map((name) => [name, value(`--${name}`)]));
  paints.text = value("--flame-ink");
  paints.modules = [...modules.values()].map(({ rank }) => chipHue(rank));
  paints.chips = functions.map((each) => chipHue(modules.get(each.module).rank));
  paints.functions = functions.map((each) => hue(modules.get(each.module).rank, each.index % 3));
  emit("theme");
}

// The ground of a call's name; the functions of a module differ a little in shade.
function hue(rank, shade) {
  const lightness = isDark() ? 0.43 + shade * 0.028 : 0.86 - shade * 0.028;
  return `oklch(${lightness} ${tint(rank)})`;
}

// The same, strong enough for a small mark beside a name.
const chipHue = (rank) => `oklch(${isDark() ? 0.66 : 0.76} ${tint(rank)})`;

function tint(rank) {
  const round = Math.floor(rank / HUES.length);
  return `${round ? 0.05 : 0.095} ${HUES[rank % HUES.length] + round * 9}`;
}

function toggleTheme() {
  theme = isDark() ? "light" : "dark";
  try {
    localStorage.setItem("glimpse-theme", theme);
  } catch {
    // not remembered, then
  }
  applyTheme();
}

dark.addEventListener("change", applyTheme);
byId("theme").addEventListener("click", toggleTheme);
