// Converts and compares values as JavaScript does: one JSON case a line in, one JSON answer a line out.
const text = (value) => (value == null ? "" : String(value));
const answers = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  if (!line) continue;
  const { a, b } = JSON.parse(line);
  answers.push(
    JSON.stringify({
      text: text(a),
      number: String(Number(a)),
      truthy: Boolean(a),
      json: JSON.stringify(a),
      equal: a == b,
      strict: a === b,
      less: a < b,
      lessOrEqual: a <= b,
      fixed: typeof a === "number" ? [0, 1, 2, 5].map((digits) => a.toFixed(digits)) : null,
      exponential: typeof a === "number" ? [0, 2, 6].map((digits) => a.toExponential(digits)) : null,
      precision: typeof a === "number" ? [1, 3, 10].map((digits) => a.toPrecision(digits)) : null,
    }),
  );
}
process.stdout.write(answers.join("\n"));
