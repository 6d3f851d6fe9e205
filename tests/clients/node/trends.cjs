// Asks one question by @typelytics/posthog: host, key, project and [series, options] are the arguments.
const { createRequire } = require('node:module')
const { PostHog } = createRequire(`${process.env.PACKAGES}/`)('@typelytics/posthog')

const [host, apiKey, projectId, question] = process.argv.slice(2)
const [series, options, where] = JSON.parse(question)
const properties = [{ name: '$browser', type: 'String' }, { name: 'price', type: 'Numeric' }]
const events = Object.fromEntries(['$pageview', 'signed up'].map((name) => [name, { name, properties }]))
let query = new PostHog({ host, apiKey, projectId, events }).query()
for (const [name, one] of series) query = query.addSeries(name, one)
if (where) query = query.addFilterGroup(where)
query.execute(options).then(
  (chart) => console.log(JSON.stringify(chart)),
  (error) => {
    console.error(error.message)
    process.exit(1)
  }
)
