// Arming: who answers, where the electrodes are, what was confirmed, a held button.
// And presence: the page that armed or resumed a session says that somebody is there.

const PRESS_MS = 300;
const PRESENT_MS = 500;
const byId = (id) => document.getElementById(id);
let operating = "";
let holding = null;

export async function loadChecklist(program) {
  if (loadChecklist.of === program) return;
  loadChecklist.of = program;
  const query = program ? `?program=${encodeURIComponent(program)}` : "";
  const body = await (await fetch(`/api/v1/checklist${query}`)).json();
  if (loadChecklist.of !== program) return;
  byId("checklist").replaceChildren(byId("checklist").querySelector("legend"), ...Object.keys(body.items).map((key) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.dataset.item = key;
    label.append(box, ` ${body.items[key]}`);
    return label;
  }));
}

export function showCeremony(session) {
  const wanted = Boolean(session?.ceremony) && session.phase === "ready";
  byId("ceremony").hidden = !wanted;
  if (wanted) loadChecklist(session.program);
  if (wanted) byId("site-text").textContent = `electrodes at ${session.site || "no site in the rig file"}`;
  const arms = wanted && session.actuates;
  for (const id of ["held", "hold-text"]) byId(id).hidden = !arms;
  byId("site-ok").parentElement.hidden = !arms;
  if (session?.session_id !== operating) operating = "";
}

export function operate(sessionId) {
  operating = sessionId;
}

// A tab that is hidden, closed or without network is an operator who is gone.
export function keepPresent(socket) {
  const timer = setInterval(() => {
    if (socket.readyState === WebSocket.CLOSED) clearInterval(timer);
    else if (operating && socket.readyState === WebSocket.OPEN && document.visibilityState === "visible") {
      socket.send('{"type": "present"}');
    }
  }, PRESENT_MS);
}

export function release() {
  clearInterval(holding);
  holding = null;
  byId("held").value = 0;
}

// Repeats itself while the button is held; what was earned arms when it is full.
export function hold(session, post, answer) {
  if (holding) return;
  const id = session.session_id;
  const beat = async () => {
    const [ok, body] = await post(`/sessions/${id}/arm/press`);
    if (!holding) return;
    if (!ok) {
      release();
      answer(body.detail, true);
      return;
    }
    byId("held").max = body.needed_s;
    byId("held").value = body.held_s;
    if (body.held_s < body.needed_s) return;
    release();
    arm(session, body.token, post, answer);
  };
  holding = setInterval(beat, PRESS_MS);
  beat();
}

// What is confirmed where nothing is armed: it comes with the start.
export function confirmation() {
  const boxes = [...document.querySelectorAll("[data-item]")];
  return {
    operator: byId("operator").value,
    confirmed: boxes.filter((box) => box.checked).map((box) => box.dataset.item),
  };
}

async function arm(session, token, post, answer) {
  const boxes = [...document.querySelectorAll("[data-item]")];
  const [ok, body] = await post(`/sessions/${session.session_id}/arm`, {
    token,
    operator: byId("operator").value,
    site: byId("site-ok").checked ? session.site : "",
    confirmed: boxes.filter((box) => box.checked).map((box) => box.dataset.item),
  });
  if (ok) {
    operate(session.session_id);
    for (const box of [...boxes, byId("site-ok")]) box.checked = false;
  }
  answer(ok ? "" : body.detail, !ok);
}
