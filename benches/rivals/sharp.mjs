// sharp: the pictures of a folder to 224 x 224 with quality 85, two at a time, each on one thread of libvips. As is its
// default, JPEGs are decoded at a fraction of their size where that is enough.
//
//   node sharp.mjs FOLDER OUT      with sharp in the node_modules of the folder that NODE_PATH names
import { createRequire } from "node:module";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";

const sharp = createRequire(join(process.env.NODE_PATH ?? ".", "x"))("sharp");
const [folder, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
sharp.concurrency(1);
sharp.cache(false);
const names = readdirSync(folder).filter((name) => name.endsWith(".jpg")).sort();
const worker = async () => {
  for (let name = names.shift(); name; name = names.shift()) {
    const picture = sharp(join(folder, name)).resize(224, 224, { fit: "fill", kernel: "cubic" });
    await picture.jpeg({ quality: 85 }).toFile(join(out, name));
  }
};
await Promise.all([worker(), worker()]);
