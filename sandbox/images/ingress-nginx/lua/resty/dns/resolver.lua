return require("absent")("resty.dns.resolver", { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 })
