// What goes out, in its own unit: per actuator, muscle, zone or site, and in a line.

// How an actuator is called, and what its being on does to the EMG.
const KINDS = {
  ems: { noun: "stimulation", spoils: "artifact and evoked response, not tension", leastTop: 5 },
  vibration: { noun: "vibration", spoils: "artifact and reflex, not tension", leastTop: 0.2 },
  massage: { noun: "massage", spoils: "under contact, does not decide", leastTop: 5 },
  mat: { noun: "mat", spoils: "", leastTop: 2 },
  pressure: { noun: "pressure", spoils: "", leastTop: 5 },
};
const NOTHING = { noun: "", spoils: "", leastTop: 5 };
const byId = (id) => document.getElementById(id);
let listed = "";

export const number = (value, digits = 1) => (value === null || value === undefined ? "–" : value.toFixed(digits));

export const digitsOf = (unit) => (unit === "mm" ? 2 : 1);

function kindOf(session) {
  if (!session) return KINDS.ems;
  return KINDS[session.actuators?.[0]?.modality] ?? NOTHING;
}

// What all actuators together do, for the plots.
export function given(state) {
  const kind = kindOf(state.session);
  const confirmed = state.output ? Math.max(0, ...state.output.amplitudes) : null;
  return { confirmed, disturbs: Boolean(kind.spoils), leastTop: kind.leastTop };
}

export function showGiven(state, setText) {
  const session = state.session;
  const kind = kindOf(session);
  const unit = session?.unit ?? "";
  const { confirmed } = given(state);
  const treated = session?.treatment_s !== null && session?.treatment_s !== undefined;
  setText("tension-name", !treated ? "Tension" : kind.spoils ? `Tone, ${kind.noun} off` : "Tone");
  setText("program", session?.program ?? "");
  setText("permitted", number(session?.permitted ?? 0, digitsOf(unit)));
  setText("confirmed", number(confirmed, digitsOf(unit)));
  for (const id of ["permitted-unit", "confirmed-unit", "intensity-unit"]) byId(id).textContent = unit;
  // What is at the device is shown whatever a program says, unless it is nothing.
  const idle = Boolean(session) && !session.actuates && !(confirmed > 0);
  for (const id of ["permitted-box", "confirmed-box", "intensity-box"]) byId(id).hidden = idle;
  setText("legend-off", kind.spoils ? `${kind.noun} off` : "envelope");
  byId("legend-on").hidden = !kind.spoils;
  setText("legend-on", `${kind.noun} on: ${kind.spoils}`);
  const line = lineOf(session);
  setText("doing", line);
  byId("doing").hidden = !line;
  showActuators(state);
}

function showActuators(state) {
  const cards = (state.session?.actuators ?? []).map((one, k) => cardOf(one, state, state.session.targeted?.[k]));
  const key = JSON.stringify(cards);
  if (listed === key) return;
  listed = key;
  byId("actuators").hidden = !cards.length;
  byId("actuators").replaceChildren(...cards.map(({ label, value, words, on, bad }) => {
    const card = document.createElement("li");
    for (const [tag, text] of [["span", label], ["b", value], ["span", words]]) {
      const part = document.createElement(tag);
      part.textContent = text;
      card.append(part, " ");
    }
    card.classList.toggle("on", on);
    card.classList.toggle("bad", bad);
    return card;
  }));
}

// The value is what the device says it gives; where it says nothing, a dash.
function cardOf(one, state, muscle) {
  const amplitude = state.output?.amplitudes[one.channel];
  const value = `${number(amplitude, digitsOf(one.unit))} ${one.unit}`;
  const card = { label: one.label, value, words: one.doing, on: amplitude > 0, bad: false };
  return muscle ? { ...card, ...muscleOf(muscle) } : card;
}

function muscleOf(one) {
  const doing = one.ended || (one.picked ? "picked" : one.relaxed ? "relaxed" : "waits");
  const tone = `tone ${number(one.tone_pct_mvc)} of ${number(one.threshold_pct_mvc)} %MVC`;
  const spread = one.coactivations ? `, co-activated ${one.coactivations} times` : "";
  const share = `${number(100 * one.charge_share, 0)} % of the charge`;
  const words = `${doing}, ${tone}, level ${number(one.level_ma)} mA${spread}, ${share}`;
  return { label: one.label, words, bad: Boolean(one.ended || one.strikes) };
}

function lineOf(session) {
  if (!session || session.treatment_s === null) return "";
  const { massage, mat, release, needling, feedback } = session;
  if (massage) return massageLine(massage);
  if (mat) return matLine(mat, session.actuators.length);
  if (release) return releaseLine(release, session.phase);
  if (needling) return needlingLine(needling);
  if (feedback) return feedbackLine(feedback);
  return "";
}

function massageLine(massage) {
  const rate = massage.rate_hz ? `${number(massage.rate_hz)} Hz${massage.is_fast ? " (fast)" : ""}, ` : "";
  const contact = `${number(massage.contact_s, 0)} of ${number(massage.contact_limit_s, 0)} s of contact`;
  return `${massage.pattern}, ${massage.depth}, ${rate}${contact}`;
}

function matLine(mat, zones) {
  const ended = mat.n_ended ? `, ${mat.n_ended} ended` : "";
  const rise = mat.in_discomfort ? "; some discomfort and a rise of the tone are expected now" : "";
  return `${mat.n_pressing} of ${zones} zones press${ended}${rise}`;
}

function releaseLine(release, phase) {
  const felt = release.discomfort_nrs === null ? "not told" : `${number(release.discomfort_nrs, 0)} of 10`;
  const pressed = release.pressed_kpa === null ? "" : `pressed ${number(release.pressed_kpa, 0)} kPa, `;
  const keys = phase === "treating" ? "; keys: 0–9 discomfort, E enough, L let go" : "";
  return `cycle ${release.cycle} of ${release.n_cycles}, ${pressed}discomfort ${felt}${keys}`;
}

function needlingLine(needling) {
  const answered = `${needling.n_answered} of ${needling.n_insertions} insertions answered by a twitch`;
  const other = needling.n_other ? `, ${needling.n_other} other bursts` : "";
  return `${answered}${other}${needling.finding ? `; ${needling.finding.replaceAll("_", " ")}` : ""}`;
}

function feedbackLine(feedback) {
  const share = feedback.success_share === null ? "" : `, goal met in ${number(100 * feedback.success_share, 0)} %`;
  const kind = feedback.shown ? "with feedback" : "without feedback";
  return `trial ${feedback.trial} ${kind}, ${number(feedback.trial_s, 0)} s${share}`;
}
