// Takes the pictures of Swagger UI in doc/images, by hand: node screenshots.mjs MODULES CHROMIUM API
//
// MODULES is a node_modules with playwright-core, API the origin of a demo that was just started (`catchment demo --json`
// prints it), TOKEN in the environment its setup_token: a user and a key are made with it.
import { createRequire } from "node:module";

const [modules, executablePath, origin] = process.argv.slice(2);
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const key = await firstKey();
const browser = await chromium.launch({ executablePath, args: quiet });
const page = await browser.newPage({ viewport: { width: 1000, height: 640 } });
await page.goto(`${origin}/api/swagger`);
await page.click("button.authorize");
await page.locator(".auth-container").filter({ hasText: "X-API-Key" }).locator("input").fill(key);
await page.locator(".auth-container").filter({ hasText: "X-API-Key" }).locator("button.authorize").click();
await page.waitForTimeout(3000);
await page.screenshot({ path: "doc/images/swagger-authorize.png" });

await page.locator(".close-modal").click();
await page.setViewportSize({ width: 1000, height: 900 });
await page.locator('[data-tag="people.passengers"]').click();
await page.locator('[data-tag="people.passengers"]').evaluate((element) => element.scrollIntoView());
await page.waitForTimeout(500);
await page.screenshot({ path: "doc/images/swagger-operations.png" });
await browser.close();

async function firstKey() {
  const who = { name: "anna", password: "walrus on a bicycle" };
  await posted("auth/setup", { token: process.env.TOKEN, ...who });
  const { access_token } = await posted("auth/login", who);
  const { data } = await posted("keys", { name: "pictures", scopes: ["read", "write"] }, access_token);
  return data.key;
}

async function posted(path, body, token) {
  const headers = { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${origin}/api/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
