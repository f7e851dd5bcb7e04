// Pressure release for eye and hand: what is asked for now, and words said with a key.

const WORDS = { e: "enough", l: "ease" };

export function askedFor(release) {
  const where = release.site ? ` (${release.site}, ${release.cycle} of ${release.n_cycles})` : "";
  const left = Math.ceil(release.in_band_s === null ? release.left_s : release.effort_s - release.in_band_s);
  return `${release.text}${where}: ${left}\u00a0s`;
}

// The same words as buttons, for hands that have a telephone and no keys.
export function showWords(session, say) {
  const box = document.getElementById("words");
  box.hidden = !session?.release || session.phase !== "treating";
  if (box.children.length) return;
  const felt = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((nrs) => [String(nrs), `discomfort:${nrs}`]);
  box.replaceChildren(...[...felt, ["Enough", WORDS.e], ["Let go", WORDS.l]].map(([text, word]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.title = word.replace(":", " ");
    button.addEventListener("click", () => say(word));
    return button;
  }));
}

// Keys 0 to 9 say how it feels, E is enough, L lets go.
export function wordOf(key, session) {
  if (!session?.release) return null;
  return /^[0-9]$/.test(key) ? `discomfort:${key}` : WORDS[key] ?? null;
}
