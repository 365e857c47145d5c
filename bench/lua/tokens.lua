-- Presents one token after the other, each once: wrk … -- FILE FIRST_LINE
local tokens = {}
local at = 0

function init(args)
  local first, number = tonumber(args[2]), 0
  for line in io.lines(args[1]) do
    number = number + 1
    if number >= first then tokens[#tokens + 1] = line end
  end
end

function request()
  at = at + 1
  if at > #tokens then error("no tokens are left") end
  return wrk.format("GET", nil, { ["X-API-Key"] = tokens[at], ["X-Original-Method"] = "GET" })
end
