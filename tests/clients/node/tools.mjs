// Calls tools of @posthog/agent-toolkit, given on standard input as [name, arguments] a line, and prints what each says.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'

const require = createRequire(`${process.env.PACKAGES}/`)
const { PostHogAgentToolkit } = require('@posthog/agent-toolkit/integrations/ai-sdk')
const toolkit = new PostHogAgentToolkit({
  posthogPersonalApiKey: process.env.POSTHOG_PERSONAL_API_KEY,
  posthogApiBaseUrl: process.env.POSTHOG_API_BASE_URL,
})
const tools = await toolkit.getTools()

for await (const line of createInterface({ input: process.stdin })) {
  const [name, args] = JSON.parse(line)
  let said
  try {
    const answer = await tools[name].execute(args)
    said = { text: answer.content ? answer.content[0].text : JSON.stringify(answer) }
  } catch (error) {
    said = { error: error.message }
  }
  console.log(JSON.stringify(said))
}
