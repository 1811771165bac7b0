-- What the model is asked for, and when its answer is usable. Change this for a task of your own.

local topics = { "delivery", "payment", "repair", "return", "other" }

local task = [[
You sort the letters of a bicycle shop's customers. Answer with one JSON object and nothing else. Its fields:
"topic": one of TOPICS; "urgency": a whole number from 1 (can wait) to 5 (now); "summary": at most 60 characters.]]

-- All that is wrong with an answer, as sentences for the model; none if it is usable.
local function complaints(answer)
  if type(answer) ~= "table" then
    return { "It must be one JSON object." }
  end
  local wrong = {}
  if not table.find(topics, answer.topic) then
    table.insert(wrong, "`topic` must be one of " .. table.concat(topics, ", ") .. ".")
  end
  local urgency = answer.urgency
  if type(urgency) ~= "number" or urgency % 1 ~= 0 or urgency < 1 or urgency > 5 then
    table.insert(wrong, "`urgency` must be a whole number from 1 to 5.")
  end
  if type(answer.summary) ~= "string" or answer.summary == "" or str.len(answer.summary) > 60 then
    table.insert(wrong, "`summary` must be a text of 1 to 60 characters.")
  end
  return wrong
end

return {
  task = str.squeeze((task:gsub("TOPICS", table.concat(topics, ", ")))),

  -- The answer in a text, or nil and what is wrong with it.
  read = function(text)
    local is_json, answer = pcall(json.decode, text)
    if not is_json then
      return nil, "It must be JSON alone, without text or ``` around it."
    end
    local wrong = complaints(answer)
    if #wrong > 0 then
      return nil, table.concat(wrong, " ")
    end
    return answer
  end,
}
