// The service at API as its clients use it: by types that openapi-typescript has generated
// from the service's own document, and openapi-fetch.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Account = components["schemas"]["Account"];

const client = createClient<paths>({
  baseUrl: process.env.API!,
  querySerializer: { array: { style: "form", explode: false } }, // values with commas between them
});

async function open(allowNegative = false): Promise<Account> {
  const { data, response } = await client.POST("/v1/accounts", {
    body: { name: `TypeScript ${randomUUID()}`, currency: "EUR", allow_negative: allowNegative },
  });
  assert.ok(data, `open an account: ${response.status}`);
  assert.equal(response.headers.get("Location"), `/v1/accounts/${data.id}`);
  return data;
}

async function read(id: string): Promise<{ account: Account; etag: string }> {
  const { data, response } = await client.GET("/v1/accounts/{id}", { params: { path: { id } } });
  assert.ok(data, `read an account: ${response.status}`);
  return { account: data, etag: response.headers.get("ETag")! };
}

test("pages have all accounts", async () => {
  const want = [await open(), await open(), await open()].map((account) => account.id);
  const got: string[] = [];
  for (let after: string | undefined; ; ) {
    const { data, response } = await client.GET("/v1/accounts", {
      params: { query: { limit: 2, ...(after && { after }) } },
    });
    assert.ok(data, `list accounts: ${response.status}`);
    got.push(...data.items.map((account) => account.id));
    if (!data.next) break;
    after = data.next;
  }
  assert.deepEqual(got.filter((id) => want.includes(id)), want);
});

test("a filter and an expansion", async () => {
  const [from, to] = [await open(true), await open()];
  const accounts = await client.GET("/v1/accounts", { params: { query: { "name.in": [from.name, to.name], sort: "id" } } });
  assert.deepEqual(accounts.data?.items.map((account) => account.id), [from.id, to.id]);
  const unsorted = await client.GET("/v1/accounts", { params: { query: { sort: "balance" } } });
  assert.equal(unsorted.error?.errors?.[0]?.parameter, "sort");
  await client.POST("/v1/transfers", { body: { from: from.id, to: to.id, amount: 1 } });
  const { data } = await client.GET("/v1/entries", { params: { query: { account_id: to.id, expand: ["account"] } } });
  assert.equal(data?.items[0]?.account?.name, to.name);
});

test("a patch of an old version is refused", async () => {
  const { id } = await open();
  const { account, etag } = await read(id);
  const rename = () =>
    client.PATCH("/v1/accounts/{id}", {
      params: { path: { id }, header: { "If-Match": etag } },
      body: { name: `renamed ${randomUUID()}` },
      headers: { "Content-Type": "application/merge-patch+json" },
    });
  assert.equal((await rename()).data?.version, account.version + 1);
  const { error, response } = await rename();
  assert.equal(response.status, 412);
  assert.equal(error?.type, "urn:problem-type:stale");
});

test("a retried transfer moves money once", async () => {
  const [from, to] = [await open(true), await open()];
  const move = () =>
    client.POST("/v1/transfers", {
      params: { header: { "Idempotency-Key": key } },
      body: { from: from.id, to: to.id, amount: Number.MAX_SAFE_INTEGER },
    });
  const key = randomUUID();
  const [first, second] = [await move(), await move()];
  assert.deepEqual(second.data, first.data);
  assert.equal(first.response.headers.get("Idempotent-Replayed"), null);
  assert.equal(second.response.headers.get("Idempotent-Replayed"), "true");
  assert.equal((await read(to.id)).account.balance, Number.MAX_SAFE_INTEGER);
});

test("refusals are problems", async () => {
  const [from, to] = [await open(), await open()];
  const refused = await client.POST("/v1/transfers", { body: { from: from.id, to: to.id, amount: 1 } });
  assert.equal(refused.response.status, 422);
  assert.equal(refused.error?.type, "urn:problem-type:insufficient-funds");
  const taken = await client.POST("/v1/accounts", { body: { name: from.name, currency: "EUR" } });
  assert.equal(taken.error?.errors?.[0]?.pointer, "#/name");
  const gone = await client.DELETE("/v1/accounts/{id}", { params: { path: { id: from.id } } });
  assert.equal(gone.response.status, 204);
});
