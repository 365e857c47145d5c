// @better-auth/api-key behind node:http, with what makes it fastest: no rate limit on keys, updates
// deferred where that helps. Its keys are, by mode,
//   file       in a SQLite file (WAL), which better-auth reaches through Kysely, as in its guides
//   database   in better-auth's memory adapter: objects, gone when the process ends
//   secondary  in a secondary storage that is a Map in memory
// Usage: node server.mjs file|database|secondary PORT [FILE]. Prints a key once it serves.
import { createServer } from "node:http";
import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { getMigrations } from "better-auth/db/migration";
import { SqliteDialect } from "kysely";
import Database from "libsql";

const [mode, port, path] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const secondary = mode === "secondary";
const kept = new Map();

function opened() {
  const file = new Database(path);
  // As the gateway has it: whoever reads waits for nobody, and what is noted may wait for the disk.
  file.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
  return { dialect: new SqliteDialect({ database: file }), type: "sqlite" };
}

const options = {
  secret: "a secret for measuring, and for nothing else",
  baseURL: `http://127.0.0.1:${port}`,
  database:
    mode === "file"
      ? opened()
      : memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
  ...(secondary && {
    secondaryStorage: {
      get: (key) => kept.get(key) ?? null,
      set: (key, value) => void kept.set(key, value),
      delete: (key) => void kept.delete(key),
    },
  }),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  advanced: { backgroundTasks: { handler: (task) => void task.catch(() => {}) } },
  plugins: [
    apiKey({
      rateLimit: { enabled: false },
      // Measured: deferring helps the secondary storage, and hinders the database in memory.
      deferUpdates: secondary,
      ...(secondary && { storage: "secondary-storage" }),
    }),
  ],
};
if (mode === "file") await (await getMigrations(options)).runMigrations();
const auth = betterAuth(options);

const body = { email: "a@example.com", password: "for measuring alone", name: "A" };
const { user } = await auth.api.signUpEmail({ body });
const { key } = await auth.api.createApiKey({ body: { userId: user.id, name: "bench" } });

createServer(async (request, response) => {
  const presented = request.headers["x-api-key"] ?? "";
  const { valid } = await auth.api.verifyApiKey({ body: { key: presented } });
  response.writeHead(valid ? 204 : 401).end();
}).listen(port, "127.0.0.1", () => console.log(key));
