// The live page: one websocket in, REST out, two canvases. No state but what it shows.

import { confirmation, hold, keepPresent, loadChecklist, operate, release, showCeremony } from "./ceremony.js";
import { allowSound, showFeedback } from "./feedback.js";
import { digitsOf, given, number, showGiven } from "./given.js";
import { paint, remember } from "./plots.js";
import { askedFor, wordOf } from "./release.js";
import { chosen, showSetup } from "./setup.js";

// On a network the page is opened as http://rig:8000/#token=…, which no server sees.
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const RECONNECT_MS = 500;
const SILENT_MS = 1500;
const MAX_EVENTS = 60;
const byId = (id) => document.getElementById(id);
let newest = null;
let heardAt = 0;

// --- what comes in -----------------------------------------------------------------

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live?format=json&rate_hz=25&token=${encodeURIComponent(token)}`);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    heardAt = performance.now();
    if (message.type === "state") takeState(message);
    else if (message.type === "event") takeEvent(message);
  };
  keepPresent(socket);
  socket.onclose = () => {
    showLink();
    setTimeout(connect, RECONNECT_MS);
  };
}

function takeState(state) {
  newest = state;
  showLink();
  show(state);
  if (!state.stale) remember(state, controlled(state), given(state));
}

function controlled(state) {
  const session = state.session;
  return state.channels.find((c) => session && c.source === session.source && c.label === session.channel)
    ?? state.channels[0];
}

// --- what is shown -----------------------------------------------------------------

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

function showLink() {
  const silent = performance.now() - heardAt > SILENT_MS;
  const link = silent ? "lost" : newest?.stale ? "stale" : newest ? "live" : "waiting";
  const words = {
    lost: "connection lost: values are old",
    stale: "the engine is silent: values are old",
    live: "live",
    waiting: "connecting",
  };
  byId("link").dataset.link = link;
  setText("link", words[link]);
  document.body.classList.toggle("stale", link !== "live");
}

const TASKS = { rest: "Rest: let everything hang", mvc: "Contract as hard as you can",
  rvc: "Hold the load, steadily", relax: "Relax, do nothing" };
const UNITS = { uv: "µV", pct_mvc: "%MVC", pct_mvc_from_rvc: "%MVC (estimated from a load)" };
const PHASES = { "": "no session", leak: "measuring the leak" };
const NEXT = { "": "open", done: "open", checking: "calibrate", ready: "arm", armed: "start", treating: "hold",
  weaning: "hold", leak: "hold", holding: "start", fault: "acknowledge" };
const ALLOWED = { "": ["open"], done: ["open"], idle: ["open"], checking: ["calibrate"], ready: ["arm", "calibrate"],
  armed: ["start", "leak"], leak: ["hold"], treating: ["hold", "finish"], weaning: ["hold", "finish"],
  holding: ["start", "finish"], fault: ["acknowledge"] };
const UNARMED = { ready: ["start", "calibrate"] }; // nothing is actuated: nothing is armed

function show(state) {
  const session = state.session;
  const channel = controlled(state);
  const phase = session?.phase ?? "";
  const calibrated = Boolean(session?.calibration);
  setText("rig", state.rig);
  setText("phase", PHASES[phase] ?? phase);
  byId("phase").dataset.phase = phase;
  setText("cause", causeOf(session));
  setText("task", taskOf(session));
  byId("task").hidden = !session?.task;
  const treated = session?.treatment_s !== null && session?.treatment_s !== undefined;
  const unit = UNITS[channel?.unit] ?? "µV";
  setText("tension", number(treated ? session.tone_pct_mvc : channel?.tension));
  setText("tension-unit", unit);
  setText("envelope-unit", calibrated ? unit : "µV (not calibrated: no percentages)");
  setText("channel", channel ? `${channel.source} · ${channel.label}` : "");
  setText("threshold", number(session?.threshold_pct_mvc));
  showGiven(state, setText);
  setText("treated", number(session?.treatment_s, 0));
  setText("treated-of", session ? `of ${number(session.treatment_limit_s, 0)} s` : "s");
  const after = session?.final_pct_mvc;
  const before = number(session?.calibration?.baseline_pct_mvc);
  setText("baseline", after === null || after === undefined ? before : `${before} → ${number(after)}`);
  setText("why", session ? whyOf(session) : "");
  showActions(phase, session);
  showSetup(session, phase);
  showFeedback(session, !state.stale);
  showCeremony(session);
  showSignal(state);
}

function taskOf(session) {
  if (!session?.task) return "";
  if (session.release) return askedFor(session.release);
  const now = session.calibrating;
  const leak = session.leak_progress;
  if (leak) return `${TASKS.rest}: step ${leak.step} of ${leak.n_steps}, ${number(leak.step_ma)} mA`;
  if (!now) return TASKS[session.task] ?? session.task;
  const which = now.step === "mvc" || now.step === "rvc" ? ` (${now.trial} of ${now.n_trials})` : "";
  const reached = which && now.achieved_uv !== null ? `, ${number(now.achieved_uv, 0)} µV` : "";
  return `${now.text}${which}: ${Math.ceil(now.remaining_s)} s${reached}`;
}

function causeOf(session) {
  if (!session) return "";
  const words = [session.outcome?.replace("_", " "), session.hold_reason, session.cause];
  return words.filter((word, k) => word && words.indexOf(word) === k).join(" · ");
}

function whyOf(session) {
  const limit = session.most_limiting ? `limited by ${session.most_limiting}; ` : "";
  const strikes = session.strikes ? `${session.strikes} strikes; ` : "";
  const doubts = session.calibration?.warnings ?? [];
  const reference = [session.reference, ...doubts].filter((w, k, all) => w && all.indexOf(w) === k);
  const doubt = reference.length ? `reference: ${reference.join("; ")}; ` : "";
  const leak = session.leak?.why ? `leak: ${session.leak.why}; ` : "";
  const dose = session.unit === "mA" ? `, dose ${number(session.dose_ma_s, 0)} mA·s` : "";
  const level = session.unit ? `level ${number(session.level, digitsOf(session.unit))} ${session.unit}${dose}` : "";
  return `${doubt}${leak}${limit}${strikes}${level}`.replace(/; $/, "");
}

function allowedIn(phase, session) {
  const bare = session && !session.actuates;
  const mark = bare && session.needling && phase === "treating" ? ["mark"] : [];
  return [...((bare && UNARMED[phase]) || ALLOWED[phase] || []), ...mark];
}

function showActions(phase, session) {
  const allowed = allowedIn(phase, session);
  const next = phase === "ready" && session && !session.actuates ? "start" : NEXT[phase];
  for (const button of document.querySelectorAll("[data-act]")) {
    const act = button.dataset.act;
    button.disabled = !allowed.includes(act);
    button.classList.toggle("next", next === act && !button.disabled);
  }
}

function showSignal(state) {
  const rows = state.sources.map((source) => {
    const age = source.age_ms === null ? "no data" : `${source.age_ms.toFixed(0)} ms`;
    const text = `${source.name}: ${source.sample_rate_hz.toFixed(0)} Hz, ${age}`;
    return [text, source.notice, !source.connected];
  });
  for (const channel of state.channels) {
    const bad = channel.quality.length > 0;
    rows.push([`${channel.label} ${number(channel.rms_uv)} µV`, bad ? channel.quality.join(", ") : "good", bad]);
  }
  if (state.output) {
    const fault = state.output.fault;
    rows.push(["output", fault ?? (state.output.active ? "active" : "zero"), Boolean(fault)]);
  }
  const activity = state.activity;
  if (activity) {
    const share = (value) => number(value === null ? null : 100 * value, 0);
    rows.push(["muscle at rest", `${share(activity.rest_time_share)} % of ${number(activity.observed_s, 0)} s`, false]);
    rows.push(["contractions", `${activity.n_contractions}${activity.contracting ? ", now" : ""}`, false]);
    const load = [activity.static_pct_mvc, activity.median_pct_mvc, activity.peak_pct_mvc].map((v) => number(v));
    rows.push(["load P10 / P50 / P90", `${load.join(" / ")} %MVC`, false]);
  }
  const answer = state.session?.muscle_response;
  if (answer) {
    const wave = answer.why || `M-wave ${number(answer.m_wave_uv, 0)} ± ${number(answer.scatter_uv, 0)} µV`;
    const median = answer.median_frequency_hz === null ? "" : `, median ${number(answer.median_frequency_hz, 0)} Hz`;
    rows.push([`muscle at ${number(answer.amplitude_ma)} mA`, `${wave}${median}`, Boolean(answer.why)]);
  }
  const search = state.session?.search;
  if (search) {
    const known = ["sensory", "motor", "tolerance"].filter((name) => search[`${name}_ma`] !== null)
      .map((name) => `${name} ${number(search[`${name}_ma`])} mA`);
    const where = search.outcome || `at ${number(search.amplitude_ma)} of at most ${number(search.ceiling_ma)} mA`;
    rows.push(["search of thresholds", [where, ...known].join(", "), false]);
  }
  const latency = state.latency;
  if (latency.n) rows.push(["sample → permit", `${number(latency.median_ms, 2)} ms, p99 ${number(latency.p99_ms, 2)}`, false]);
  const key = JSON.stringify(rows);
  if (showSignal.shown === key) return;
  showSignal.shown = key;
  byId("signal").replaceChildren(...rows.map(([name, value, bad]) => {
    const row = document.createElement("li");
    const left = document.createElement("span");
    const right = document.createElement("span");
    left.textContent = name;
    right.textContent = value;
    right.classList.toggle("bad", bad);
    row.append(left, right);
    return row;
  }));
}

function takeEvent(event) {
  const line = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date().toLocaleTimeString();
  const detail = event.kind === "phase" ? `${event.detail.from} → ${event.detail.to} ${event.detail.cause}`
    : Object.entries(event.detail).filter(([key, value]) => key !== "at_s" && value !== null && value !== "")
      .map(([key, value]) => `${key.replaceAll("_", " ")} ${typeof value === "number" ? Number(value.toPrecision(3)) : value}`).join(", ");
  line.append(time, `${event.kind === "phase" ? "" : `${event.kind}: `}${detail}`);
  byId("events").prepend(line);
  while (byId("events").children.length > MAX_EVENTS) byId("events").lastChild.remove();
}

// --- what goes out -----------------------------------------------------------------

function answer(text, refused = false) {
  byId("answer").textContent = text;
  byId("answer").classList.toggle("refused", refused);
}

async function post(path, data) {
  const headers = { "content-type": "application/json", ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const how = data ? { headers, body: JSON.stringify(data) } : { headers };
  try {
    const response = await fetch(`/api/v1${path}`, { method: "POST", ...how });
    const body = await response.json();
    return [response.ok, body];
  } catch (error) {
    return [false, { detail: `no answer: ${error.message}` }];
  }
}

async function act(name) {
  const id = newest?.session?.session_id;
  const confirmed = name === "start" && newest?.session?.phase === "ready" ? confirmation() : undefined;
  const path = name === "open" ? "/sessions" : `/sessions/${id}/${name}`;
  const [ok, body] = await post(path, confirmed ?? chosen(name));
  if (ok && ["start", "leak"].includes(name)) operate(id);
  answer(ok ? "" : body.detail, !ok);
}

async function say(text) {
  const [ok, body] = await post(`/sessions/${newest.session.session_id}/mark`, { text });
  answer(ok ? text : body.detail, !ok);
}

function holdsArm(event) {
  const wanted = event.target.dataset?.act === "arm" && newest?.session?.ceremony;
  return wanted && (event.type !== "keydown" || event.key === "Enter");
}

function beginHold(event) {
  if (!holdsArm(event)) return;
  event.preventDefault();
  hold(newest.session, post, answer);
}

async function stop() {
  answer("stopping …");
  const [ok, body] = await post("/stop");
  answer(ok ? `stopped, zero confirmed in ${body.elapsed_ms.toFixed(0)} ms` : body.detail, !ok);
}

byId("stop").addEventListener("click", stop);
byId("actions").addEventListener("click", ({ target }) => {
  const name = target.dataset.act;
  allowSound();
  if (name && !(name === "arm" && newest?.session?.ceremony)) act(name);
});
byId("actions").addEventListener("pointerdown", beginHold);
byId("actions").addEventListener("keydown", beginHold);
for (const form of ["setup", "ceremony"]) {
  byId(form).addEventListener("submit", (event) => event.preventDefault());
}
for (const kind of ["pointerup", "pointercancel", "keyup", "blur"]) addEventListener(kind, release);
addEventListener("keydown", (event) => {
  const inText = event.target.matches?.("input, select");
  const word = inText ? null : wordOf(event.key, newest?.session);
  if (word) say(word);
  if (event.key === "m" && !inText && !byId("mark").disabled) act("mark");
  const types = inText && event.key === " ";
  if (types || (event.key !== "Escape" && event.key !== " ")) return;
  event.preventDefault();
  stop();
});
setInterval(showLink, 500);
loadChecklist("");
connect();
paint();
