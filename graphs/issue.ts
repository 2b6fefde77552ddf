/** What is wrong with a configuration, in the words of the person who wrote it. */
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** How many facts are told at once, how long one may be, and how much of a wrong value is shown. */
const MOST = { facts: 5, fact: 200, value: 60 };

/** One line for all that is wrong: where, what it must be, what it is. */
export function lineOf(issues: readonly Issue[]): string {
  // Of two facts about one setting, the later check is the narrower one.
  const facts = [...new Map(issues.map((issue) => placed(issue)))];
  const told = facts.slice(0, MOST.facts).map(([path, fact]) => cut(`${path} ${fact}`.trim(), MOST.fact));
  return told.join("; ") + (facts.length > told.length ? `; and ${facts.length - told.length} more` : "");
}

function placed(issue: Issue): [path: string, fact: string] {
  const meant = meantBy(issue);
  const path = meant.path.map((key) => (/^[\w-]+$/.test(String(key)) ? key : show(key))).join(".");
  if (meant.code === "unrecognized_keys") return [path, `has no setting ${meant.keys.map(show).join(", ")}`];
  // What a family checks of its settings together has all of them for its value.
  if (meant.code === "custom") return [path, requirement(meant)];
  const [wanted, input] = [requirement(meant), valueIn(meant)];
  return [path, input === undefined ? `is missing: it ${wanted}` : `${wanted}, is ${show(input)}`];
}

/** Of a union, the problem inside of the alternative that the value has the type of, where there is just one. */
function meantBy(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.discriminator !== undefined) return issue;
  const inner = issue.errors.filter(([first]) => first !== undefined && !isOfType(first));
  const [alternative] = inner;
  if (inner.length !== 1 || alternative === undefined) return issue;
  const [first] = alternative;
  return meantBy({ ...first!, path: [...issue.path, ...first!.path] } as Issue);
}

function isOfType({ code, path }: Issue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value");
}

/** What stands where the issue points at; a missing discriminator's issue carries the object around it. */
function valueIn(issue: Issue): unknown {
  if (issue.code !== "invalid_union" || issue.discriminator === undefined) return issue.input;
  return (issue.input as Readonly<Record<string, unknown>>)[issue.discriminator];
}

function requirement(issue: Issue): string {
  switch (issue.code) {
    case "too_small":
      if (issue.origin === "string") return "must not be empty";
      if (issue.origin === "array") return `must have at least ${entries(issue.minimum)}`;
      return `must be ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "array") return `must have at most ${entries(issue.maximum)}`;
      return `must be ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}`;
    case "invalid_value":
      return `must be ${oneOf(issue.values)}`;
    case "invalid_type":
      return `must be ${types[issue.expected] ?? issue.expected}`;
    case "invalid_union": {
      if (issue.discriminator !== undefined)
        return `must be ${oneOf("options" in issue ? (issue.options ?? []) : [])}`;
      const each = issue.errors.map(([first]) => requirement(first!).replace(/^must be /, ""));
      return `must be ${[...new Set(each)].join(" or ")}`;
    }
    default:
      return `is wrong (${issue.message})`;
  }
}

const types: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a text",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
};

function entries(count: number | bigint): string {
  return `${count} ${Number(count) === 1 ? "entry" : "entries"}`;
}

function oneOf(values: readonly unknown[]): string {
  return `${values.length === 1 ? "" : "one of "}${values.join(", ")}`;
}

function show(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return cut(text, MOST.value);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
