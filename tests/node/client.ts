// Asks the API by the types that openapi-typescript made of its description; tsc checks it first.
import createClient from "openapi-fetch";
import type { paths } from "./api";

const [baseUrl, token, user] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const client = createClient<paths>({ baseUrl, headers });
const route = "/users/{user_id}/recommendations";

async function main() {
  const known = await client.GET(route, { params: { path: { user_id: user }, query: { limit: 2 } } });
  const unknown = await client.GET(route, { params: { path: { user_id: "nobody" } } });
  const batch = await client.POST("/batch", { body: { users: [user, "nobody"], limit: 1 } });
  const taste = { user_id: user, marks: { "2": "none" as const }, limit: 2 };
  const same = await client.POST("/recommendations", { body: taste });
  const path = { item_id: "2" };
  const similar = await client.GET("/items/{item_id}/similar", { params: { path, query: { limit: 1 } } });
  console.log(
    JSON.stringify({
      items: known.data?.items.map((item) => [item.id, item.name, item.url]),
      problem: unknown.error?.status,
      batch: batch.response.status,
      merged: same.data?.items.map((item) => item.id),
      similar: (similar.data?.items[0].listeners ?? 0) > 0,
    }),
  );
}

main();
