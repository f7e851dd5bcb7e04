// What is chosen before a session measures: the subject, and which reference to use.

const byId = (id) => document.getElementById(id);
let shown = "";

export function showSetup(session, phase) {
  byId("subject-field").hidden = !["", "done"].includes(phase);
  const subject = session?.subject ?? "";
  // Nobody's reference is stored, so there is nothing to choose.
  byId("reference-field").hidden = !(subject && ["checking", "ready"].includes(phase));
  byId("reference-of").textContent = subject;
  if (shown !== session?.session_id) byId("reference").value = "";
  shown = session?.session_id;
}

// What goes with a request; nothing where there is nothing to choose.
export function chosen(act) {
  if (act === "open") return { subject: byId("subject").value.trim() };
  if (act === "calibrate" && !byId("reference-field").hidden) return { reference: byId("reference").value };
  return undefined;
}
