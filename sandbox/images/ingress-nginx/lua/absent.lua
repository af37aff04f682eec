-- Stands for a library that Debian does not have: whoever uses it gets an error that names it. What the controller's
-- Lua reads while it is loaded is in `read`.
return function(name, read)
  return setmetatable(read or {}, {
    __index = function()
      error(name .. " is not in the sandbox's ingress controller")
    end,
  })
end
