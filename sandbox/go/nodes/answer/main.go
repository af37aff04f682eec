// Answer is what pods of the tests run: it says its pod's name over HTTP, or asks what another one says.
//
// Without arguments it answers on port 8080. With an address it prints what is answered there, and ends with 1
// where nothing is.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

const patience = 3 * time.Second

func main() {
	log.SetFlags(0)
	if len(os.Args) == 1 {
		log.Fatal(http.ListenAndServe(":8080", http.HandlerFunc(name)))
	}
	answer, err := (&http.Client{Timeout: patience}).Get(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(os.Stdout, answer.Body); err != nil {
		log.Fatal(err)
	}
}

func name(answer http.ResponseWriter, _ *http.Request) {
	host, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(answer, host)
}
