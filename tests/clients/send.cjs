// Sends through posthog-node what test_node_sdk.py expects: argv is the server's address, the project's token, a prefix.
const { PostHog } = require("posthog-node");

async function main() {
  const [host, token, prefix] = process.argv.slice(2);
  const problems = [];
  const client = new PostHog(token, { host, flushAt: 3, flushInterval: 50, personalApiKey: undefined });
  client.on("error", (error) => problems.push(String(error)));

  client.capture({ distinctId: `${prefix}-anon`, event: `${prefix} seen`, properties: { page: "/", é: "ü 😀" } });
  client.capture({
    distinctId: `${prefix}-other`,
    event: `${prefix} seen`,
    properties: { price: 9.5, $set: { plan: "pro" } },
    groups: { company: "acme" },
    timestamp: new Date(Date.now() - 3600 * 1000),
  });
  client.identify({ distinctId: `${prefix}-user`, properties: { $set: { email: "a@b.c" }, $anon_distinct_id: `${prefix}-anon` } });
  client.alias({ distinctId: `${prefix}-user`, alias: `${prefix}-alias` });
  client.groupIdentify({ groupType: "company", groupKey: "acme", properties: { name: "Acme" } });
  client.capture({ distinctId: `${prefix}-user`, event: `${prefix} seen`, properties: { $process_person_profile: true } });
  const flags = await client.getAllFlags(`${prefix}-user`);
  await client.shutdown(15000);

  if (problems.length || Object.keys(flags).length) {
    console.error({ problems, flags });
    process.exit(1);
  }
}

main();
