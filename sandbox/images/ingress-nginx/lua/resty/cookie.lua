return require("absent")("resty.cookie")
