// Renders templates with Handlebars.js: one JSON case a line in, one JSON answer a line out.
const { Visitor, create } = require("handlebars");
const Handlebars = create();

// The helpers that the generated templates call; missing arguments are undefined, not the options.
const value = (name, give) => Handlebars.registerHelper(name, (...args) => give(...args.slice(0, -1)));
const choice = (name, test) =>
  Handlebars.registerHelper(name, function (...args) {
    const options = args.pop();
    const answer = test(...args);
    return options.fn ? (answer ? options.fn(this) : options.inverse(this)) : answer;
  });
Handlebars.registerHelper("raw", (...args) => args[args.length - 1].fn());
value("uppercase", (text) => String(text == null ? "" : text).toUpperCase());
value("arrayify", (item) => (Array.isArray(item) ? item : item == null ? [] : [item]));
choice("eq", (a, b) => a == b);
choice("and", (...items) => items.length > 0 && items.every(Boolean));
choice("not", (a) => !a);
Handlebars.logger.level = "none";

// A value prints as text. With noEscape or {{{ }}} Handlebars.js adds two numbers that stand side by side at the start
// of a body ({{{a}}}{{{b}}} is 3 for 1 and 2), so every value goes through an escape that changes nothing.
Handlebars.Utils.escapeExpression = (item) => (item == null ? "" : String(item));
class AllEscaped extends Visitor {
  MustacheStatement(node) {
    node.escaped = true;
    return super.MustacheStatement(node);
  }
}
const compile = (template) => {
  const tree = Handlebars.parse(template);
  new AllEscaped().accept(tree);
  return Handlebars.compile(tree);
};

const answers = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  if (!line) continue;
  const { template, context } = JSON.parse(line);
  try {
    answers.push(JSON.stringify({ text: compile(template)(context) }));
  } catch (error) {
    answers.push(JSON.stringify({ error: String(error.message).slice(0, 200) }));
  }
}
process.stdout.write(answers.join("\n"));
