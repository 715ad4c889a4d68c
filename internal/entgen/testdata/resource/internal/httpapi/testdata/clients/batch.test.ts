// The service at API as its clients use it: by types that openapi-typescript has generated
// from the service's own document, and openapi-fetch.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import createClient from "openapi-fetch";
import type { paths } from "./schema.js";

const client = createClient<paths>({ baseUrl: process.env.API! });

test("a batch is created once, changed and deleted", async () => {
  const create = {
    params: { header: { "Idempotency-Key": randomUUID() } },
    body: { items: [{ title: "a", number: 1, shelf: "ts", effort: "PT1H" }, { title: "b", number: 2, shelf: "ts" }] },
  };
  const { data, response } = await client.POST("/v1/documents:batchCreate", create);
  assert.equal(response.status, 201);
  const [a, b] = data!.items;
  assert.equal(a!.effort, "PT1H");
  assert.equal(b!.effort, null);
  assert.deepEqual((await client.POST("/v1/documents:batchCreate", create)).data, data);

  const updated = await client.POST("/v1/documents:batchUpdate", {
    body: { items: [{ id: b!.id, title: "B" }, { id: a!.id, version: a!.version, title: "A", effort: null }] },
  });
  assert.deepEqual(updated.data?.items.map((document) => document.title), ["B", "A"]);

  const stale = await client.POST("/v1/documents:batchDelete", { body: { items: [{ id: b!.id }, { id: a!.id, version: a!.version }] } });
  assert.equal(stale.response.status, 412);
  assert.equal(stale.error?.errors?.[0]?.pointer, "#/items/1/version");
  const deleted = await client.POST("/v1/documents:batchDelete", { body: { items: [{ id: b!.id }, { id: a!.id }] } });
  assert.equal(deleted.response.status, 204);
  const left = await client.GET("/v1/documents", { params: { query: { shelf: "ts" } } });
  assert.deepEqual(left.data?.items, []);
});

test("a batch with a bad item changes nothing", async () => {
  const { error, response } = await client.POST("/v1/documents:batchCreate", {
    body: { items: [{ title: "a", number: 1, shelf: "bad" }, { title: "", number: 0, shelf: "bad" }] },
  });
  assert.equal(response.status, 422);
  assert.deepEqual(error?.errors?.map((e) => e.pointer).sort(), ["#/items/1/number", "#/items/1/title"]);
  const left = await client.GET("/v1/documents", { params: { query: { shelf: "bad" } } });
  assert.deepEqual(left.data?.items, []);
});
