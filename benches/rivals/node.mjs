// Node or Bun on two worker threads: chunks of whole lines go to the workers by transfer, results are written in input order.
//   node node.mjs records|text|numeric|floats|strings|tables|patterns|json IN OUT [WORKERS]

import fs from "node:fs";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

const CHUNK_BYTES = 256 * 1024;

const work = {
  records(item) {
    const total = item.price * item.qty;
    return { id: item.id, name: item.name, country: item.country, total, large: total > 1000 };
  },
  text(item) {
    const text = item.text.replace(/<[^>]*>/g, "").replace(/\s+/g, " ").toLowerCase();
    return { id: item.id, text };
  },
  numeric(item) {
    let x = item.x;
    for (let i = 1; i <= 100; i++) x = x * 0.99 + i;
    return { id: item.id, x };
  },
  floats(item) {
    let x = item.x;
    for (let i = 1; i <= 200; i++) x = Math.sqrt(x * 1.5 + i);
    return { id: item.id, x };
  },
  strings(item) {
    let line = item.name;
    for (let i = 1; i <= 20; i++) line = line + "," + item.qty * i;
    return { id: item.id, line };
  },
  tables(item) {
    const rows = [];
    for (let i = 1; i <= 50; i++) rows.push({ kind: (item.qty * i) % 7, size: i + item.price });
    const groups = new Map();
    for (const row of rows) {
      let group = groups.get(row.kind);
      if (group === undefined) {
        group = { kind: row.kind, count: 0, size: 0 };
        groups.set(row.kind, group);
      }
      group.count += 1;
      group.size += row.size;
    }
    return { id: item.id, groups: [...groups.values()] };
  },
  patterns(item) {
    const words = item.text.match(/[A-Z][a-z]+/g) ?? [];
    return { id: item.id, words, text: item.text.replace(/<([a-z]+)[^>]*>/g, "[$1]") };
  },
  json(item) {
    return JSON.parse(JSON.stringify(item));
  },
};

if (isMainThread) {
  const [kind, input, output, workers = "2"] = process.argv.slice(2);
  if (!work[kind] || !output) {
    console.error(`usage: node node.mjs ${Object.keys(work).join("|")} IN OUT [WORKERS]`);
    process.exit(2);
  }
  main(kind, fs.openSync(input, "r"), fs.openSync(output, "w"), Number(workers));
} else {
  const map = work[workerData];
  parentPort.on("message", ({ sequence, bytes }) => {
    let out = "";
    for (const line of Buffer.from(bytes).toString("utf8").split("\n")) {
      if (line !== "") out += JSON.stringify(map(JSON.parse(line))) + "\n";
    }
    // A small Buffer lies in a shared pool and cannot be transferred, so the bytes get an ArrayBuffer of their own.
    const result = new TextEncoder().encode(out);
    parentPort.postMessage({ sequence, bytes: result.buffer, length: result.length }, [result.buffer]);
  });
}

function main(kind, source, target, workers) {
  const early = new Map();
  let [sent, written, ended, rest] = [0, 0, false, Buffer.alloc(0)];

  function chunk() {
    const fresh = Buffer.allocUnsafeSlow(rest.length + CHUNK_BYTES);
    rest.copy(fresh);
    const read = fs.readSync(source, fresh, rest.length, CHUNK_BYTES, null);
    const length = rest.length + read;
    const end = read === 0 ? length : fresh.lastIndexOf(10, length - 1) + 1;
    rest = Buffer.from(fresh.subarray(end, length));
    ended = read === 0;
    return fresh.buffer.slice(0, end);
  }

  function feed(worker) {
    if (ended) return;
    const bytes = chunk();
    worker.postMessage({ sequence: sent++, bytes }, [bytes]);
  }

  const pool = Array.from({ length: workers }, () => new Worker(new URL(import.meta.url), { workerData: kind }));
  for (const worker of pool) {
    worker.on("message", ({ sequence, bytes, length }) => {
      feed(worker);
      early.set(sequence, Buffer.from(bytes, 0, length));
      for (; early.has(written); written++) {
        fs.writeSync(target, early.get(written));
        early.delete(written);
      }
      if (ended && written === sent) for (const worker of pool) worker.terminate();
    });
    // Two chunks a worker, so that none waits for the main thread.
    feed(worker);
    feed(worker);
  }
}
