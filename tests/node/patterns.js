// Searches with JavaScript's own regular expressions: one JSON case a line in, one JSON answer a line out.
const answer = ({ pattern, flags, text, replacement }) => {
  const every = new RegExp(pattern, flags.includes("g") ? flags : flags + "g");
  const matches = Array.from(text.matchAll(every), (match) => [match.index, match[0]]);
  return { matches, replaced: text.replace(new RegExp(pattern, flags), replacement) };
};

const answers = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  if (!line) continue;
  try {
    answers.push(JSON.stringify(answer(JSON.parse(line))));
  } catch (error) {
    answers.push(JSON.stringify({ error: String(error.message) }));
  }
}
process.stdout.write(answers.join("\n"));
