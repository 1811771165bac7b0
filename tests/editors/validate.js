// Validates YAML files against a JSON schema with ajv: `node validate.js SCHEMA FILE...`.
// Prints one JSON object: what is wrong with each file, an empty list when nothing is.
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { parse } from "yaml";

// What editors and flowrun read and validators do not; any other unknown keyword is a slip in the schema.
const vocabulary = [
  "defaultSnippets",
  "errorMessage",
  "markdownDescription",
  "patternErrorMessage",
  "x-unit",
  "x-values",
];

const [schema, ...files] = process.argv.slice(2);
const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true });
ajv.addVocabulary(vocabulary);
const validate = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));

function faults(file) {
  try {
    validate(parse(readFileSync(file, "utf8"), { merge: true }));
    return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  } catch (error) {
    return [`not YAML: ${error.message}`];
  }
}

console.log(JSON.stringify(Object.fromEntries(files.map((file) => [file, faults(file)]))));
