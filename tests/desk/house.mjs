// A server of its own, with an administrator, and whoever else is asked for.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PASSWORD = "correct horse battery";
const ROOT = new URL("../../", import.meta.url).pathname;

export async function freePort() {
  return new Promise((tell) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => tell(port));
    });
  });
}

export function sample(name) {
  return JSON.parse(readFileSync(join(ROOT, "examples/bundles", name), "utf8"));
}

export class House {
  static async open() {
    const house = new House();
    house.folder = mkdtempSync(join(tmpdir(), "attache-desk-"));
    house.base = `http://127.0.0.1:${await freePort()}`;
    await house.command("init", house.folder);
    const config = join(house.folder, "attache.toml");
    writeFileSync(config, "[server]\nrequests_per_second = 10000\nundo_seconds = 2\n");
    await house.start();
    await house.welcome(house.link);
    house.admin = await house.token("admin");
    return house;
  }

  command(...args) {
    return new Promise((tell, fail) => {
      const child = spawn(process.env.ATTACHE, args, { stdio: ["ignore", "ignore", "inherit"] });
      child.on("exit", (code) => (code === 0 ? tell() : fail(new Error(`attache ${args[0]} ended with ${code}`))));
    });
  }

  // Ready when it says where it serves; the first start prints the link.
  async start() {
    const args = ["serve", "--listen", new URL(this.base).host, "--model", "offline"];
    args.push("--data", join(this.folder, "data"), "--config", join(this.folder, "attache.toml"));
    this.child = spawn(process.env.ATTACHE, args, { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((tell, fail) => {
      let said = "";
      this.child.on("exit", (code) => fail(new Error(`attache serve ended with ${code}: ${said}`)));
      this.child.stdout.on("data", (data) => {
        said += data;
        this.link = said.match(/(http\S+welcome\S+)/)?.[1] ?? this.link;
        if (said.includes("serving at")) tell();
      });
    });
  }

  async close() {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  async stop() {
    const ended = new Promise((tell) => this.child.once("exit", tell));
    this.child.removeAllListeners("exit");
    this.child.once("exit", () => {});
    this.child.kill("SIGTERM");
    await Promise.race([ended, new Promise((tell) => this.child.once("close", tell))]);
  }

  async welcome(link) {
    const body = new URLSearchParams({ password: PASSWORD });
    const answer = await fetch(link, { method: "POST", body, redirect: "manual" });
    assert.equal(answer.status, 303);
  }

  // A token that may do all that its account may.
  async token(name) {
    const body = new URLSearchParams({ name, password: PASSWORD });
    const signed = await fetch(`${this.base}/sign-in`, { method: "POST", body, redirect: "manual" });
    const cookie = signed.headers.get("set-cookie").split(";")[0];
    const page = await (await fetch(this.base, { headers: { cookie } })).text();
    const csrf = page.match(/name="csrf" value="([^"]+)"/)[1];
    const headers = { cookie, "x-csrf-token": csrf, "content-type": "application/json" };
    const me = await (await fetch(`${this.base}/v1/me`, { headers })).json();
    const asked = JSON.stringify({ label: "test", scopes: me.rights });
    const made = await fetch(`${this.base}/v1/tokens`, { method: "POST", headers, body: asked });
    return (await made.json()).secret;
  }

  async account(name, role) {
    const made = await this.ask("/v1/accounts", { name, roles: [role] });
    await this.welcome(made.link);
  }

  async ask(path, body, token = this.admin) {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const init = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
    const answer = await fetch(this.base + path, init);
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  // A draft for a customer of that id; gives its id.
  async draft(customer, name) {
    const bundle = sample("usage-gap.json");
    bundle.customer.id = customer;
    if (name) bundle.customer.name = name;
    const { run, outcome } = await this.ask("/v1/runs", bundle);
    assert.equal(outcome, "drafted");
    const { items } = await this.ask("/v1/drafts?state=pending&limit=200");
    return items.find((draft) => draft.run === run).draft;
  }

  async state(draft) {
    return (await this.ask(`/v1/drafts/${draft}`)).state;
  }
}
