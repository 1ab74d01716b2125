// A provider of OpenID Connect that is not ours: `node serve.mjs PORT REDIRECT`.
// Whoever signs in as NAME is NAME@example.com; those of the group `desk` are `dana` and `lena`.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.PROVIDER_MODULES}/`);
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

const [port, redirect] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: "desk", client_secret: "a secret/of:the client", redirect_uris: [redirect] }],
  claims: { openid: ["sub"], email: ["email", "email_verified"], groups: ["groups"] },
  cookies: { keys: ["for a test"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@example.com`,
      email_verified: true,
      groups: ["dana", "lena"].includes(id) ? ["desk"] : ["guests"],
    }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log(`READY ${issuer}`));
// It ends with whoever started it.
process.stdin.resume().on("end", () => process.exit(0));
