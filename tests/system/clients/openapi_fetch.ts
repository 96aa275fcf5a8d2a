// What a program does with types that openapi-typescript generated, and openapi-fetch.
import createClient from "openapi-fetch";
import type { paths } from "./dateline_client";

const [baseUrl, key] = process.argv.slice(2);
function check(condition: unknown, seen: unknown): asserts condition {
  if (!condition) throw new Error(JSON.stringify(seen));
}
const api = createClient<paths>({
  baseUrl,
  headers: { authorization: `Bearer ${key}` },
  querySerializer: { array: { style: "form", explode: false } },
});

const titles: (string | undefined)[] = [];
let cursor: string | undefined;
do {
  const query = { tag: ["bees"], limit: 1, ...(cursor ? { cursor } : {}) };
  const { data } = await api.GET("/v1/headlines", { params: { query } });
  titles.push(...(data?.data.map((headline) => headline.title) ?? []));
  cursor = data?.page.next ?? undefined;
} while (cursor);
check(titles.join() === "Hives,Frost", titles);

const whole = await api.GET("/v1/articles/{ref}", { params: { path: { ref: "hives" } } });
check(whole.data?.body_text === "All eleven.", whole);

const found = await api.GET("/v1/search", {
  params: { query: { q: "title:hives", facets: ["tag", "category"] } },
});
check(found.data?.facets.tag?.[0]?.value === "bees" && found.data.data[0]?.title === "Hives", found);

const part = await api.GET("/v1/headlines", {
  params: { query: { tag: ["bees", "other"], fields: ["title", "source.name"] } },
});
check(part.data?.data[0]?.title === "Hives" && part.data.data[0].slug === undefined, part);

const wrong = await api.POST("/v1/manage/articles", {
  body: { title: "Wrong", language: "en", status: "published" },
});
let batch = (await api.GET("/v1/changes")).data;
while (batch?.more) {
  batch = (await api.GET("/v1/changes", { params: { query: { cursor: batch.cursor } } })).data;
}
await api.POST("/v1/manage/articles/{ref}/kill", {
  params: { path: { ref: wrong.data?.id ?? "" }, header: { "If-Match": "*" } },
  body: { notice: "It was never said." },
});
const query = { cursor: batch?.cursor ?? "" };
const since = await api.GET("/v1/changes", { params: { query } });
const killed = since.data?.data[0];
check(killed?.type === "article" && killed.reason === "killed", since);
check(killed.notice === "It was never said." && killed.document === null, killed);

const secret = await api.GET("/v1/articles/{ref}", { params: { path: { ref: "secret" } } });
check(secret.data?.embargoed === true && secret.data.embargo_until, secret);

const absent = await api.GET("/v1/articles/{ref}", { params: { path: { ref: "nowhere" } } });
check(absent.error?.code === "not_found", absent);

const path = { ref: "draft" };
const read = await api.GET("/v1/manage/articles/{ref}", { params: { path } });
const header = { "If-Match": read.response.headers.get("etag") ?? "" };
const body = { summary: "Changed by openapi-fetch.", urgency: null };
const init = {
  params: { path, header },
  body,
  headers: { "content-type": "application/merge-patch+json" },
};
const written = await api.PATCH("/v1/manage/articles/{ref}", init);
check(written.data?.summary === "Changed by openapi-fetch.", written);
const late = await api.PATCH("/v1/manage/articles/{ref}", init);
check(late.error?.code === "version_mismatch", late);
