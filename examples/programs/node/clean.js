// Squeezes the white space of a document, counts its words, and leaves out documents without any.
// Items that wait (for a service, a file) run side by side here, up to `lanes` of them in each process.
"use strict";
const readline = require("node:readline");

class Skip extends Error {}
class Fail extends Error {}

async function clean(doc) {
  if (typeof doc.text !== "string") throw new Fail("text is null");
  const words = doc.text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) throw new Skip("no text");
  return { ...doc, text: words.join(" "), words: words.length };
}

// Standard output belongs to the answers; what the function logs goes to the log of its items.
console.log = console.error;

function refusal(error) {
  if (error instanceof Skip) return { skip: error.message };
  return { error: { message: error.message, retryable: !(error instanceof Fail), traceback: error.stack } };
}

async function answer(line) {
  const { id, item } = JSON.parse(line);
  let result;
  try {
    result = { value: (await clean(item)) ?? null };
  } catch (error) {
    result = refusal(error);
  }
  process.stdout.write(JSON.stringify({ id, ...result }) + "\n");
}

readline.createInterface({ input: process.stdin }).on("line", answer);
