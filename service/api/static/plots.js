// The last minute on two canvases: what the muscle does, and what goes out.

const WINDOW_S = 60;
const SETTLED_S = 0.6; // settling, and the envelope's own window
const byId = (id) => document.getElementById(id);
const history = []; // {t, envelope, tone, measured, permitted, confirmed, threshold, calibrated}
let lastOn = -Infinity;
let leastTop = 0;

// Keep one state; ``out`` says what goes out, and whether that disturbs the EMG.
export function remember(state, channel, out) {
  const session = state.session;
  const calibrated = Boolean(session?.calibration);
  if (history.length && history.at(-1).calibrated !== calibrated) history.length = 0;
  const envelope = calibrated ? channel?.tension_pct_mvc : channel?.envelope_uv;
  if (out.disturbs && (session?.stimulation_on || out.confirmed > 0)) lastOn = state.t_s;
  const silent = state.t_s - lastOn > SETTLED_S;
  leastTop = out.leastTop;
  history.push({
    t: state.t_s,
    envelope,
    tone: silent ? envelope : null, // under stimulation the artifact looks like tension
    measured: session?.treatment_s === null ? null : session?.tone_pct_mvc,
    permitted: session?.permitted ?? 0,
    confirmed: out.confirmed,
    threshold: calibrated ? session.threshold_pct_mvc : null,
    calibrated,
  });
  while (history.length && state.t_s - history[0].t > WINDOW_S + 2) history.shift();
}

function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-3)));
  return [1, 2, 3, 5, 10].map((k) => k * power).find((k) => k >= value * 1.08) ?? 20 * power;
}

function prepare(canvas) {
  const ratio = devicePixelRatio || 1;
  const { clientWidth, clientHeight } = canvas;
  if (canvas.width !== Math.round(clientWidth * ratio) || canvas.height !== Math.round(clientHeight * ratio)) {
    canvas.width = Math.round(clientWidth * ratio);
    canvas.height = Math.round(clientHeight * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, clientWidth, clientHeight);
  pen.font = "12px system-ui, sans-serif";
  return [pen, { left: 44, right: clientWidth - 8, top: 8, bottom: clientHeight - 20 }];
}

function plot(canvas, series, top) {
  const [pen, box] = prepare(canvas);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const end = history.length ? history.at(-1).t : 0;
  const x = (t) => box.right - ((end - t) / WINDOW_S) * (box.right - box.left);
  const y = (v) => box.bottom - (v / top) * (box.bottom - box.top);
  pen.strokeStyle = colour("line");
  pen.fillStyle = colour("soft");
  pen.lineWidth = 1;
  for (let k = 0; k <= 4; k += 1) {
    const value = (top * k) / 4;
    pen.beginPath();
    pen.moveTo(box.left, y(value));
    pen.lineTo(box.right, y(value));
    pen.stroke();
    pen.textAlign = "right";
    pen.fillText(String(Number(value.toPrecision(3))), box.left - 6, y(value) + 4);
  }
  pen.textAlign = "center";
  const every = box.right - box.left < 500 ? 20 : 10;
  for (let s = 0; s <= WINDOW_S; s += every) pen.fillText(s ? `−${s} s` : "now", Math.min(x(end - s), box.right - 14), box.bottom + 16);
  pen.save();
  pen.beginPath();
  pen.rect(box.left, box.top - 2, box.right - box.left, box.bottom - box.top + 4);
  pen.clip();
  for (const { key, name, ...how } of series) {
    draw(pen, key, x, y, { ...how, colour: colour(name), floor: box.bottom });
  }
  pen.restore();
}

function draw(pen, key, x, y, { colour, fill, step, dash, faint, width = 2, floor }) {
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = width;
  for (const run of runs(key)) {
    const line = new Path2D();
    run.forEach((point, k) => {
      if (k && step) line.lineTo(x(point.t), y(run[k - 1][key]));
      if (k) line.lineTo(x(point.t), y(point[key]));
      else line.moveTo(x(point.t), y(point[key]));
    });
    pen.globalAlpha = faint ? 0.3 : 1;
    pen.setLineDash(dash ?? []);
    pen.stroke(line);
    pen.setLineDash([]);
    if (fill) {
      line.lineTo(x(run.at(-1).t), floor);
      line.lineTo(x(run[0].t), floor);
      pen.globalAlpha = 0.13;
      pen.fill(line);
    }
    pen.globalAlpha = 1;
  }
}

// Pieces of the history in which a value is known.
function runs(key) {
  const found = [];
  let open = false;
  for (const point of history) {
    const known = point[key] !== null && point[key] !== undefined;
    if (known && open) found.at(-1).push(point);
    else if (known) found.push([point]);
    open = known;
  }
  return found;
}

const largest = (key) => history.reduce((most, point) => Math.max(most, point[key] ?? 0), 0);

export function paint() {
  plot(byId("envelope"), [
    { key: "envelope", name: "soft", faint: true, width: 1 },
    { key: "tone", name: "tone", fill: true },
    { key: "measured", name: "ink", step: true, width: 1.5 },
    { key: "threshold", name: "threshold", dash: [7, 5] },
  ], niceTop(Math.max(largest("envelope"), 1.5 * largest("threshold"), 1)));
  plot(byId("intensity"), [
    { key: "permitted", name: "permitted", step: true },
    { key: "confirmed", name: "confirmed", fill: true, step: true, width: 1.5 },
  ], niceTop(Math.max(largest("permitted"), largest("confirmed"), leastTop)));
  requestAnimationFrame(paint);
}
