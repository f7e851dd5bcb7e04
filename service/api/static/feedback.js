// Feedback for eye and ear: the goal, whether it is met, a sound that falls silent; the
// pace of an effort, and a chime when a release asks for something else.

const GLIDE_S = 0.1;
const LOUD = 0.08;
const CHIME_HZ = 880;
const CHIME_S = 0.25;
const byId = (id) => document.getElementById(id);
let sound = null;
let step = "";
let chimesUntil = 0;

// Browsers let a page sound only after somebody has pressed something.
export function allowSound() {
  if (sound) return;
  const context = new AudioContext();
  const tone = context.createOscillator();
  const gain = context.createGain();
  gain.gain.value = 0;
  tone.connect(gain).connect(context.destination);
  tone.start();
  sound = { context, tone, gain };
}

export function showFeedback(session, isLive) {
  const feedback = isLive ? session?.feedback : null;
  const shown = Boolean(feedback?.shown);
  byId("goal-box").hidden = !feedback;
  if (feedback) byId("goal").textContent = shown ? feedback.goal_pct_mvc.toFixed(1) : "–";
  byId("goal-met").textContent = !shown ? "%MVC, not shown now" : feedback.met ? "%MVC, met" : "%MVC";
  if (!sound) return;
  const now = sound.context.currentTime;
  const release = isLive ? session?.release : null;
  if (release && release.step !== step) chimesUntil = now + CHIME_S; // something else is asked for
  step = release?.step ?? "";
  const asked = shown ? feedback.sound_hz : release?.sound_hz ?? 0;
  const hertz = now < chimesUntil ? CHIME_HZ : asked;
  if (hertz) sound.tone.frequency.setTargetAtTime(hertz, now, GLIDE_S);
  sound.gain.gain.setTargetAtTime(hertz ? LOUD : 0, now, GLIDE_S);
}
