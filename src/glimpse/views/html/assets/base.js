// Small helpers that every part uses: elements, text of figures, events, and time to breathe.

const byId = (id) => document.getElementById(id);
const facts = JSON.parse(byId("summary").textContent);
const listeners = {};

function on(name, action) {
  (listeners[name] ||= []).push(action);
}

function emit(name, value) {
  for (const action of listeners[name] || []) action(value);
}

// An element; text of the trace only ever becomes text nodes.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, action] of Object.entries(value)) element.addEventListener(event, action);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function button(label, action, properties = {}) {
  return make("button", { type: "button", on: { click: action }, ...properties }, label);
}

const wholeNumbers = new Intl.NumberFormat("en-US");
const number = (value) => wholeNumbers.format(value);
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// A duration as people read it: 340 µs, 21.8 ms, 2.1 s, 3m 12s.
function duration(ns) {
  const ms = ns / 1e6;
  for (const [limit, factor, unit] of [
    [0.9995, 1e3, "µs"],
    [999.5, 1, "ms"],
    [59950, 1e-3, "s"],
  ]) {
    if (ms < limit) {
      const value = ms * factor;
      return `${value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`;
    }
  }
  const seconds = Math.round(ms / 1000);
  for (const [size, unit, part, smaller] of [
    [86400, "d", 3600, "h"],
    [3600, "h", 60, "m"],
    [60, "m", 1, "s"],
  ]) {
    if (seconds >= size) {
      const rest = Math.floor((seconds % size) / part);
      return `${number(Math.floor(seconds / size))}${unit} ${String(rest).padStart(2, "0")}${smaller}`;
    }
  }
  return `${seconds} s`;
}

// The time of day (UTC) of a moment in nanoseconds from the first call.
function clock(ns) {
  const us = facts.began_us + ns / 1000;
  const whole = new Date(Math.floor(us / 1e6) * 1000).toISOString();
  const fraction = String(Math.floor(us % 1e6)).padStart(6, "0");
  return `${whole.slice(0, 10)} ${whole.slice(11, 19)}.${fraction}`;
}

function announce(text) {
  byId("announcement").textContent = text;
}

const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()();
let lastBreath = performance.now();

// Lets the browser paint and answer, if this has kept it busy for a while.
async function breathe() {
  if (performance.now() - lastBreath < 12) return;
  await new Promise((resolve) => {
    waiting.push(resolve);
    channel.port2.postMessage(0);
  });
  lastBreath = performance.now();
}

// The first place in a sorted array, from low to high, whose value is greater than the limit, or equal if so wanted.
function firstAbove(values, limit, low, high, orEqual = false) {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle] > limit || (orEqual && values[middle] === limit)) high = middle;
    else low = middle + 1;
  }
  return low;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 760px)");
