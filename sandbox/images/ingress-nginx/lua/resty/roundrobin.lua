-- The interface of lua-resty-balancer's resty.roundrobin, for nodes of equal weight: the controller has no others.
local random = math.random

local _M = {}
_M.__index = _M

function _M.new(self, nodes)
  local made = setmetatable({}, self)
  made:reinit(nodes)
  return made
end

function _M.reinit(self, nodes)
  local ids = {}
  for id, weight in pairs(nodes) do
    if weight ~= 1 then
      error("nodes of unequal weight are not known here: " .. id)
    end
    ids[#ids + 1] = id
  end
  self.nodes, self.ids = nodes, ids
  -- Workers must not all begin with the same node.
  self.last = #ids > 0 and random(#ids) or 0
end

function _M.find(self)
  if #self.ids == 0 then
    return nil, "no node"
  end
  self.last = self.last % #self.ids + 1
  return self.ids[self.last]
end

return _M
