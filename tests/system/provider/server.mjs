// An OpenID provider with one client, whose people have the name and the role of their login:
// `Amina:editors`. Started by tests/system/test_oidc_provider.py.

import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: "dateline",
    client_secret: "a secret of the desk",
    redirect_uris: [redirectUri],
  }],
  scopes: ["openid", "profile", "groups"],
  claims: {openid: ["sub"], profile: ["name"], groups: ["groups"]},
  cookies: {keys: ["only for tests"]},
  findAccount: (_, login) => ({
    accountId: login,
    claims: () => {
      const [name, group] = login.split(":");
      return {sub: login, name, groups: [group]};
    },
  }),
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
