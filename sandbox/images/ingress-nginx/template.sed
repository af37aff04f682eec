# Debian has these as modules that are loaded.
1i load_module /usr/lib/nginx/modules/ndk_http_module.so;
1i load_module /usr/lib/nginx/modules/ngx_http_set_misc_module.so;
1i load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
1i load_module /usr/lib/nginx/modules/ngx_http_headers_more_filter_module.so;
1i load_module /usr/lib/nginx/modules/ngx_stream_module.so;
# Debian has no Lua for streams. The controller sends the TCP and UDP services that it knows, at first none, to this
# port, where nobody wants them; with one of
# them nginx refuses the configuration.
/^stream \{/,/^\}/{
  /^stream/i stream { server { listen 127.0.0.1:{{ .StreamPort }}; proxy_pass 127.0.0.1:{{ .StatusPort }}; } }
  /^stream/i {{ if or .TCPBackends .UDPBackends }}the sandbox serves no TCP and UDP services;{{ end }}
  d
}
# `http2` is a word of `listen` before nginx 1.25.1.
s/^ *http2 on;//
s/\{\{ (buildHTTPSListener +\$all \$server\.Hostname) \}\}/{{ range $place, $text := split (\1) " ssl" }}{{ if $place }} ssl http2{{ end }}{{ $text }}{{ end }}/
