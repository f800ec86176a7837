// Writes and reads dates with moment-timezone: one JSON case a line in, one JSON answer a line out.
const moment = require("moment-timezone");
moment.suppressDeprecationWarnings = true;
moment.now = () => Date.UTC(2024, 1, 29, 12);

const answer = ({ kind, value, format, zone }) => {
  if (kind === "write") return moment.tz(value, zone).format(format);
  if (kind === "changes") {
    const { untils } = moment.tz.zone(zone);
    return untils.filter((until) => until !== null && isFinite(until));
  }
  const read = format === null ? moment.tz(value, zone) : moment.tz(value, format, zone);
  return read.isValid() ? read.valueOf() : null;
};

const answers = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  if (line) answers.push(JSON.stringify({ answer: answer(JSON.parse(line)) }));
}
process.stdout.write(answers.join("\n"));
