-- A steady load instead of as much as possible: each connection rests between two requests.
function delay()
  return 4 -- milliseconds
end
