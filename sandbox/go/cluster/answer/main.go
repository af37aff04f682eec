// Answer is what pods of the tests run: it says its pod's name over HTTP, or asks what another one says.
//
// Without arguments it answers on port 8080: at /headers with what it was sent, at /length with how many bytes that
// was, at /stream with a first line and nothing more, at /slow only when the client has left. A client that upgrades
// the connection gets back what it sends. With an address it prints what is answered there, and ends with 1 where
// nothing is. `write FILE TEXT` makes a file, `show FILE` tells what is in it and whose it is.
package main

import (
	"encoding/json"
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
		http.HandleFunc("/", name)
		http.HandleFunc("/headers", headers)
		http.HandleFunc("/length", length)
		http.HandleFunc("/stream", stream)
		http.HandleFunc("/slow", func(_ http.ResponseWriter, asked *http.Request) { <-asked.Context().Done() })
		log.Fatal(http.ListenAndServe(":8080", nil))
	}
	if err := do(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func do(words []string) error {
	switch {
	case words[0] == "write" && len(words) == 3:
		return write(words[1], words[2])
	case words[0] == "show" && len(words) == 2:
		return show(words[1])
	}
	return ask(words[0])
}

func ask(url string) error {
	answer, err := (&http.Client{Timeout: patience}).Get(url)
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

func headers(answer http.ResponseWriter, asked *http.Request) {
	asked.Header.Set("Host", asked.Host)
	if err := json.NewEncoder(answer).Encode(asked.Header); err != nil {
		log.Print(err)
	}
}

func length(answer http.ResponseWriter, asked *http.Request) {
	count, err := io.Copy(io.Discard, asked.Body)
	if err != nil {
		log.Print(err)
	}
	fmt.Fprint(answer, count)
}

// stream goes on until the client has left, as the page does that shows how a server starts.
func stream(answer http.ResponseWriter, asked *http.Request) {
	answer.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintln(answer, "data: first")
	if err := http.NewResponseController(answer).Flush(); err != nil {
		log.Print(err)
	}
	<-asked.Context().Done()
}

// echo switches to whatever protocol the client asked for, and sends back what comes.
func echo(answer http.ResponseWriter, asked *http.Request) {
	connection, buffer, err := http.NewResponseController(answer).Hijack()
	if err != nil {
		log.Print(err)
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n",
		asked.Header.Get("Upgrade"))
	_, _ = io.Copy(connection, buffer)
}

func name(answer http.ResponseWriter, asked *http.Request) {
	if asked.Header.Get("Upgrade") != "" {
		echo(answer, asked)
		return
	}
	host, err := os.Hostname()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(answer, host)
}
