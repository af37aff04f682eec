// Package main is an ACME server at the paths of Let's Encrypt, for one cluster: pebble's packages with a main of its
// own, since pebble's directory is /dir.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// Seconds; as Let's Encrypt's.
const validFor = 90 * 24 * 60 * 60

func main() {
	listen := flag.String("listen", "127.0.0.1:443", "where clients find it, by HTTPS")
	cert := flag.String("cert", "", "its certificate")
	key := flag.String("key", "", "the certificate's key")
	resolver := flag.String("resolver", "", "host and port of the name server that is asked, over TCP")
	roots := flag.String("roots", "", "file that gets the root of what it issues, after those of earlier runs")
	written := flag.String("accounts", "", "file that keeps the clients' accounts from one run to the next")
	flag.Parse()

	logger := log.New(os.Stdout, "", log.LstdFlags)
	store := db.NewMemoryStore()
	clients, err := restore(store, *written)
	if err != nil {
		logger.Fatal(err)
	}
	profiles := map[string]ca.Profile{"default": {Description: "The only one", ValidityPeriod: validFor}}
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, profiles)
	// Pebble makes a root at each start, and the gateway's certificate may be of an earlier one.
	file, err := os.OpenFile(*roots, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		logger.Fatal(err)
	}
	if _, err = file.Write(authority.GetRootCert(0).PEM()); err != nil {
		logger.Fatal(err)
	}
	if err = file.Close(); err != nil {
		logger.Fatal(err)
	}

	// Neither waits before it looks nor refuses good requests by chance, both of which pebble does to find faults in
	// its clients.
	for _, setting := range []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"} {
		name, value, _ := strings.Cut(setting, "=")
		if err = os.Setenv(name, value); err != nil {
			logger.Fatal(err)
		}
	}
	validation := va.New(logger, 80, 443, false, *resolver, store)
	front := wfe.New(logger, store, validation, authority, []string{"letsencrypt.org"}, false, false, 1, 1)
	acme := front.Handler()
	server := &http.Server{
		Addr:              *listen,
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/directory" {
				r.URL.Path = wfe.DirectoryPath
			}
			acme.ServeHTTP(w, r)
			if err := clients.remember(w.Header()); err != nil {
				logger.Print(err)
			}
		}),
	}
	logger.Fatal(server.ListenAndServeTLS(*cert, *key))
}
