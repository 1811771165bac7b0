-- Asks the model about one letter, and tells it what is wrong with its answer until that is usable.

local label = require("lua.label")

local function complete(messages, turn)
  local answer = http.post(params.api .. "/chat/completions", {
    headers = { Authorization = "Bearer " .. secrets.key },
    json = {
      model = params.model,
      messages = messages,
      temperature = 0,
      max_tokens = 200,
      response_format = { type = "json_object" },
    },
    -- The first request was counted when the attempt began; each further one waits here for its turn.
    limit = if turn > 1 then "requests" else nil,
  })
  -- Fails from status 400 on, and where the body is no JSON; the attempt is then made again, if that may help.
  return answer:check():json()
end

return function(item)
  local messages = {
    { role = "system", content = label.task },
    { role = "user", content = item.text },
  }
  local usage = { input = 0, output = 0 }
  local found, wrong
  for turn = 1, params.turns do
    local answer = complete(messages, turn)
    usage.input += answer.usage.prompt_tokens
    usage.output += answer.usage.completion_tokens
    local text = answer.choices[1].message.content
    found, wrong = label.read(text)
    if found then
      break
    end
    log.info("asked again", { turn = turn, wrong = wrong })
    table.insert(messages, { role = "assistant", content = text })
    table.insert(messages, { role = "user", content = "Your answer cannot be used. " .. wrong .. " Write it again." })
  end
  flow.spent("tokens", usage.input + usage.output)
  if not found then
    flow.fail("no usable answer: " .. wrong, { usage = usage, answer = messages[#messages - 1].content })
  end
  return { id = item.id, topic = found.topic, urgency = found.urgency, summary = found.summary, usage = usage }
end
