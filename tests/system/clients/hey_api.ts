// What a program does with a client that hey-api generated.
import {
  listChanges,
  listHeadlines,
  manageCreateArticle,
  manageKillArticle,
  managePatchArticle,
  manageReadArticle,
  readArticle,
  searchStories,
} from "./dateline_client";
import { client } from "./dateline_client/client.gen";

const [baseUrl, key] = process.argv.slice(2);
function check(condition: unknown, seen: unknown): asserts condition {
  if (!condition) throw new Error(JSON.stringify(seen));
}
client.setConfig({ baseUrl: baseUrl ?? "", auth: key ?? "" });

const titles: (string | undefined)[] = [];
let cursor: string | undefined;
do {
  const query = { tag: ["bees"], limit: 1, ...(cursor ? { cursor } : {}) };
  const { data } = await listHeadlines({ query });
  titles.push(...(data?.data.map((headline) => headline.title) ?? []));
  cursor = data?.page.next ?? undefined;
} while (cursor);
check(titles.join() === "Hives,Frost", titles);

const whole = await readArticle({ path: { ref: "hives" } });
check(whole.data?.body_text === "All eleven.", whole);

const found = await searchStories({ query: { q: "title:hives", facets: ["tag", "category"] } });
check(found.data?.facets.tag?.[0]?.value === "bees" && found.data.data[0]?.title === "Hives", found);

const part = await listHeadlines({
  query: { tag: ["bees", "other"], fields: ["title", "source.name"] },
});
check(part.data?.data[0]?.title === "Hives" && part.data.data[0].slug === undefined, part);

const wrong = await manageCreateArticle({
  body: { title: "Wrong", language: "en", status: "published" },
});
let batch = (await listChanges()).data;
while (batch?.more) batch = (await listChanges({ query: { cursor: batch.cursor } })).data;
await manageKillArticle({
  path: { ref: wrong.data?.id ?? "" },
  headers: { "If-Match": "*" },
  body: { notice: "It was never said." },
});
const since = await listChanges({ query: { cursor: batch?.cursor ?? "" } });
const killed = since.data?.data[0];
check(killed?.type === "article" && killed.reason === "killed", since);
check(killed.notice === "It was never said." && killed.document === null, killed);

const secret = await readArticle({ path: { ref: "secret" } });
check(secret.data?.embargoed === true && secret.data.embargo_until, secret);

const absent = await readArticle({ path: { ref: "nowhere" } });
check(absent.error?.code === "not_found", absent);

const path = { ref: "draft" };
const read = await manageReadArticle({ path });
const headers = { "If-Match": read.response?.headers.get("etag") ?? "" };
const body = { summary: "Changed by hey-api.", urgency: null };
const written = await managePatchArticle({ path, headers, body });
check(written.data?.summary === "Changed by hey-api.", written);
const late = await managePatchArticle({ path, headers, body });
check(late.error?.code === "version_mismatch", late);
