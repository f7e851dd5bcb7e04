// Pressure release for eye and hand: what is asked for now, and words said with a key.

const WORDS = { e: "enough", l: "ease" };

export function askedFor(release) {
  const where = release.site ? ` (${release.site}, ${release.cycle} of ${release.n_cycles})` : "";
  const left = Math.ceil(release.in_band_s === null ? release.left_s : release.effort_s - release.in_band_s);
  return `${release.text}${where}: ${left} s`;
}

// Keys 0 to 9 say how it feels, E is enough, L lets go.
export function wordOf(key, session) {
  if (!session?.release) return null;
  return /^[0-9]$/.test(key) ? `discomfort:${key}` : WORDS[key] ?? null;
}
